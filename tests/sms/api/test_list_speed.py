"""What keeps the list fast at scale: ranges of indexes, bounded totals, bounded patience."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from operator import attrgetter
from typing import Any
from urllib.parse import parse_qsl

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import Account
from sms.bench.lists import cases, fill
from sms.models import Message
from tests.sms.api.conftest import Desk

COLUMNS = {
    "DateCreated": "date_created",
    "From": "sender",
    "To": "recipient",
    "Direction": "direction",
    "Status": "status",
}


INDEXES = {"DateCreated": "date", "From": "from", "To": "to"} | {
    name: name.lower() for name in ("Direction", "Status")
}


@contextmanager
def statements() -> Iterator[list[str]]:
    """Collect the statements about messages that run within."""
    found: list[str] = []
    with CaptureQueriesContext(connection) as captured:
        yield found
    found += [
        query["sql"] for query in captured.captured_queries if 'FROM "sms_message"' in query["sql"]
    ]


def bare(sql: str) -> str:
    """Leave out quotes and the table's name before its columns."""
    return sql.replace('"', "").replace("sms_message.", "")


def page_of(ran: list[str]) -> str:
    """Pick the statement that reads the page's rows."""
    (page,) = [sql for sql in ran if re.search("LIMIT 5[01]", sql) and "COUNT(" not in sql]
    return page


@pytest.mark.parametrize(("way", "sign"), [("asc", ">"), ("desc", "<")])
@pytest.mark.parametrize("field", COLUMNS)
def test_page_after_a_row_is_one_comparison_of_whole_rows(
    desk: Desk, thirty_four: list[Message], field: str, way: str, sign: str
) -> None:
    with statements() as ran:
        desk.list(SortBy=f"{field}:{way}", AfterSid=thirty_four[17].sid)
    keys = list(dict.fromkeys([COLUMNS[field], "date_created", "id"]))
    page = bare(page_of(ran))
    assert re.search(rf"\({', '.join(keys)}\) {sign} \(", page)
    order = ", ".join([rf"\w+ {way.upper()}"] * len(keys))
    assert re.search(rf"ORDER BY {order} LIMIT 51$", page)


def test_total_is_counted_no_further_than_the_limit(desk: Desk, thirty_four: list[Message]) -> None:
    with statements() as ran:
        assert desk.list(Limit=7, SortBy="From").json()["total"] == 7
    (total,) = [bare(sql) for sql in ran if "COUNT(" in sql]
    assert re.search(r"COUNT\(\*\) FROM \(SELECT .* LIMIT 7\)", total)
    assert "ORDER BY" not in total
    assert "JOIN" not in total


MIXED = [
    f"{kept}&SortBy={field}:{way}"
    for kept in (
        "From=13213557674",
        "To=17778889999",
        "Status=sent",
        "From=13213557674&Status=sent",
    )
    for field in COLUMNS
    for way in ("asc", "desc")
]


@pytest.mark.parametrize("query", MIXED)
def test_filtered_and_sorted_list_is_whole_and_in_order(
    desk: Desk, thirty_four: list[Message], query: str
) -> None:
    asked = dict(parse_qsl(query))
    field, _, way = asked.pop("SortBy").partition(":")
    kept = [
        message for message in thirty_four if all(_has(message, *item) for item in asked.items())
    ]
    kept.sort(key=attrgetter(COLUMNS[field], "date_created", "id"), reverse=way == "desc")
    assert len(kept) > 2
    for message_before, rest in [(None, kept), (kept[1], kept[2:])]:
        after = f"&AfterSid={message_before.sid}" if message_before else ""
        shown = desk.list(f"{query}&PageSize=7{after}").json()
        assert [row["sid"] for row in shown["messages"]] == [one.sid for one in rest[:7]]
        assert shown["total"] == len(kept)


def _has(message: Message, name: str, value: str) -> bool:
    own = {
        "From": message.sender_key,
        "To": message.recipient_key,
        "Status": message.status,
    }
    return own[name] == value


@pytest.mark.parametrize("query", ["From=13213557674", "To=17778889999", "Status=sent"])
def test_mixed_filter_and_order_choose_rows_by_their_keys_alone(
    desk: Desk, thirty_four: list[Message], query: str
) -> None:
    with statements() as ran:
        desk.list(f"{query}&SortBy=Direction")
    page = bare(page_of(ran))
    assert re.search(r" id IN \(SELECT U0.id AS pk FROM sms_message U0 .* LIMIT 50\)", page)


ENDLESS = (
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 30000000)"
    " SELECT count(*) FROM n"
)
"""Busy for many seconds on either engine; not for ever, so that the test can fail."""


