from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sms.errors import ErrorCode
from sms.lifecycle import Status
from sms.transports.smpp.receipts import (
    ERR_PRESETS,
    ID_FORMS,
    ReceiptFields,
    ReceiptRules,
    normalise_id,
    parse_receipt,
    rules_of,
)
from tests.sms.transports.smpp.conftest import settings

RECEIPT = 0x04
ID, NETWORK, PAYLOAD, STATE = 0x001E, 0x0423, 0x0424, 0x0427
FULL = (
    b"id:0012AB sub:001 dlvrd:001 submit date:2611221630 done date:2611221631 "
    b"stat:UNDELIV err:011 text:Hello"
)


def read(
    text: bytes = b"",
    *,
    tlvs: Mapping[int, bytes] | None = None,
    esm_class: int = RECEIPT,
    id_form: str = "same",
    rules: ReceiptRules | None = None,
) -> ReceiptFields:
    rules = rules or ReceiptRules(id_form=id_form)
    fields = parse_receipt(esm_class=esm_class, text=text, tlvs=tlvs or {}, rules=rules)
    assert fields is not None
    return fields


def test_a_full_receipt_is_read() -> None:
    assert read(FULL) == ReceiptFields(
        remote_id="0012AB",
        remote_keys=("12AB",),
        status=Status.UNDELIVERED,
        code=ErrorCode.UNREACHABLE_HANDSET,
        raw="stat:UNDELIV err:011 done date:2611221631",
    )


@pytest.mark.parametrize(
    "text",
    [
        b"id:7 stat:UNDELIV err:004",
        b"id:7 stat:UNDELIV err:004 ",
        b"err:004 stat:UNDELIV id:7",
        b"ID:7 Stat:undeliv ERR:004 TEXT:x",
        b"id: 7 stat: UNDELIV err: 004",
        b"id :7 stat :UNDELIV err :004",
        b"id:7 sub:001 dlvrd:000 stat:UNDELIVERABLE err:004",
        b"id:7 sub: dlvrd: submit date: done date: stat:UNDELIV err:004 text:",
        b"id:7,stat:UNDELIV,err:004",
        b"id:7\r\nstat:UNDELIV\r\nerr:004\r\n",
        b"id:7 stat:UNDELIV err:004\0",
        b"id:7 stat:UNDELIV err:4",
        b"id:7 stat:UNDELIV err:0004",
        b"id:7 stat:UNDELIV err:004 text:id:8 stat:DELIVRD err:000",
        b"text:id:8 stat:DELIVRD err:000 id:7 stat:UNDELIV err:004",
        b"id:7 text:stat:DELIVRD stat:UNDELIV err:004",
        b"id:7 submit date:20261122163000 done date:20261122163000 stat:UNDELIV err:004",
        b"id:7 submit date:261122163000 done date:261122163000 stat:UNDELIV err:004",
        "id:7 stat:UNDELIV err:004".encode("utf-16-be"),
    ],
)
def test_peers_write_the_text_as_they_like(text: bytes) -> None:
    fields = read(text)
    assert fields.remote_id == "7"
    assert (fields.status, fields.code) == (Status.UNDELIVERED, ErrorCode.BLOCKED)


@pytest.mark.parametrize(
    ("stat", "state", "status", "default"),
    [
        ("SCHEDULED", 0, None, None),
        ("ENROUTE", 1, None, None),
        ("BUFFRED", 1, None, None),
        ("DELIVRD", 2, Status.DELIVERED, None),
        ("DELIVERED", 2, Status.DELIVERED, None),
        ("EXPIRED", 3, Status.FAILED, 30003),
        ("DELETED", 4, Status.FAILED, 30008),
        ("UNDELIV", 5, Status.UNDELIVERED, 30003),
        ("undeliverable", 5, Status.UNDELIVERED, 30003),
        ("ACCEPTD", 6, None, None),
        ("ACCEPTED", 6, None, None),
        ("UNKNOWN", 7, None, None),
        ("REJECTD", 8, Status.FAILED, 30004),
        ("REJECTED", 8, Status.FAILED, 30004),
        ("SKIPPED", 9, Status.UNDELIVERED, 30008),
        ("FAILED", 9, Status.UNDELIVERED, 30008),
    ],
)
def test_each_state_has_its_status_and_default_code(
    stat: str, state: int, status: Status | None, default: int | None
) -> None:
    failed = status in (Status.FAILED, Status.UNDELIVERED)
    for suffix, code in (
        ("", default),
        (" err:000", default),
        (" err:0", default),
        (" err:", default),
        (" err: text:Hi", default),
        (" err: submit date:2611221630", default),
        (" err:231", 30007 if failed else None),
        (" err:999", 30008 if failed else None),
        (" err:AB1", 30008 if failed else None),
    ):
        fields = read(f"id:7 stat:{stat}{suffix}".encode())
        assert (fields.status, fields.code) == (status, code), suffix
    by_tlv = read(tlvs={ID: b"7\0", STATE: bytes([state])})
    assert (by_tlv.status, by_tlv.code) == (status, default)


