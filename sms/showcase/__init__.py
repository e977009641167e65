"""A week of a small platform's life, made up: to look at the admin, and to take pictures of it.

network.py  links, where their workers stand, routes
customers.py accounts, numbers, clients, blocks
traffic.py  messages and what became of them

Every choice is drawn from one seed, so two showcases differ in their times alone.
"""

import random
from datetime import datetime

from django.db import transaction
from django.utils import timezone

from accounts.models import Account
from sms import statistics
from sms.models import Link, Message
from sms.showcase import customers, network, traffic

MESSAGES = 5_000


class NotEmpty(Exception):
    """The database is somebody's: nothing is made up beside real messages."""


def fill(messages: int = MESSAGES, *, now: datetime | None = None) -> None:
    """Fill an empty database. Raises NotEmpty."""
    if Message.objects.exists() or Link.objects.exists() or Account.objects.count() > 1:
        raise NotEmpty("There are accounts, links or messages already.")
    now = now or timezone.now()
    chance = random.Random(2775)  # noqa: S311  # pictures, not secrets
    with transaction.atomic():
        links = network.make(now)
        shops = customers.make(now, links)
        traffic.make(messages, chance=chance, now=now, links=links, shops=shops)
    for _ in range(1 + messages // statistics.LONGEST):
        statistics.count_messages()
    statistics.roll_up()