def endlessly(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
    """Run something slow in place of what reads messages."""
    if 'FROM "sms_message"' in sql:
        return execute(ENDLESS, (), many, context)
    return execute(sql, params, many, context)


@pytest.mark.parametrize("query", ["Body=x", "From=*99", "SubAccounts=true", "Status=sent"])
def test_filtered_list_that_takes_too_long_is_a_503_with_a_body(
    desk: Desk, settings: Any, query: str
) -> None:
    settings.LIST_TIMEOUT_S = 0.05
    with connection.execute_wrapper(endlessly):
        response = desk.list(query)
    assert response.status_code == 503
    assert response.json()["error"] == "LIST_TIMEOUT"
    assert "StartTime" in response.json()["message"]


def test_connection_is_as_patient_as_before_after_a_list_was_stopped(
    desk: Desk, settings: Any, thirty_four: list[Message]
) -> None:
    settings.LIST_TIMEOUT_S = 0.05
    with connection.execute_wrapper(endlessly):
        desk.list("Body=x")
    with connection.cursor() as cursor:
        cursor.execute(ENDLESS.replace("30000000", "300000"))
    assert desk.list("Body=Hello").json()["total"] == 6


def test_list_without_a_filter_asks_for_no_more_than_page_and_total(
    desk: Desk, thirty_four: list[Message]
) -> None:
    desk.list()
    with CaptureQueriesContext(connection) as captured:
        desk.list(SortBy="From")
    assert len(captured) == 2


on_postgresql = pytest.mark.skipif(
    connection.vendor != "postgresql", reason="reads the plans of PostgreSQL"
)
SERVED_BY = {
    **{f"SortBy={field}": f"message_by_{name}" for field, name in INDEXES.items()},
    **{f"SortBy={field}:desc": f"message_by_{name}" for field, name in INDEXES.items()},
    "From=19000000000": "message_by_from_key",
    "To=19000000000": "message_by_to_key",
    "Status=undelivered": "message_by_status",
}
MIXED_SERVED_BY = {
    "From=19000000000&SortBy=To": "message_by_from_key",
    "From=19000000000&SortBy=From": "message_by_from_key",
    "To=19000000000&SortBy=Status:desc": "message_by_to_key",
    "To=19000000000&SortBy=Direction:desc": "message_by_to_key",
    "Status=delivered&SortBy=To": "message_by_to",
    "Status=delivered&SortBy=Direction": "message_by_direction",
}


@pytest.fixture
def filled(transactional_db: None) -> Account:
    """An account with 20,000 of 40,000 messages."""
    fill.fill(40_000)
    return fill.accounts()[0]


@on_postgresql
def test_every_kind_of_page_is_a_range_of_one_index(filled: Account) -> None:
    desk = Desk(filled)
    sampler = cases.Sampler(filled)
    for query, index in SERVED_BY.items():
        for after in ("", f"&AfterSid={sampler.draw().sid}"):
            with statements() as ran:
                assert desk.list(query + after).status_code == 200
            plan = explain(page_of(ran))
            assert f"using {index}" in plan, f"{query}{after}\n{plan}"
            assert "Sort  (" not in plan, f"{query}{after}\n{plan}"


@on_postgresql
def test_mixed_filter_and_order_read_one_index_only(filled: Account) -> None:
    desk = Desk(filled)
    sampler = cases.Sampler(filled)
    for query, index in MIXED_SERVED_BY.items():
        for after in ("", f"&AfterSid={sampler.draw().sid}"):
            with statements() as ran:
                assert desk.list(query + after).status_code == 200
            plan = explain(page_of(ran))
            assert re.search(f"Index Only Scan (Backward )?using {index} ", plan), (
                f"{query}\n{plan}"
            )


def explain(sql: str) -> str:
    """Plan a statement; an index of a month's part goes by the whole table's name for it."""
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN {sql}".replace("%", "%%"), ())
        plan = "\n".join(line for (line,) in cursor.fetchall())
        cursor.execute(
            "SELECT inhrelid::regclass::text, inhparent::regclass::text FROM pg_inherits"
            " JOIN pg_class ON pg_class.oid = inhrelid WHERE relkind = 'i'"
        )
        for part, whole in cursor.fetchall():
            plan = plan.replace(f"using {part} ", f"using {whole} ")
    return plan


@on_postgresql
def test_bench_removes_what_it_filled_and_no_more(transactional_db: None) -> None:
    account = Account.objects.create(friendly_name="Theirs")
    theirs = Message.objects.create(account=account, direction="inbound")
    with pytest.raises(fill.NotFillable):
        fill.check_fillable(beside_others=False)
    fill.fill(400)
    assert fill.drop() == 400
    assert list(Message.objects.all()) == [theirs]
    assert not fill.accounts()


def test_bench_fills_no_other_engine(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "vendor", "sqlite")
    with pytest.raises(fill.NotFillable):
        fill.check_fillable(beside_others=False)
