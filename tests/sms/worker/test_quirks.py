"""Our link against an SMSC that breaks the rules: from POST to GET, over a raw socket.

Every quirk is one message of one session: none of them may end it, and each message ends
as it should.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from accounts.models import Account, PhoneNumber
from sms.models import Event, Message, ParkedReceipt
from tests.fakes import quirky
from tests.fakes.quirky import DELIVER, NACK, RESP, Quirk, QuirkySmsc, Submit, pdu, tlv, words
from tests.fakes.shop import End, Shop

pytestmark = [pytest.mark.sockets, pytest.mark.django_db(transaction=True)]

DELIVERED: End = ("delivered", None)
UNANSWERED: End = ("failed", 30090)
ID, STATE, PAYLOAD, NETWORK = 0x001E, 0x0427, 0x0424, 0x0423


def then(text: bytes | None = None, **form: Any) -> Quirk:
    """Accept a message, and report it in this form."""
    return lambda submit: submit.line.write(submit.answer(), submit.receipt(text, **form))


def told(stat: str = "DELIVRD", **fields: str) -> Quirk:
    """Accept a message, and report it in these words."""
    return lambda s: s.line.write(s.answer(), s.receipt(words(s.remote_id, stat, **fields)))


def under(id_body: bytes, told_id: str) -> Quirk:
    """Accept a message under an id, written so, and report it under that id."""
    return lambda s: s.line.write(s.answer(id_body), s.receipt(words(told_id)))


# --- how it answers -----------------------------------------------------------------------


def in_pieces(s: Submit) -> None:
    answer, receipt = s.answer(), s.receipt()
    s.line.write(answer[:3], answer[3:18], answer[18:] + receipt[:40], receipt[40:])


def in_one_write(s: Submit) -> None:
    probe = pdu(quirky.ENQUIRE, sequence=s.line.next_sequence())
    s.line.write(probe + s.answer() + probe + s.receipt() + probe)


def wrong_sequence_first(s: Submit) -> None:
    stray = pdu(quirky.SUBMIT | RESP, b"stray\0", sequence=s.sequence + 5000)
    s.line.write(stray, s.answer(), s.receipt())


def wrong_sequence_only(s: Submit) -> None:
    s.line.write(pdu(quirky.SUBMIT | RESP, b"stray\0", sequence=s.sequence + 6000))


def answer_of_another_command(s: Submit) -> None:
    s.line.write(pdu(0x80000003, b"1\0\0\2\0", sequence=s.sequence) + s.answer() + s.receipt())


def refused(status: int, body: bytes = b"") -> Quirk:
    return lambda s: s.line.write(s.answer(body, status=status))


def nacked(s: Submit) -> None:
    s.line.write(pdu(NACK, status=0x0B, sequence=s.sequence))


def answered_twice(s: Submit) -> None:
    s.line.write(s.answer() + s.answer() + s.answer(b"", status=0x45) + s.receipt())


def accepted_without_an_id(s: Submit) -> None:
    s.line.write(s.answer(b""))


# --- in which order -----------------------------------------------------------------------


class OutOfOrder:
    """Answers the first of two after the second."""

    def __init__(self) -> None:
        self.first: Submit | None = None

    def __call__(self, s: Submit) -> None:
        if self.first is None:
            self.first = s
        else:
            s.line.write(s.answer() + self.first.answer() + s.receipt() + self.first.receipt())


def receipt_first(s: Submit) -> None:
    s.line.write(s.receipt(), s.answer())


def receipts_thrice(s: Submit) -> None:
    s.line.write(s.answer(), s.receipt() + s.receipt(), s.receipt())


def states_in_no_order(s: Submit) -> None:
    stats = ("ACCEPTD", "ENROUTE", "DELIVRD", "ENROUTE", "UNDELIV")
    receipts = [s.receipt(words(s.remote_id, stat)) for stat in stats]
    s.line.write(s.answer() + receipts[0], *receipts[1:])


# --- what else it says --------------------------------------------------------------------


def unknown_commands(s: Submit) -> None:
    vendors = [0x00010200, 0x00000103 + 0x40, 0x80010200, 0x0000000B, 0x7FFFFFFF]
    stray = [pdu(command, b"what?", sequence=s.line.next_sequence()) for command in vendors]
    s.line.write(b"".join(stray) + s.answer() + s.receipt())


def cut_short(s: Submit) -> None:
    whole = s.receipt()
    cut_id, cut_payload = b"\0\x1e\0\x63cut", b"\x04\x24\0\x63cut"
    for body in (whole[16:30], whole[16:-2], b"", whole[16:] + cut_id, whole[16:] + cut_payload):
        s.line.write(pdu(DELIVER, body, sequence=s.line.next_sequence()))
    s.line.write(s.answer() + s.receipt())


def a_flood_of_probes(s: Submit) -> None:
    probes = [pdu(quirky.ENQUIRE, sequence=s.line.next_sequence()) for _ in range(2000)]
    s.line.write(b"".join(probes) + s.answer() + s.receipt())


def vendor_tlvs(s: Submit) -> None:
    odd = tlv(0x1400, b"") + tlv(0x3FFF, b"\xff" * 300) + tlv(0xFFFF, b"?") + tlv(NETWORK, b"\3")
    answer = s.answer(s.remote_id.encode() + b"\0" + odd + tlv(0x001D, b"fine"))
    s.line.write(answer, s.receipt(tlvs=odd + tlv(0x0501, b"\1") + tlv(0x130C, b"")))


def by_tlvs_alone(s: Submit) -> None:
    said = tlv(ID, s.remote_id.encode()) + tlv(STATE, b"\x02")  # no NUL
    s.line.write(s.answer(), s.receipt(b"", esm_class=0, tlvs=said))


def tlvs_against_text(s: Submit) -> None:
    said = tlv(ID, s.remote_id.encode() + b"\0") + tlv(STATE, b"\x05") + tlv(NETWORK, b"\3\0\x01")
    s.line.write(s.answer(), s.receipt(words("1"), tlvs=said))


def in_the_payload(s: Submit) -> None:
    s.line.write(s.answer(), s.receipt(b"", tlvs=tlv(PAYLOAD, words(s.remote_id))))


def as_data_sm(s: Submit) -> None:
    s.line.write(s.answer(), s.data(tlvs=tlv(PAYLOAD, words(s.remote_id))))


def in_ucs2(s: Submit) -> None:
    text = words(s.remote_id).decode().encode("utf-16-be")
    s.line.write(s.answer(), s.receipt(text[:250], coding=8))


def with_a_stray_nul(s: Submit) -> None:
    s.line.write(s.answer(), s.receipt(words(s.remote_id) + b"\0", tlvs=b"\0"))


def in_decimal(s: Submit) -> None:
    s.line.write(s.answer(), s.receipt(words(str(int(s.remote_id, 16)))))


QUIRKS: dict[str, tuple[Quirk, End]] = {
    "in pieces": (in_pieces, DELIVERED),
    "many in one write": (in_one_write, DELIVERED),
    "a wrong sequence number first": (wrong_sequence_first, DELIVERED),
    "a wrong sequence number only": (wrong_sequence_only, UNANSWERED),
    "the answer of another command": (answer_of_another_command, DELIVERED),
    "an error without a body": (refused(0x0B), ("failed", 30005)),
    "an error with a body": (refused(0x0A, b"\0"), ("failed", 30007)),
    "an error with half a body": (refused(0x66, b"abc"), ("failed", 30004)),
    "a status of nobody": (refused(0x04FF), ("failed", 30008)),
    "a generic_nack": (nacked, ("failed", 30005)),
    "answered twice": (answered_twice, DELIVERED),
    "accepted without an id": (accepted_without_an_id, ("sent", None)),
    "an id without its NUL": (under(b"no-nul-7", "no-nul-7"), DELIVERED),
    "an id of 65": (under(b"5" * 65 + b"\0", "5" * 65), DELIVERED),
    "an id of 90": (under(b"000" + b"9" * 87, "0" * 3 + "9" * 87), DELIVERED),
    "an id with dashes": (
        under(b"0f1e-aa00-11ec-9621-0242ac130002\0", "0F1E-AA00-11EC-9621-0242AC130002"),
        DELIVERED,
    ),
    "the receipt before the answer": (receipt_first, DELIVERED),
    "three receipts": (receipts_thrice, DELIVERED),
    "states in no order": (states_in_no_order, DELIVERED),
    "unknown commands": (unknown_commands, DELIVERED),
    "PDUs cut short": (cut_short, DELIVERED),
    "2000 probes": (a_flood_of_probes, DELIVERED),
    "TLVs of a vendor": (vendor_tlvs, DELIVERED),
    "TLVs alone": (by_tlvs_alone, DELIVERED),
    "TLVs against the text": (tlvs_against_text, ("undelivered", 30005)),
    "in message_payload": (in_the_payload, DELIVERED),
    "as data_sm": (as_data_sm, DELIVERED),
    "in UCS-2": (in_ucs2, DELIVERED),
    "a stray NUL": (with_a_stray_nul, DELIVERED),
    "the id in decimal": (in_decimal, DELIVERED),
    **{
        f"esm_class 0x{esm_class:02X}": (then(esm_class=esm_class), DELIVERED)
        for esm_class in (0x00, 0x05, 0x08, 0x10, 0x20, 0x24, 0x44, 0x84, 0xC4, 0xFF)
    },
    **{
        f"a date of {date or 'nothing'}": (told(**{"done date": date}), DELIVERED)
        for date in ("26112212", "261122120101", "20261122120101", "2026/11/22 12:01", "", "?")
    },
    "sub and dlvrd below zero": (told(sub="-01", dlvrd="-1"), DELIVERED),
    "sub of nobody": (told(sub="9999", dlvrd="x"), DELIVERED),
    "expired": (told("EXPIRED"), ("failed", 30003)),
    "deleted": (told("DELETED"), ("failed", 30008)),
    "rejected": (told("REJECTD"), ("failed", 30004)),
    "undeliverable": (told("UNDELIV"), ("undelivered", 30003)),
    "undeliverable, err 231": (told("UNDELIV", err="231"), ("undelivered", 30007)),
    "a stat of nobody": (told("WHATEVER"), ("sent", None)),
}
NUMBERS = {f"1555{n:07}": name for n, name in enumerate(QUIRKS, start=1)}


@contextmanager
def open_shop(account: Account, smsc: QuirkySmsc, **link: Any) -> Iterator[Shop]:
    shop = Shop(account, port=smsc.port, **link)
    try:
        shop.open()
        yield shop
    finally:
        shop.close()


def test_no_quirk_stops_a_session_or_loses_a_message(account: Account, number: PhoneNumber) -> None:
    out_of_order = OutOfOrder()
    pair = {"15559999991": DELIVERED, "15559999992": DELIVERED}
    quirks = {to[-4:]: QUIRKS[name][0] for to, name in NUMBERS.items()}
    quirks |= {to[-4:]: out_of_order for to in pair}
    expected = {to: QUIRKS[name][1] for to, name in NUMBERS.items()} | pair
    with (
        QuirkySmsc(quirks) as smsc,
        open_shop(account, smsc, window_size=100, response_timeout_s=6) as shop,
    ):
        sids = shop.send(expected)
        shop.wait_ends(sids, expected)
        assert smsc.binds == ["transceiver"]
        assert len(smsc.submits) == len(expected)  # and none of them twice
        assert smsc.count(NACK, 0x03) == 4  # the unknown requests; not the unknown answer
        assert smsc.count(quirky.ENQUIRE | RESP) == 2003
        refusals = [status for command, status, _ in smsc.heard if command == DELIVER | RESP]
        assert sorted(filter(None, refusals)) == [
            0x01,
            0x02,
            0x02,
            0xC0,
        ]  # those cut short, but for one that lost its TLV alone
    names = {sids[to]: name for to, name in NUMBERS.items()}
    events = {
        name: [event.kind for event in Event.objects.filter(message__sid=sid)]
        for sid, name in names.items()
    }
    assert events["states in no order"] == [Event.Kind.RECEIPT] * 4
    assert events["three receipts"] == []
    assert not ParkedReceipt.objects.exclude(remote_id="").exists()
    assert not Message.objects.filter(locked_until__isnull=False).exists()


def test_receipts_on_the_other_bind_are_taken(account: Account, number: PhoneNumber) -> None:
    with (
        QuirkySmsc({"0001": then()}) as smsc,
        open_shop(account, smsc, bind_mode="pair") as shop,
    ):
        expected = {"15550000001": DELIVERED}
        shop.wait_ends(shop.send(expected), expected)
        assert {submit.line.kind for submit in smsc.submits} == {"transmitter"}
        assert smsc.count(DELIVER | RESP, 0) == 1


def test_an_unbind_amidst_the_window_costs_no_message(
    account: Account, number: PhoneNumber
) -> None:
    held: list[Submit] = []

    def unbind_with_the_third(s: Submit) -> None:
        held.append(s)
        if len(held) == 3:
            rest = b"".join(one.answer() + one.receipt() for one in held)
            s.line.write(pdu(quirky.UNBIND, sequence=s.line.next_sequence()), rest)

    after = {"15550000002": DELIVERED}
    quirks = {"0001": unbind_with_the_third, "0002": then()}
    amidst = {f"155500{n}0001": DELIVERED for n in range(3)}
    with QuirkySmsc(quirks) as smsc, open_shop(account, smsc) as shop:
        shop.wait_ends(shop.send(amidst), amidst)
        smsc.wait("the answer to unbind", lambda: smsc.count(quirky.UNBIND | RESP, 0))
        shop.wait_ends(shop.send(after), after)
        assert len(smsc.submits) == 4
        assert smsc.binds == ["transceiver"] * 2


@pytest.mark.parametrize("length", [0, 15, 0x7FFFFFFF])
def test_a_length_that_no_pdu_has_costs_the_session_and_no_message(
    account: Account, number: PhoneNumber, length: int
) -> None:
    def lose_count(s: Submit) -> None:
        s.line.write(s.answer() + s.receipt() + quirky.HEADER.pack(length, DELIVER, 0, 7))

    quirks: dict[str, Quirk] = {"0001": lambda s: None, "0002": lose_count, "0003": then()}
    expected = {"15550000001": UNANSWERED, "15550000002": DELIVERED}
    after = {"15550000003": DELIVERED}
    with QuirkySmsc(quirks) as smsc, open_shop(account, smsc) as shop:
        shop.wait_ends(shop.send(expected), expected)
        assert smsc.count(NACK, 0x02) == 1
        shop.wait_ends(shop.send(after), after)
        assert smsc.binds == ["transceiver"] * 2
        assert len(smsc.submits) == 3
