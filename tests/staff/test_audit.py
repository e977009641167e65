"""The audit log tells who changed what, also over the API and by commands; and no secret."""

from typing import Any

import pytest
from auditlog.models import LogEntry
from auditlog.registry import auditlog
from django.contrib.auth.models import Group, User
from django.core.management import call_command
from django.test import Client as Browser

from accounts.models import Account
from accounts.provisioning.accounts import AccountSettings, update_account
from sms.models import Block, Link, Message, OptOut
from staff import audit

pytestmark = pytest.mark.django_db


@pytest.fixture
def link(db: None) -> Link:
    return Link.objects.create(name="carrier", host="127.0.0.1")


def entries(model: Any) -> Any:
    app, name = model._meta.app_label, model._meta.model_name
    found = LogEntry.objects.filter(content_type__app_label=app, content_type__model=name)
    return found.order_by("pk")


def test_a_change_of_a_row_is_told_with_before_and_after_and_who(link: Link) -> None:
    Link.objects.create(name="other", password="hunter22")
    with audit.acting(lambda: audit.Actor("maria", address="192.0.2.1")):
        link.host, link.password = "b.example", "hunter23"
        link.save()
    entry = entries(Link).last()
    assert entry.changes["host"] == ["127.0.0.1", "b.example"]
    assert entry.changes["password"] == ["", "••••••••"]
    assert (entry.additional_data["by"], entry.remote_addr) == ("maria", "192.0.2.1")
    assert "hunter" not in str(list(LogEntry.objects.values()))


def test_a_new_row_is_told_by_its_columns(account: Account) -> None:
    told = entries(Account).get().changes
    assert told["friendly_name"] == ["None", "Demo"]
    assert not told.keys() & {"messages", "numbers", "id", "auth_token_digest"}


def test_a_status_that_goes_down_the_tree_is_told_of_each_account(account: Account) -> None:
    child = Account.objects.create(friendly_name="Child", parent=account)
    update_account(account.pk, AccountSettings(status="suspended"))
    for row in (account, child):
        told = entries(Account).get(object_id=row.pk, changes__has_key="status", action=1)
        assert told.changes == {"status": ["active", "suspended"]}


def test_a_change_over_the_api_names_the_account(api: Browser, account: Account) -> None:
    path = f"/api/2012-04-24/Accounts/{account.sid}"
    answer = api.post(
        f"{path}.json", "FriendlyName=Renamed", content_type="application/x-www-form-urlencoded"
    )
    assert answer.status_code == 200, answer.content
    entry = entries(Account).last()
    assert entry.additional_data["by"] == f"account {account.sid}"
    assert entry.changes == {"friendly_name": ["Demo", "Renamed"]}
    assert entry.remote_addr == "127.0.0.1"


def test_a_command_names_itself_and_the_systems_user() -> None:
    call_command("block", "add", "4915112345678")
    assert entries(Block).get().additional_data["by"].endswith(" by block")


def test_an_order_and_an_export_have_entries_of_their_own(link: Link) -> None:
    audit.record(link, "paused", mode=("run", "pause"))
    audit.record(Message, "exported", rows=(None, 1200))
    paused, exported = LogEntry.objects.order_by("pk").exclude(action=0)
    assert (paused.object_id, paused.additional_data["did"]) == (link.pk, "paused")
    assert (exported.object_repr, exported.changes) == ("messages", {"rows": ["None", "1200"]})


def test_the_same_of_many_rows_takes_one_statement(django_assert_num_queries: Any) -> None:
    blocks = [Block.objects.create(digits=f"49151{n}") for n in range(20)]
    audit.record_many(blocks[:1], "warms what is remembered of tables")
    with django_assert_num_queries(1), audit.acting(lambda: audit.Actor("maria")):
        audit.record_many(blocks, "imported")
    told = entries(Block).filter(additional_data__did="imported")
    assert {entry.additional_data["by"] for entry in told} == {"maria"}
    assert told.count() == 20


def test_groups_of_a_user_are_told() -> None:
    user = User.objects.create_user("ivan")
    user.groups.set(Group.objects.filter(name="Support"))
    assert entries(User).last().changes["groups"]["objects"] == ["Support"]


def test_what_people_write_to_stop_is_no_change_by_staff(account: Account) -> None:
    OptOut.objects.create(account=account, number="1", person="2", word="STOP")
    assert not entries(OptOut).exists()
    with audit.acting(lambda: audit.Actor("maria")):
        OptOut.objects.all().delete()
    assert entries(OptOut).count() == 1


def test_nothing_that_traffic_writes_is_watched() -> None:
    hot = {"Message", "Segment", "Event", "Callback", "CallbackAttempt", "Binding", "Slot"}
    assert not hot & {model.__name__ for model in auditlog.get_models()}
