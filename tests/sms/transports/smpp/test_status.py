from typing import Any

import pytest

from sms.errors import ErrorCode
from sms.overrides import read_statuses
from sms.transports.smpp.status import failure_for, is_our_mistake, status_name

OUR_FAULTS = bytes.fromhex("00 01 02 03 06 07 15 33 34 40 42 43 44 48 49 50 51 54 55 62 63") + (
    bytes.fromhex("C0 C1 C2 C3 C4")
)


@pytest.mark.parametrize(
    ("status", "code", "retry_in_s", "max_tries"),
    [
        (0x04, 30006, 0, None),
        (0x05, 30006, 30, None),
        (0x08, 30008, 30, 3),
        (0x0D, 30006, 60, None),
        (0x0E, 30006, 60, None),
        (0x0F, 30006, 60, None),
        (0x14, 30001, 30, None),
        (0x45, 30008, 60, 2),
        (0x53, 30006, 60, None),
        (0x58, 30001, 1, None),
        (0x61, 30008, 300, 2),
        (0x64, 30003, 60, 3),
        (0xFF, 30008, 60, 2),
        (0x0102, 30008, 60, 3),
    ],
)
def test_a_passing_refusal_is_tried_again(
    status: int, code: int, retry_in_s: float, max_tries: int | None
) -> None:
    failure = failure_for(status)
    assert not failure.permanent
    assert (failure.code, failure.retry_in_s, failure.max_tries) == (code, retry_in_s, max_tries)


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (0x0A, 30007),
        (0x0B, 30005),
        (0x65, 30008),
        (0x66, 30004),
        (0xFE, 30006),
        (0x0101, 30004),
        (0x0103, 30004),
        *((status, 30008) for status in OUR_FAULTS),
        # Without a row: reserved, SMPP 5.0, vendor, nonsense.
        *((status, 30008) for status in (0x09, 0x70, 0x03FF, 0x0400, 0x04FF, 0x0500, 0xFFFFFFFF)),
    ],
)
def test_a_final_refusal_is_not_tried_again(status: int, code: int) -> None:
    failure = failure_for(status)
    assert failure.permanent
    assert failure.code is ErrorCode(code)


def test_a_full_queue_is_left_alone_for_longer_each_time() -> None:
    failure = failure_for(0x14)
    assert [failure.wait_s(tries) for tries in range(5)] == [30, 60, 180, 180, 180]
    assert failure.counts


@pytest.mark.parametrize(
    ("status", "counts"), [(0x58, False), (0x04, False), (0x08, True), (0x0D, False)]
)
def test_only_what_the_peer_says_of_the_message_counts_as_a_try(status: int, counts: bool) -> None:
    assert failure_for(status).counts is counts


@pytest.mark.parametrize(
    ("row", "code", "permanent", "waits", "max_tries"),
    [
        ({"code": 30004}, 30004, True, [0, 0, 0], None),
        ({"code": 30001, "retry_s": [5, 9]}, 30001, False, [5, 9, 9], None),
        ({"code": 30001, "retry_s": 5, "max_tries": 2}, 30001, False, [5, 5, 5], 2),
    ],
)
@pytest.mark.parametrize("status", [0x0B, 0x14, 0x0401])
def test_what_the_operator_says_of_a_status_wins(
    row: Any, code: int, permanent: bool, waits: list[int], max_tries: int | None, status: int
) -> None:
    failure = failure_for(status, read_statuses({hex(status): row}))
    assert (failure.code, failure.permanent, failure.max_tries) == (code, permanent, max_tries)
    assert [failure.wait_s(tries) for tries in range(3)] == waits
    assert failure.raw == status_name(status)


@pytest.mark.parametrize("status", OUR_FAULTS[1:])
def test_our_own_mistakes_are_told_apart(status: int) -> None:
    assert is_our_mistake(status)


@pytest.mark.parametrize("status", [0x00, 0x08, 0x0A, 0x0B, 0x14, 0x58, 0x65, 0x66, 0xFE, 0x0401])
def test_what_else_a_peer_says_is_no_mistake_of_ours(status: int) -> None:
    assert not is_our_mistake(status)


@pytest.mark.parametrize(
    ("status", "name"),
    [
        (0x00, "ESME_ROK (0x00000000)"),
        (0x58, "ESME_RTHROTTLED (0x00000058)"),
        (0x0101, "ESME_RPROHIBITED (0x00000101)"),
        (0x70, "reserved (0x00000070)"),
        (0x0300, "reserved for SMPP extension (0x00000300)"),
        (0x0432, "vendor specific (0x00000432)"),
        (0xFFFFFFFF, "reserved (0xFFFFFFFF)"),
    ],
)
def test_a_status_is_named_with_its_number(status: int, name: str) -> None:
    assert status_name(status) == name
    assert failure_for(status).raw == name
