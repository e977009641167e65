import os
import re
import time
from collections.abc import Callable

import pytest

from accounts.sids import (
    SID,
    SID_LENGTH,
    new_account_sid,
    new_client_sid,
    new_message_sid,
    new_number_sid,
)

MAKERS = [
    ("AC", new_account_sid),
    ("PN", new_number_sid),
    ("CL", new_client_sid),
    ("SM", new_message_sid),
]


@pytest.mark.parametrize(("prefix", "make"), MAKERS)
def test_a_sid_is_two_letters_and_a_uuid_of_version_7(prefix: str, make: Callable[[], str]) -> None:
    sid = make()
    assert re.fullmatch(prefix + "[0-9a-f]{12}7[0-9a-f]{3}[89ab][0-9a-f]{15}", sid)
    assert len(sid) == SID_LENGTH and SID.fullmatch(sid)


def test_a_sid_begins_with_the_time_in_milliseconds() -> None:
    before = time.time_ns() // 1_000_000
    sid = new_message_sid()
    assert before <= int(sid[2:14], 16) <= time.time_ns() // 1_000_000


def test_sids_sort_by_the_millisecond_they_were_made_in(monkeypatch: pytest.MonkeyPatch) -> None:
    moments = [0, 1, 255, 1_700_000_000_000, 1_700_000_000_001, 2**48 - 1]
    sids = []
    for moment_ms in moments:
        monkeypatch.setattr(time, "time_ns", lambda ms=moment_ms: ms * 1_000_000)
        sids.append(new_message_sid())
    assert sids == sorted(sids)


def test_sids_of_one_millisecond_differ(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "time_ns", lambda: 1_700_000_000_000_000_000)
    assert len({new_message_sid() for _ in range(10_000)}) == 10_000


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_forked_process_makes_sids_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "time_ns", lambda: 1_700_000_000_000_000_000)
    new_message_sid()  # so that there are random octets in stock
    reader, writer = os.pipe()
    if child := os.fork():
        os.close(writer)
        os.waitpid(child, 0)
        theirs = os.read(reader, SID_LENGTH).decode()
        assert SID.fullmatch(theirs) and theirs != new_message_sid()
    else:
        try:
            os.write(writer, new_message_sid().encode())
        finally:
            os._exit(0)


@pytest.mark.parametrize("text", ["", "AC", "AC" + "0" * 31, "AC" + "0" * 33, "AC" + "-" * 32])
def test_what_is_no_sid_is_told_from_one(text: str) -> None:
    assert not SID.fullmatch(text)
