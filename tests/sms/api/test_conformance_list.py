"""Conformance cases 63 to 100: the list, its pages, filters and order."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from itertools import chain
from typing import Any

import pytest

from accounts.models import Account
from sms.lifecycle import Direction, Status
from sms.models import Message
from tests.sms.api.conftest import Desk, MakeMessage, path

ENVELOPE = (
    "page num_pages page_size total limit start end uri "
    "first_page_uri previous_page_uri next_page_uri last_page_uri messages"
).split()


def sids(response: Any) -> list[str]:
    assert response.status_code == 200, response.content
    return [message["sid"] for message in response.json()["messages"]]


def make_many(make_message: MakeMessage, count: int) -> None:
    for _ in range(count):
        make_message()


def follow(desk: Desk, uri: str) -> list[str]:
    """Follow next_page_uri to the end; return every sid on the way."""
    found: list[str] = []
    for _ in range(100):
        page = desk.browser.get(uri).json()
        found += [message["sid"] for message in page["messages"]]
        uri = page["next_page_uri"]
        if uri == "null":
            return found
    raise AssertionError("the list has no end")


def test_first_page_has_the_documented_envelope(
    account: Account, desk: Desk, thirty_four: list[Message]
) -> None:
    answer = desk.list(PageSize=10).json()
    uri = path(account, "")
    last = thirty_four[-10].sid
    messages = answer.pop("messages")
    assert len(messages) == 10
    assert list(answer.items()) == [
        ("page", 0),
        ("num_pages", 3),
        ("page_size", 10),
        ("total", 34),
        ("limit", 10000),
        ("start", "0"),
        ("end", "9"),
        ("uri", uri),
        ("first_page_uri", f"{uri}?Page=0&PageSize=10&Limit=10000"),
        ("previous_page_uri", "null"),
        ("next_page_uri", f"{uri}?Page=1&PageSize=10&AfterSid={last}&Limit=10000"),
        ("last_page_uri", f"{uri}?Page=3&PageSize=10&Limit=10000"),
    ]


@pytest.mark.parametrize(
    ("total", "size", "page", "num_pages", "start", "end", "rows", "previous", "following"),
    [
        (34, 10, 0, 3, "0", "9", 10, None, 1),
        (34, 10, 2, 3, "20", "29", 10, 1, 3),
        (34, 10, 3, 3, "30", "33", 4, 2, None),
        (34, 50, 0, 0, "0", "33", 34, None, None),
        (20, 10, 1, 2, "10", "19", 10, 0, None),
        (20, 10, 2, 2, "20", "20", 0, 1, None),
        (10, 10, 0, 1, "0", "9", 10, None, None),
        (1, 1, 0, 1, "0", "0", 1, None, None),
        (0, 50, 0, 0, "0", "0", 0, None, None),
    ],
)
def test_worked_examples_of_pages(
    desk: Desk,
    make_message: MakeMessage,
    total: int,
    size: int,
    page: int,
    num_pages: int,
    start: str,
    end: str,
    rows: int,
    previous: int | None,
    following: int | None,
) -> None:
    make_many(make_message, total)
    answer = desk.list(PageSize=size, Page=page).json()
    assert list(answer) == ENVELOPE
    assert (answer["total"], answer["num_pages"]) == (total, num_pages)
    assert (answer["start"], answer["end"], len(answer["messages"])) == (start, end, rows)
    for name, number in [("previous_page_uri", previous), ("next_page_uri", following)]:
        assert ("null" if number is None else f"Page={number}&") in answer[name]


@pytest.mark.parametrize(("total", "size", "page"), [(34, 10, 4), (0, 50, 1), (1, 50, 10**17)])
def test_page_beyond_the_last_is_refused(
    desk: Desk, make_message: MakeMessage, total: int, size: int, page: int
) -> None:
    make_many(make_message, total)
    response = desk.list(PageSize=size, Page=page)
    assert response.status_code == 400
    assert response.json()["message"].startswith("Page ")


@pytest.mark.parametrize(("total", "size", "last"), [(34, 10, 3), (20, 10, 1), (0, 50, 0)])
def test_last_page_is_not_an_empty_one(
    desk: Desk, make_message: MakeMessage, total: int, size: int, last: int
) -> None:
    make_many(make_message, total)
    assert f"?Page={last}&" in desk.list(PageSize=size).json()["last_page_uri"]


@pytest.mark.parametrize(
    "query",
    [
        *(f"PageSize={value}" for value in ("0", "-1", "abc", "1.5", "%00", "%D9%A3")),
        *(f"Page={value}" for value in ("-1", "abc", "1e3", "9" * 30)),
        *(f"Limit={value}" for value in ("0", "-1", "abc")),
    ],
)
def test_paging_parameter_that_is_no_number_is_refused(desk: Desk, query: str) -> None:
    response = desk.list(query)
    assert response.status_code == 400
    assert response.json()["message"].startswith(query.partition("=")[0])


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ("", {"page": 0, "page_size": 50, "limit": 10000}),
        ("PageSize=5000", {"page_size": 1000}),
        ("Limit=500", {"limit": 500}),
        ("Limit=20000", {"limit": 10000}),
        ("Page=&PageSize=&Limit=&SortBy=&From=&Status=&StartTime=", {"page_size": 50}),
        ("PageSize=7&PageSize=9", {"page_size": 7}),
        ("Reverse=true&localOnly=false&x=y", {"page": 0}),
    ],
)
def test_effective_paging_is_echoed(desk: Desk, query: str, shown: dict[str, int]) -> None:
    answer = desk.list(query).json()
    assert {name: answer[name] for name in shown} == shown


def test_limit_caps_the_total_and_stays_in_every_link(
    desk: Desk, thirty_four: list[Message]
) -> None:
    answer = desk.list(PageSize=10, Page=1, Limit=25).json()
    assert (answer["total"], answer["num_pages"], answer["limit"]) == (25, 2, 25)
    for name in ("first_page_uri", "previous_page_uri", "next_page_uri", "last_page_uri"):
        assert "&Limit=25" in answer[name]
    assert len(desk.list(PageSize=10, Page=2, Limit=25).json()["messages"]) == 5
    assert desk.list(PageSize=10, Page=3, Limit=25).status_code == 400
    newest = [message.sid for message in reversed(thirty_four)]
    assert follow(desk, desk.list(PageSize=10, Limit=25).json()["first_page_uri"]) == newest[:25]


@pytest.mark.parametrize("page", [0, 1, 3])
def test_unknown_after_sid_is_ignored(desk: Desk, thirty_four: list[Message], page: int) -> None:
    plain = sids(desk.list(Page=page, PageSize=10))
    for sid in ("SM" + "0" * 32, "nonsense", "%00", "a b"):
        assert sids(desk.list(f"Page={page}&PageSize=10&AfterSid={sid}")) == plain


SORTS = [
    f"{field}{direction}"
    for field in ("DateCreated", "From", "To", "Direction", "Status", "Body", "Price")
    for direction in ("", ":asc", ":desc")
]


@pytest.mark.parametrize("size", [7, 34])
@pytest.mark.parametrize("sort", ["", *SORTS])
def test_pages_by_row_and_by_number_are_the_same(
    desk: Desk, thirty_four: list[Message], sort: str, size: int
) -> None:
    whole = sids(desk.list(SortBy=sort))
    assert Counter(whole) == Counter(message.sid for message in thirty_four)
    first = desk.list(SortBy=sort, PageSize=size).json()
    assert follow(desk, first["first_page_uri"]) == whole
    by_number = [
        sids(desk.list(SortBy=sort, PageSize=size, Page=page)) for page in range(34 // size)
    ]
    assert list(chain(*by_number)) == whole[: 34 // size * size]


def test_messages_of_one_instant_are_paged_without_loss(
    desk: Desk, make_message: MakeMessage
) -> None:
    instant = datetime(2024, 1, 1, tzinfo=UTC)
    made = [make_message(date_created=instant).sid for _ in range(11)]
    first = desk.list(PageSize=3).json()["first_page_uri"]
    assert follow(desk, first) == made[::-1]


@pytest.mark.parametrize(
    ("query", "remaining"), [("PageSize=10", 34), ("PageSize=10&SortBy=DateCreated:asc", 37)]
)
def test_list_that_grows_while_it_is_paged_repeats_and_skips_nothing(
    desk: Desk, thirty_four: list[Message], make_message: MakeMessage, query: str, remaining: int
) -> None:
    page = desk.list(query).json()
    found = [message["sid"] for message in page["messages"]]
    for _ in range(3):
        make_message()
    found += follow(desk, page["next_page_uri"])
    assert len(found) == len(set(found)) == remaining
    assert set(found) >= {message.sid for message in thirty_four}


def test_row_that_left_the_filter_still_marks_the_place(
    desk: Desk, make_message: MakeMessage
) -> None:
    made = [make_message(status=Status.SENDING).sid for _ in range(6)]
    page = desk.list(Status="sending", PageSize=2).json()
    Message.objects.filter(sid=made[4]).update(status=Status.SENT)
    assert sids(desk.browser.get(page["next_page_uri"])) == [made[3], made[2]]


def test_list_that_shrinks_while_it_is_paged_is_read_to_its_end(
    desk: Desk, make_message: MakeMessage
) -> None:
    made = [make_message(status=Status.SENDING).sid for _ in range(30)]
    page = desk.list(Status="sending", PageSize=10).json()
    first = [message["sid"] for message in page["messages"]]
    Message.objects.filter(sid__in=[*first, *made[:6]]).update(status=Status.SENT)
    found = follow(desk, page["next_page_uri"])
    assert [*first, *found] == made[:5:-1]


def test_link_leads_on_although_nothing_is_left(desk: Desk, make_message: MakeMessage) -> None:
    for _ in range(9):
        make_message(status=Status.SENDING)
    page = desk.list(Status="sending", PageSize=2).json()
    Message.objects.update(status=Status.SENT)
    assert follow(desk, page["next_page_uri"]) == []


def test_exact_last_page_after_a_row_has_no_next_although_the_list_grew(
    desk: Desk, make_message: MakeMessage
) -> None:
    made = [make_message().sid for _ in range(4)]
    page = desk.list(PageSize=2).json()
    make_message()
    following = desk.browser.get(page["next_page_uri"]).json()
    assert [message["sid"] for message in following["messages"]] == [made[1], made[0]]
    assert following["next_page_uri"] == "null"


@pytest.mark.parametrize("page", [5001, 10**17])
def test_page_beyond_every_limit_is_refused_after_a_row_too(
    desk: Desk, make_message: MakeMessage, page: int
) -> None:
    sid = make_message().sid
    assert desk.list(PageSize=2, Page=page, AfterSid=sid).status_code == 400


@pytest.mark.parametrize(
    ("query", "total"),
    [
        ("From=19549376176", 4),
        ("From=%2B19549376176", 4),
        ("From=+19549376176", 4),
        ("From=9549376176", 0),
        ("From=%259376176", 4),
        ("From=9376176%25", 4),
        ("From=9549*76", 4),
        ("From=_9549376176", 0),
        ("From=_9549376176*", 0),
        ("From=13213557674", 8),
        ("From=Nobody", 0),
        ("To=13557%25", 12),
        ("To=%2B13557*", 12),
        ("To=13557701234", 12),
        ("Body=Hello", 6),
        ("Body=hello", 6),
        ("Body=%25", 0),
        ("StartTime=2013-07-07", 24),
        ("EndTime=2013-07-09", 26),
        ("StartTime=2013-07-07&EndTime=2013-07-09", 16),
        ("StartTime=2013-07-07T18:15:12.018Z", 23),
        ("StartTime=2013-07-07t18:15:12.018z", 23),
        ("StartTime=2013-07-07 18:15:12.018000000", 23),
        ("StartTime=2013-07-07T20:15:12.018+02:00", 23),
        ("StartTime=2013-07-07T20:15:12.018%2B02:00", 23),
        ("StartTime=2013-07-07T18:15:12.018001", 22),
        ("StartTime=2013-07-07T16:15:12-02:00", 24),
        ("EndTime=2013-07-09T23:59:59.999999", 26),
        ("EndTime=2013-07-10T00:00:00", 27),
        ("EndTime=2013-07-10T00:00:00Z", 27),
        ("StartTime=2013-07-09&EndTime=2013-07-07", 0),
        ("StartTime=0001-01-01&EndTime=9999-12-31", 34),
        ("Status=failed", 11),
        ("Status=received", 0),
        ("Status=failed&From=19549376176", 0),
        ("To=13557*&Status=sent&StartTime=2013-07-10", 3),
    ],
)
def test_filters_keep_what_they_say(
    desk: Desk, thirty_four: list[Message], query: str, total: int
) -> None:
    answer = desk.list(query).json()
    assert (answer["total"], len(answer["messages"])) == (total, total)


def test_party_is_compared_without_case_and_prefix(desk: Desk, make_message: MakeMessage) -> None:
    made = make_message(sender="Dev-Test", recipient="client:alice").sid
    make_message()
    for query in ("From=dev-test", "From=DEV-TEST", "To=alice", "To=client:alice", "To=client:AL*"):
        assert sids(desk.list(query)) == [made]


@pytest.mark.parametrize(
    ("query", "beginning"),
    [
        *(
            (f"{name}={value}", name)
            for name in ("StartTime", "EndTime")
            for value in ("yesterday", "2013-13-01", "07/07/2013", "2013-07-07T25:00:00", "12")
        ),
        ("StartTime=0001-01-01T00:00:00%2B10:00", "StartTime"),
        ("Status=foo", "Status"),
        ("Status=FAILED,sent", "Status"),
        ("From=%00", "Null"),
        ("Body=a%00", "Null"),
        ("SortBy=:asc", "Error parsing the SortBy parameter: missing field to sort by"),
        ("SortBy=:", "Error parsing the SortBy parameter: missing field to sort by"),
        (
            "SortBy=DateCreated:invalid",
            "Error parsing the SortBy parameter: sort direction needs to be either ASC or DESC",
        ),
        (
            "SortBy=DateCreated:",
            "Error parsing the SortBy parameter: sort direction needs to be either ASC or DESC",
        ),
        (
            "SortBy=Nonsense:up",
            "Error parsing the SortBy parameter: sort direction needs to be either ASC or DESC",
        ),
    ],
)
def test_filter_that_makes_no_sense_is_refused(desk: Desk, query: str, beginning: str) -> None:
    response = desk.list(query)
    assert response.status_code == 400
    assert response.json()["message"].startswith(beginning)


def test_links_keep_the_filters(account: Account, desk: Desk, thirty_four: list[Message]) -> None:
    query = "To=13557%25&StartTime=2013-07-01&SortBy=From:desc&PageSize=5&Unknown=x"
    answer = desk.list(query).json()
    kept = "&To=13557%25&StartTime=2013-07-01&SortBy=From%3Adesc"
    assert answer["first_page_uri"] == f"{path(account, '')}?Page=0&PageSize=5&Limit=10000{kept}"
    assert answer["next_page_uri"].endswith(kept)
    assert answer["uri"] == path(account, "")
    found = follow(desk, answer["first_page_uri"])
    assert len(found) == len(set(found)) == 12


def shown(desk: Desk, sort: str, key: str) -> list[Any]:
    return [message[key] for message in desk.list(SortBy=sort).json()["messages"]]


@pytest.mark.parametrize(
    ("sort", "key", "first"),
    [
        ("From:asc", "from", "+13213557674"),
        ("From", "from", "+13213557674"),
        ("From:desc", "from", "19549376176"),
        ("From:DESC", "from", "19549376176"),
        ("To:asc", "to", "+13557701234"),
        ("To:desc", "to", "17778889999"),
        ("Direction:asc", "direction", "inbound"),
        ("Direction:desc", "direction", "outbound-reply"),
        ("Status:asc", "status", "delivered"),
        ("Status:Desc", "status", "sent"),
        ("Body:asc", "body", "Good day 0"),
        ("Body:desc", "body", "Hello 9"),
    ],
)
def test_list_is_sorted_by_code_point(
    desk: Desk, thirty_four: list[Message], sort: str, key: str, first: str
) -> None:
    column = shown(desk, sort, key)
    assert column[0] == first
    assert column == sorted(column, reverse=sort.lower().endswith("desc"))


@pytest.mark.parametrize(
    ("sort", "newest_first"),
    [
        ("", True),
        ("DateCreated", False),
        ("DateCreated:asc", False),
        ("DateCreated:desc", True),
        ("Price:asc", False),
        ("Nonsense", True),
        ("Nonsense:asc", True),
        ("datecreated:asc", True),  # names are case-sensitive
    ],
)
def test_list_is_sorted_by_date(
    desk: Desk, thirty_four: list[Message], sort: str, newest_first: bool
) -> None:
    oldest_first = [message.sid for message in thirty_four]
    assert sids(desk.list(SortBy=sort)) == oldest_first[:: -1 if newest_first else 1]


@pytest.mark.parametrize("direction", ["asc", "desc"])
def test_equals_are_sorted_by_date_in_the_same_direction(
    desk: Desk, make_message: MakeMessage, direction: str
) -> None:
    now = datetime(2024, 1, 1, tzinfo=UTC)
    made = [make_message(date_created=now + timedelta(days=n)).sid for n in (0, 2, 1)]
    oldest_first = [made[0], made[2], made[1]]
    expected = oldest_first if direction == "asc" else oldest_first[::-1]
    assert sids(desk.list(SortBy=f"Status:{direction}")) == expected


def test_mixed_scripts_are_sorted_by_code_point(desk: Desk, make_message: MakeMessage) -> None:
    names = ["+1", "1", "A-B", "AA", "Z", "a", "a.b", "ab"]
    for name in reversed(names):
        make_message(sender=name)
    assert shown(desk, "From:asc", "from") == names


def test_rows_of_a_list_look_like_the_message_itself(desk: Desk, make_message: MakeMessage) -> None:
    made = make_message(direction=Direction.OUTBOUND_REPLY, date_sent=datetime.now(UTC))
    assert desk.list().json()["messages"] == [desk.one(made.sid).json()]


def test_list_costs_two_queries(
    desk: Desk, thirty_four: list[Message], django_assert_num_queries: Any
) -> None:
    desk.list()
    with django_assert_num_queries(2):
        desk.list(Page=1, PageSize=5, SortBy="To")
    with django_assert_num_queries(3):
        desk.list(Page=1, PageSize=5, AfterSid=thirty_four[0].sid)


def test_count_stops_at_the_limit(
    desk: Desk, make_message: MakeMessage, django_assert_num_queries: Any
) -> None:
    make_many(make_message, 5)
    desk.list()
    with django_assert_num_queries(2) as queries:
        assert desk.list(Limit=3).json()["total"] == 3
    assert "LIMIT 3" in queries[1]["sql"]