@pytest.mark.parametrize(
    ("code", "errs"),
    [
        (30003, "008 011 023 228"),
        (30004, "004 005 007 022 224 225 229 230"),
        (30005, "001 002 003 038 039 232"),
        (30006, "010"),
        (30007, "231"),
        (30008, "012 013 014 034 040 045 051 194 226 227 006 100 a1"),
    ],
)
def test_err_has_its_code(code: int, errs: str) -> None:
    for err in errs.split():
        assert read(f"id:7 stat:UNDELIV err:{err}".encode()).code == code, err


@pytest.mark.parametrize(
    ("network", "code"),
    [
        ("030001", 30005),
        ("030005", 30005),
        ("030006", 30003),
        ("030009", 30005),
        ("03000b", 30006),
        ("03000c", 30005),
        ("03000d", 30004),
        ("030015", 30006),
        ("03001b", 30003),
        ("03001f", 30003),
        ("030020", 30003),
        ("030021", 30003),
        ("030063", 30008),
        # No error, another network, or nonsense: what the text says counts.
        ("030000", 30007),
        ("010006", 30007),
        ("03", 30007),
        ("", 30007),
    ],
)
def test_network_error_code_wins_over_err(network: str, code: int) -> None:
    tlvs = {NETWORK: bytes.fromhex(network)}
    assert read(b"id:7 stat:UNDELIV err:231", tlvs=tlvs).code == code
    assert read(b"id:7 stat:DELIVRD err:231", tlvs=tlvs).code is None


def rules(**values: object) -> ReceiptRules:
    return rules_of(settings(1, **values))


@pytest.mark.parametrize(
    ("preset", "err", "code"),
    [
        ("nexmo", "011", 30003),
        ("gsm", "011", 30006),
        ("gsm", "27", 30003),
        ("gsm", "099", 30008),
        ("none", "011", 30008),
        ("none", "000", 30003),
    ],
)
def test_each_link_has_its_own_table_of_err(preset: str, err: str, code: int) -> None:
    text = f"id:7 stat:UNDELIV err:{err}".encode()
    assert read(text, rules=rules(err_preset=preset)).code == code


def test_what_the_operator_says_of_an_err_wins() -> None:
    own = rules(err_overrides={"0011": 30005, "x1": 30007})
    assert read(b"id:7 stat:UNDELIV err:011", rules=own).code == 30005
    assert read(b"id:7 stat:UNDELIV err:X1", rules=own).code == 30007
    assert read(b"id:7 stat:UNDELIV err:008", rules=own).code == 30003
    assert read(b"id:7 stat:DELIVRD err:011", rules=own).code is None


@pytest.mark.parametrize(
    ("network", "code"),
    [("03001b", 30005), ("020005", 30004), ("020006", 30003), ("030006", 30003)],
)
def test_what_the_operator_says_of_a_network_error_wins(network: str, code: int) -> None:
    own = rules(network_error_codes={"27": 30005, "2:5": 30004})
    tlvs = {NETWORK: bytes.fromhex(network)}
    assert read(b"id:7 stat:UNDELIV err:008", tlvs=tlvs, rules=own).code == code


@pytest.mark.parametrize("preset", ERR_PRESETS)
def test_an_unknown_state_is_final_where_the_link_says_so(preset: str) -> None:
    own = rules(unknown_is_final=True, err_preset=preset)
    for fields in (
        read(b"id:7 stat:UNKNOWN err:000", rules=own),
        read(tlvs={ID: b"7", STATE: b"\x07"}, rules=own),
    ):
        assert (fields.status, fields.code) == (Status.UNDELIVERED, ErrorCode.UNKNOWN)
    assert read(b"id:7 stat:ENROUTE err:000", rules=own).status is None
    assert read(b"id:7 stat:WHATEVER", rules=own).status is None


@pytest.mark.parametrize(
    ("sub", "covers"),
    [("001", 1), ("003", 3), ("3", 3), ("000", 1), ("", 1), ("9999", 1), ("abc", 1), ("\u0663", 1)],
)
def test_a_receipt_says_how_many_parts_it_covers(sub: str, covers: int) -> None:
    text = f"id:7 sub:{sub} dlvrd:001 stat:DELIVRD".encode("latin-1", "replace")
    assert read(text).covers == covers


def test_tlvs_win_over_the_text() -> None:
    fields = read(FULL, tlvs={ID: b"99\0", STATE: b"\x02"})
    assert (fields.remote_id, fields.status, fields.code) == ("99", Status.DELIVERED, None)


@pytest.mark.parametrize("value", [b"ABC123", b"ABC123\0", b"ABC123\0junk", b" ABC123 \0"])
def test_the_id_tlv_ends_at_its_first_nul(value: bytes) -> None:
    assert read(tlvs={ID: value, STATE: b"\x02"}).remote_id == "ABC123"


@pytest.mark.parametrize("state", [b"", b"\x63", b"\x00\x00\x00\x63"])
def test_the_text_decides_when_the_state_tlv_makes_no_sense(state: bytes) -> None:
    assert read(FULL, tlvs={ID: b"", STATE: state}).status is Status.UNDELIVERED
    assert read(FULL, tlvs={ID: b"", STATE: state}).remote_id == "0012AB"


