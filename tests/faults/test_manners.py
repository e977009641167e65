"""A carrier with bad manners says all that a good one does, but not as it should."""

from collections import Counter

import pytest

from sms.bench.traffic.carrier import DELIVER_SM, HEADER
from tests.faults.carrier import MANNERS, MISCOUNTED, SUBMIT_SM_RESP

ANSWERS = [HEADER.pack(16, SUBMIT_SM_RESP, 0, number) for number in range(1000)]
RECEIPTS = [HEADER.pack(16, DELIVER_SM, 0, number) for number in range(1000)]
PDUS = [pdu for pair in zip(ANSWERS, RECEIPTS, strict=True) for pdu in pair]


def said(manner: str) -> list[bytes]:
    """List what is sent, in its order."""
    octets = b"".join(data for _, data in sorted(MANNERS[manner](PDUS), key=lambda one: one[0]))
    return [octets[start : start + 16] for start in range(0, len(octets), 16)]


@pytest.mark.parametrize("manner", ["good", "in any order", "receipts first", "late"])
def test_it_leaves_nothing_out(manner: str) -> None:
    assert Counter(said(manner)) == Counter(PDUS)
    assert (said(manner) == PDUS) == (manner == "good")


def test_it_says_everything_several_times() -> None:
    assert set(Counter(said("twice")).values()) == {3}


def test_receipts_come_before_their_answers() -> None:
    assert said("receipts first") == RECEIPTS + ANSWERS


def test_some_answers_are_to_nobody() -> None:
    """One in ten: none or all of a thousand is no chance that anybody will see."""
    strangers = [pdu for pdu in said("miscounted") if HEADER.unpack(pdu)[3] >= MISCOUNTED]
    assert 0 < len(strangers) < len(ANSWERS)
    assert {HEADER.unpack(pdu)[1] for pdu in strangers} == {SUBMIT_SM_RESP}
