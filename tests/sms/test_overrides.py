"""Operators' tables: what is read, and what is said of a mistake."""

from collections.abc import Callable

import pytest

from sms.errors import ErrorCode
from sms.overrides import (
    StatusOverride,
    normalise_err,
    read_errs,
    read_network_errors,
    read_statuses,
)

BLOCKED = ErrorCode.BLOCKED


@pytest.mark.parametrize(
    ("row", "read"),
    [
        ({"code": 30004}, StatusOverride(BLOCKED)),
        ({"code": 30004, "permanent": True}, StatusOverride(BLOCKED)),
        ({"code": 30004, "retry_s": 5}, StatusOverride(BLOCKED, False, (5.0,))),
        (
            {"code": 30004, "permanent": False, "retry_s": [0, 60.5], "max_tries": 2},
            StatusOverride(BLOCKED, False, (0.0, 60.5), 2),
        ),
    ],
)
def test_a_status_has_its_code_and_its_tries(row: object, read: StatusOverride) -> None:
    assert read_statuses({"0x58": row, "1025": row}) == {0x58: read, 1025: read}


def test_errs_are_read_without_zeros_and_case() -> None:
    assert read_errs({"011": 30003, "a1": 30005}) == {"11": 30003, "A1": 30005}


@pytest.mark.parametrize(
    ("err", "normal"), [("000", ""), ("", ""), ("0", ""), ("011", "11"), (" 0a ", "A")]
)
def test_an_err_without_a_number_is_none(err: str, normal: str) -> None:
    assert normalise_err(err) == normal


def test_network_errors_are_of_gsm_unless_they_say_so() -> None:
    assert read_network_errors({"27": 30003, "2:5": 30005}) == {(3, 27): 30003, (2, 5): 30005}


@pytest.mark.parametrize(
    ("read", "table", "words"),
    [
        (read_statuses, [], "must be a JSON object"),
        (read_errs, "x", "must be a JSON object"),
        (read_statuses, {"throttled": {"code": 30001}}, "throttled is no command_status"),
        (read_statuses, {"0": {"code": 30001}}, "not within"),
        (read_statuses, {"0x1FFFFFFFF": {"code": 30001}}, "not within"),
        (read_statuses, {"8": 30001}, "needs a code"),
        (read_statuses, {"8": {}}, "needs a code"),
        (read_statuses, {"8": {"code": 30001, "retry": 5}}, "needs a code"),
        (read_statuses, {"8": {"code": 12}}, "12 is none of 30001"),
        (read_statuses, {"8": {"code": [1]}}, "is none of 30001"),
        (read_statuses, {"8": {"code": 30001, "permanent": False}}, "either permanent or"),
        (read_statuses, {"8": {"code": 30001, "permanent": "no"}}, "either permanent or"),
        (
            read_statuses,
            {"8": {"code": 30001, "permanent": True, "retry_s": 1}},
            "either permanent or",
        ),
        (read_statuses, {"8": {"code": 30001, "retry_s": "1"}}, "list of seconds"),
        (read_statuses, {"8": {"code": 30001, "retry_s": [True]}}, "list of seconds"),
        (read_statuses, {"8": {"code": 30001, "retry_s": [-1]}}, "list of seconds"),
        (read_statuses, {"8": {"code": 30001, "retry_s": [1e9]}}, "at most a day"),
        (read_statuses, {"8": {"code": 30001, "retry_s": 1, "max_tries": 0}}, "whole number"),
        (read_statuses, {"8": {"code": 30001, "retry_s": 1, "max_tries": True}}, "whole number"),
        (read_errs, {"011": "30003"}, "is none of 30001"),
        (read_network_errors, {"GSM:27": 30003}, "is no network error"),
        (read_network_errors, {"²7": 30003}, "is no network error"),
    ],
)
def test_a_mistake_is_told_in_a_sentence(
    read: Callable[[object], object], table: object, words: str
) -> None:
    with pytest.raises(ValueError, match=words) as caught:
        read(table)
    assert str(caught.value).endswith(".")