def test_the_text_may_come_as_message_payload() -> None:
    assert read(tlvs={PAYLOAD: FULL}).remote_id == "0012AB"


@pytest.mark.parametrize("esm_class", [0x04, 0x20, 0x44, 0x84, 0x07])
def test_esm_class_makes_a_receipt(esm_class: int) -> None:
    fields = read(b"hello", esm_class=esm_class)
    assert fields == ReceiptFields(remote_id="", remote_keys=(), status=None, code=None, raw="")


@pytest.mark.parametrize("esm_class", [0x00, 0x01, 0x03, 0x40, 0x08, 0x10])
def test_odd_esm_class_does_not_hide_a_receipt(esm_class: int) -> None:
    assert read(FULL, esm_class=esm_class).remote_id == "0012AB"
    assert read(tlvs={ID: b"7"}, esm_class=esm_class).remote_id == "7"
    for third in (b"err:000", b"dlvrd:001", b"done date:2611221630"):
        assert read(b"id:7 stat:DELIVRD " + third, esm_class=esm_class).remote_id == "7"


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"Hello",
        b"id:7 stat:DELIVRD",
        b"stat:DELIVRD err:000",
        b"id:7 err:000 dlvrd:001",
        b"valid:7 thermostat:21 stderr:000",
    ],
)
@pytest.mark.parametrize("esm_class", [0x00, 0x40, 0x08, 0x18])
def test_somebodys_message_is_no_receipt(text: bytes, esm_class: int) -> None:
    rules = ReceiptRules()
    assert parse_receipt(esm_class=esm_class, text=text, tlvs={}, rules=rules) is None


@pytest.mark.parametrize(
    ("remote_id", "id_form", "keys"),
    [
        ("00AB-cd", "same", ("AB-CD",)),
        ("000", "same", ("0",)),
        ("255", "same", ("255",)),
        ("255", "hex-dec", ("FF",)),
        ("0255", "hex-dec", ("FF",)),
        ("00ff", "hex-dec", ("FF",)),
        ("00ff", "dec-hex", ("255",)),
        ("255", "dec-hex", ("597",)),
        ("xyz", "dec-hex", ("XYZ",)),
        ("255", "auto", ("255", "FF", "597")),
        ("0ff", "auto", ("FF", "255")),
        ("7", "auto", ("7",)),
        ("0", "auto", ("0",)),
        ("xyz", "auto", ("XYZ",)),
        ("9f3c1e2a-0b5d", "auto", ("9F3C1E2A-0B5D",)),
    ],
)
def test_candidates_come_likeliest_first(
    remote_id: str, id_form: str, keys: tuple[str, ...]
) -> None:
    text = f"id:{remote_id} stat:DELIVRD err:000".encode()
    assert read(text, id_form=id_form).remote_keys == keys


@pytest.mark.parametrize(
    ("answer", "receipt", "id_form"),
    [
        ("00A1", "a1", "same"),
        ("0000abcd", "43981", "hex-dec"),
        ("43981", "ABCD", "dec-hex"),
        ("abcd", "0000043981", "auto"),
        ("43981", "0abcd", "auto"),
    ],
)
def test_an_answer_finds_its_receipt(answer: str, receipt: str, id_form: str) -> None:
    text = f"id:{receipt} stat:DELIVRD err:000".encode()
    assert normalise_id(answer) in read(text, id_form=id_form).remote_keys


@pytest.mark.parametrize(
    ("remote_id", "key"),
    [("00aB", "AB"), ("000", "0"), ("0", "0"), ("", ""), ("a-0", "A-0"), ("10", "10")],
)
def test_zeros_and_case_do_not_matter(remote_id: str, key: str) -> None:
    assert normalise_id(remote_id) == key


def test_long_ids_are_kept_to_the_limit_of_the_field() -> None:
    assert len(read(b"id:" + b"9" * 9000 + b" stat:DELIVRD err:0", id_form="auto").remote_id) == 65


def test_raw_holds_the_peers_words_and_nothing_of_the_message() -> None:
    fields = read(
        b"id:7 stat:REJECTD err:0X9 text:secret", tlvs={STATE: b"\x08", NETWORK: b"\3\0\6"}
    )
    assert fields.raw == "stat:REJECTD err:0X9 message_state:8 network_error_code:030006"


@given(
    st.integers(0, 255),
    st.one_of(
        st.binary(max_size=254),
        st.lists(st.sampled_from([b"id:", b"stat:", b"err:", b"text:", b" ", b"\0", b"7"])).map(
            b"".join
        ),
    ),
    st.dictionaries(st.sampled_from([ID, NETWORK, PAYLOAD, STATE, 0x1400]), st.binary(max_size=70)),
    st.sampled_from(ID_FORMS),
)
def test_no_octets_make_a_receipt_fail(
    esm_class: int, text: bytes, tlvs: dict[int, bytes], id_form: str
) -> None:
    rules = ReceiptRules(id_form=id_form)
    fields = parse_receipt(esm_class=esm_class, text=text, tlvs=tlvs, rules=rules)
    assert fields is None or fields.status is not Status.DELIVERED or fields.code is None
