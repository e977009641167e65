"""Celery's doors: each a few lines, none with rules of its own."""

from typing import Any

from celery import shared_task
from celery.worker.control import control_command

from sms.worker import step


@shared_task(name="sms.wake")
def wake(queue: str, hops: int = 0) -> None:
    """Have the pump of a queue look now."""
    step.wake(queue, hops=hops)


@control_command(name="heed", args=[("queue", str)])
def heed(state: Any, queue: str) -> None:
    """Have the pump of a queue follow the orders of its link now."""
    step.heed(queue)
