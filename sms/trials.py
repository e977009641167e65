"""Try whether a carrier lets us in: what an operator asks for, and a worker does.

A web process opens no link. It writes a row with the settings, and a housekeeping worker
(`worker/trials.py`) connects with them, says good-bye, and writes down what it was told.
"""

import json
from datetime import timedelta

from django.core.serializers.json import DjangoJSONEncoder
from django.db import transaction
from django.utils import timezone

from sms import wake
from sms.models import ConnectionTest, Link
from staff import audit

KEEP = timedelta(days=7)
_PEER = ("host", "port", "system_id")
"""What the audit log has of a test: who was called, as whom."""
_NOT_SETTINGS = frozenset({"id", "date_created", "date_updated"})


def ask(link: Link, *, by: str, is_unsaved: bool = False) -> ConnectionTest:
    """Have a connection made with a link's settings, saved or not; return where to look."""
    ConnectionTest.objects.filter(asked_at__lt=timezone.now() - KEEP).delete()
    with transaction.atomic():
        # With settings that nobody saved, whoever may test can have any host called.
        peer = {name: ("", getattr(link, name)) for name in _PEER}
        audit.record(link if link.pk else Link, "tested the connection", **peer)
        test = ConnectionTest.objects.create(
            link=link if link.pk else None,
            settings=_written(link),
            is_unsaved=is_unsaved,
            asked_by=by[:150],
        )
        transaction.on_commit(wake.housekeeping)
    return test


def read(test: ConnectionTest) -> Link:
    """Read the settings of a test, as a link that is not to be saved."""
    return Link(**json.loads(test.settings))


def _written(link: Link) -> str:
    columns = (field.attname for field in Link._meta.concrete_fields)
    values = {name: getattr(link, name) for name in columns if name not in _NOT_SETTINGS}
    return json.dumps(values, cls=DjangoJSONEncoder)
