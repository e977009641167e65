"""Celery's doors: each a few lines, none with rules of its own."""

from celery import shared_task

from sms.worker import step


@shared_task(name="sms.wake")
def wake(queue: str) -> None:
    """Have the pump of a queue look now."""
    step.wake(queue)
