"""The made-up week."""

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.models import Count

from accounts.numbers import key
from sms.management.commands import demodata
from sms.models import Callback, Link, Message, Segment, Tally

pytestmark = pytest.mark.django_db


def test_a_made_up_week_is_counted_and_hangs_together() -> None:
    call_command("demodata", messages=300)
    assert Message.objects.count() == 305
    hours = Tally.objects.filter(span_s=3600).values_list("messages", flat=True)
    assert sum(hours) in range(290, 306)  # the oldest are a week old to the minute
    statuses = dict(Message.objects.values_list("status").annotate(Count("id")))
    assert set(statuses) >= {"delivered", "sent", "received", "queued"}
    final = Message.objects.filter(status="delivered").values_list("id", flat=True)
    assert set(final) <= set(Segment.objects.values_list("message", flat=True))
    assert Callback.objects.filter(state="pending").exists()
    in_order = Message.objects.order_by("date_created").values_list("sid", flat=True)
    times = [sid[:14] for sid in in_order]
    assert times == sorted(times)  # as lists have them
    parties = Message.objects.values_list("recipient", "recipient_key").distinct()
    assert [pair for pair in parties if key(pair[0]) != pair[1]] == []  # or no search finds them
    assert [pair for pair in parties if pair[0].startswith("client:")]


def test_a_database_with_no_tables_yet_is_prepared(monkeypatch: pytest.MonkeyPatch) -> None:
    prepared: list[str] = []
    monkeypatch.setattr(connection.introspection, "table_names", list)
    monkeypatch.setattr(demodata, "call_command", lambda name, **_: prepared.append(name))
    call_command("demodata", messages=1)
    assert prepared == ["migrate"]


def test_nothing_is_made_up_beside_what_is_real(link: Link) -> None:
    with pytest.raises(CommandError, match="already"):
        call_command("demodata")
    assert not Message.objects.exists()
