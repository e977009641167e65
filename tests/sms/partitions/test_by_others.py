"""What migrations, commands and other sessions have to do with tables by the month."""

import json
from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.apps import apps
from django.conf import LazySettings
from django.core.management import CommandError, call_command
from django.db import connection, models
from django.db.migrations.state import ProjectState
from django.utils import timezone

from sms import partitions
from sms.models import Message
from sms.partitions.catalog import detached
from sms.partitions.indexing import AddIndex
from sms.sweep import months
from tests.sms.conftest import at_once


@pytest.fixture
def lasting_months(transactional_db: None) -> Iterator[None]:
    """Messages are kept by the month, as other connections see it as well."""
    if connection.vendor != "postgresql":
        pytest.skip("only PostgreSQL has partitions")
    was = partitions.is_partitioned()
    if was:
        partitions.to_plain()
    months_from_now_on()
    yield
    partitions.to_plain()
    if was:
        months_from_now_on()


def months_from_now_on() -> None:
    """Go to months; where ids stand may be a month that another test let come."""
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE sms_message ALTER id RESTART WITH 1")
    partitions.to_months(timezone.now())


def index_names() -> set[str]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relname FROM pg_index JOIN pg_class ON oid = indexrelid WHERE indisvalid"
        )
        return {name for (name,) in cursor.fetchall()}


@pytest.mark.parametrize("by_month", [True, False])
def test_a_migration_adds_and_removes_an_index_of_either_form(
    by_month: bool, transactional_db: None, request: pytest.FixtureRequest
) -> None:
    if by_month:
        request.getfixturevalue("lasting_months")
    before = ProjectState.from_apps(apps)
    index = models.Index(
        fields=["attempts"], condition=models.Q(attempts__gt=1), name="message_tried"
    )
    operation = AddIndex("message", index)
    after = before.clone()
    operation.state_forwards("sms", after)
    with connection.schema_editor(atomic=False) as editor:
        operation.database_forwards("sms", editor, before, after)
    if connection.vendor == "postgresql":
        parts = partitions.parts(partitions.MESSAGES) if partitions.is_partitioned() else []
        own = {part.name.replace("sms_message", "message_tried") for part in parts}
        assert {"message_tried"} | own <= index_names()
    with connection.schema_editor(atomic=False) as editor:
        operation.database_backwards("sms", editor, after, before)
    if connection.vendor == "postgresql":
        assert not [name for name in index_names() if name.startswith("message_tried")]


def test_a_month_is_left_for_later_while_somebody_is_in_its_tables(lasting_months: None) -> None:
    later = timezone.now() + timedelta(days=100)
    parts = partitions.parts(partitions.MESSAGES)
    with connection.cursor() as cursor:
        cursor.execute("BEGIN")
        cursor.execute("LOCK TABLE sms_message IN SHARE UPDATE EXCLUSIVE MODE")
        try:
            at_once(lambda: months.look(later))
        finally:
            cursor.execute("COMMIT")
    assert partitions.parts(partitions.MESSAGES) == parts
    months.look(later)
    assert partitions.parts(partitions.MESSAGES)[-1] > parts[-1]
    assert not Message.objects.exists()


def test_a_month_that_is_over_is_dropped_when_nobody_reads_accounts(
    lasting_months: None, settings: LazySettings
) -> None:
    """Its foreign keys are triggers of accounts: who waits to drop them keeps everybody waiting."""
    settings.RETAIN_MESSAGES_DAYS = 30
    now = timezone.now()
    before = partitions.parts(partitions.MESSAGES)[0]
    assert partitions.detach_part(before)
    tables = {table.name for table in partitions.TABLES}
    with connection.cursor() as cursor:
        cursor.execute("BEGIN")
        cursor.execute("SELECT 1 FROM accounts_account")
        try:
            at_once(lambda: months.look(now))
        finally:
            cursor.execute("COMMIT")
    assert len(detached(tables)) == len(tables)
    months.look(now)
    assert not detached(tables)


def test_a_part_that_an_operator_detached_is_left_to_him(lasting_months: None) -> None:
    part = partitions.parts(partitions.MESSAGES)[-1]
    with connection.cursor() as cursor:
        cursor.execute(f"ALTER TABLE sms_message DETACH PARTITION {part.name}")
        partitions.remove_detached()
        bounds = f"FROM ({part.first_id}) TO ({part.end_id})"
        cursor.execute(f"ALTER TABLE sms_message ATTACH PARTITION {part.name} FOR VALUES {bounds}")
    assert partitions.parts(partitions.MESSAGES)[-1] == part


def test_the_command_goes_there_and_back_and_tells(
    plain: None, capsys: pytest.CaptureFixture[str]
) -> None:
    assert told(capsys, "show") == []
    names = [part["name"] for part in told(capsys, "by-month")]
    assert names == [part.name for part in partitions.parts(partitions.MESSAGES)]
    with pytest.raises(CommandError, match="already"):
        call_command("partition", "by-month")
    call_command("partition", "show")
    assert names[0] in capsys.readouterr().out
    assert told(capsys, "undo") == []
    with pytest.raises(CommandError, match="already"):
        call_command("partition", "undo")


def told(capsys: pytest.CaptureFixture[str], action: str) -> list[dict[str, str]]:
    call_command("partition", action, "--json")
    parts: list[dict[str, str]] = json.loads(capsys.readouterr().out)["parts"]
    return parts


def test_the_command_wants_postgresql(db: None) -> None:
    if connection.vendor == "postgresql":
        pytest.skip("PostgreSQL it is")
    with pytest.raises(CommandError, match="Only PostgreSQL"):
        call_command("partition", "by-month")
