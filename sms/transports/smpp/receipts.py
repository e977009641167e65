"""Delivery receipts as peers write them: by TLVs, by text, or by both. Pure."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from sms.errors import ErrorCode
from sms.lifecycle import Status
from sms.overrides import GSM_NETWORK, normalise_err, read_errs, read_network_errors
from sms.transports.smpp.settings import SmppSettings

ID_FORMS = ("same", "hex-dec", "dec-hex", "auto")
"""How the id in a receipt is written against the one in the answer: "hex-dec" is
hexadecimal in the answer and decimal in the receipt."""

_RECEIPTED_MESSAGE_ID = 0x001E
_NETWORK_ERROR_CODE = 0x0423
_MESSAGE_PAYLOAD = 0x0424
_MESSAGE_STATE = 0x0427

_TYPE_BITS = 0x3C
_RECEIPT_TYPES = (0x04, 0x20)  # delivery receipt, intermediate notification

ID_LIMIT = 65
"""Characters that are kept of an id, in an answer as in a receipt."""
_RAW_LIMIT = 200


@dataclass(frozen=True, slots=True)
class ReceiptFields:
    """What a receipt says."""

    remote_id: str
    """As the peer wrote it; empty when it named none."""
    remote_keys: tuple[str, ...]
    """Forms to compare with the normalised id of the answer, likeliest first."""
    status: Status | None
    """DELIVERED, UNDELIVERED or FAILED; None for a state on the way, or an unknown one."""
    code: ErrorCode | None
    raw: str
    """The peer's own words, without any text of the message."""
    covers: int = 1
    """What `sub` says: one receipt may speak of several parts."""


@dataclass(frozen=True, slots=True)
class _State:
    status: Status | None = None
    default: ErrorCode = ErrorCode.UNKNOWN


_ON_THE_WAY = _State()

_STATES = {
    0: _ON_THE_WAY,  # SCHEDULED, SMPP 5.0
    1: _ON_THE_WAY,  # ENROUTE
    2: _State(Status.DELIVERED),  # DELIVERED
    3: _State(Status.FAILED, ErrorCode.UNREACHABLE_HANDSET),  # EXPIRED
    4: _State(Status.FAILED, ErrorCode.UNKNOWN),  # DELETED
    5: _State(Status.UNDELIVERED, ErrorCode.UNREACHABLE_HANDSET),  # UNDELIVERABLE
    6: _ON_THE_WAY,  # ACCEPTED
    7: _ON_THE_WAY,  # UNKNOWN, unless the link's rules say that it is final
    8: _State(Status.FAILED, ErrorCode.BLOCKED),  # REJECTED
    9: _State(Status.UNDELIVERED, ErrorCode.UNKNOWN),  # SKIPPED, SMPP 5.0
}
"""message_state. Source: SMPP 3.4 §5.2.28."""

_STATS = {
    "SCHEDUL": 0,
    "ENROUTE": 1,
    "BUFFRED": 1,
    "DELIVRD": 2,
    "DELIVER": 2,
    "EXPIRED": 3,
    "DELETED": 4,
    "UNDELIV": 5,
    "ACCEPTD": 6,
    "ACCEPTE": 6,
    "UNKNOWN": 7,
    "REJECTD": 8,
    "REJECTE": 8,
    "SKIPPED": 9,
    "FAILED": 9,
}
"""The first seven letters of stat. Source: SMPP 3.4 Appendix B; peers that spell it out."""


_UNKNOWN = 7
_UNKNOWN_IS_FINAL = _State(Status.UNDELIVERED, ErrorCode.UNKNOWN)


def _invert(codes: Mapping[ErrorCode, str]) -> dict[str, ErrorCode]:
    return {normalise_err(err): code for code, errs in codes.items() for err in errs.split()}


_NEXMO = _invert(
    {
        ErrorCode.UNREACHABLE_HANDSET: "008 011 023 228",
        ErrorCode.BLOCKED: "004 005 007 022 224 225 229 230",
        ErrorCode.UNKNOWN_HANDSET: "001 002 003 038 039 232",
        ErrorCode.UNREACHABLE_CARRIER: "010",
        ErrorCode.CARRIER_VIOLATION: "231",
    }
)
"""err, as Nexmo has it."""

_GSM_ERRORS = {
    1: ErrorCode.UNKNOWN_HANDSET,  # unknownSubscriber
    5: ErrorCode.UNKNOWN_HANDSET,  # unidentifiedSubscriber
    6: ErrorCode.UNREACHABLE_HANDSET,  # absentSubscriberSM
    9: ErrorCode.UNKNOWN_HANDSET,  # illegalSubscriber
    11: ErrorCode.UNREACHABLE_CARRIER,  # teleserviceNotProvisioned
    12: ErrorCode.UNKNOWN_HANDSET,  # illegalEquipment
    13: ErrorCode.BLOCKED,  # callBarred
    21: ErrorCode.UNREACHABLE_CARRIER,  # facilityNotSupported
    27: ErrorCode.UNREACHABLE_HANDSET,  # absentSubscriber
    31: ErrorCode.UNREACHABLE_HANDSET,  # subscriberBusyForMT-SMS
    32: ErrorCode.UNREACHABLE_HANDSET,  # sm-DeliveryFailure
    33: ErrorCode.UNREACHABLE_HANDSET,  # messageWaitingListFull
}
"""network_error_code of a GSM network. Source: 3GPP TS 29.002."""

ERR_PRESETS: Mapping[str, Mapping[str, ErrorCode]] = {
    "nexmo": _NEXMO,
    "gsm": {str(error): code for error, code in _GSM_ERRORS.items()},
    "none": {},
}
_NETWORK_ERRORS = {(GSM_NETWORK, error): code for error, code in _GSM_ERRORS.items()}


@dataclass(frozen=True, slots=True)
class ReceiptRules:
    """How one link's receipts are read. An error in no table is UNKNOWN."""

    id_form: str = "auto"
    unknown_is_final: bool = False
    errs: Mapping[str, ErrorCode] = field(default_factory=lambda: _NEXMO)
    network_errors: Mapping[tuple[int, int], ErrorCode] = field(
        default_factory=lambda: _NETWORK_ERRORS
    )


def rules_of(settings: SmppSettings) -> ReceiptRules:
    """Read a link's rules from its settings."""
    return ReceiptRules(
        id_form=settings.receipt_id_form,
        unknown_is_final=settings.unknown_is_final,
        errs={**ERR_PRESETS[settings.err_preset], **read_errs(settings.err_overrides)},
        network_errors={**_NETWORK_ERRORS, **read_network_errors(settings.network_error_codes)},
    )


_NAMES = ("id", "sub", "dlvrd", "submit date", "done date", "stat", "err")
_ANY_NAME = "|".join((*_NAMES, "text")).replace(" ", r"\s*")


def _field(name: str) -> re.Pattern[str]:
    spelled = name.replace(" ", r"\s*")
    # A field may be empty; then the next field's name is not its value.
    return re.compile(rf"(?<!\w){spelled}\s*:\s*(?!(?:{_ANY_NAME})\s*:)([^\s,;]+)", re.IGNORECASE)


_FIELDS = {name: _field(name) for name in _NAMES}
_TEXT = re.compile(r"(?<!\w)text\s*:", re.IGNORECASE)


def parse_receipt(
    *, esm_class: int, text: bytes, tlvs: Mapping[int, bytes], rules: ReceiptRules
) -> ReceiptFields | None:
    """Read a deliver_sm or data_sm as a receipt; None when somebody's message is in it.

    Source: SMPP 3.4 §5.2.12, §5.3.2.26, Appendix B.
    """
    words = _read_text(text or tlvs.get(_MESSAGE_PAYLOAD, b""))
    if not _is_receipt(esm_class, words, tlvs):
        return None
    remote_id = (_c_octets(tlvs.get(_RECEIPTED_MESSAGE_ID, b"")) or words.get("id", ""))[:ID_LIMIT]
    state = _state(words, tlvs, rules)
    return ReceiptFields(
        remote_id=remote_id,
        remote_keys=_keys(remote_id, rules.id_form),
        status=state.status,
        code=_code(state, words, tlvs, rules),
        raw=_raw(words, tlvs),
        covers=_covers(words),
    )


def normalise_id(remote_id: str) -> str:
    """Write an id so that leading zeros and case do not matter."""
    return remote_id.upper().lstrip("0") or remote_id[:1]


def _is_receipt(esm_class: int, words: Mapping[str, str], tlvs: Mapping[int, bytes]) -> bool:
    if esm_class & _TYPE_BITS in _RECEIPT_TYPES or _RECEIPTED_MESSAGE_ID in tlvs:
        return True
    return {"id", "stat"} <= words.keys() and not {"err", "dlvrd", "done date"}.isdisjoint(words)


def _read_text(octets: bytes) -> dict[str, str]:
    """Find the fields by name, in any order; those inside the message's own text do not count."""
    # Some peers end the text with a NUL; without its NULs UCS-2 reads as ASCII.
    head, *tail = _TEXT.split(octets.replace(b"\0", b"").decode("latin-1"), maxsplit=1)
    words = _first_values(head)
    if tail and not {"id", "stat"} <= words.keys():
        # The text does not come last here, so what the peer wrote comes after it.
        words = _last_values(tail[0]) | words
    return words


def _first_values(text: str) -> dict[str, str]:
    found = {name: pattern.search(text) for name, pattern in _FIELDS.items()}
    return {name: match[1] for name, match in found.items() if match}


def _last_values(text: str) -> dict[str, str]:
    found = {name: pattern.findall(text) for name, pattern in _FIELDS.items()}
    return {name: values[-1] for name, values in found.items() if values}


def _c_octets(value: bytes) -> str:
    return value.partition(b"\0")[0].decode("latin-1").strip()


def _state(words: Mapping[str, str], tlvs: Mapping[int, bytes], rules: ReceiptRules) -> _State:
    told = int.from_bytes(tlvs.get(_MESSAGE_STATE, b"") or b"\xff", "big")
    number = told if told in _STATES else _STATS.get(words.get("stat", "")[:7].upper())
    if number == _UNKNOWN and rules.unknown_is_final:
        return _UNKNOWN_IS_FINAL
    return _ON_THE_WAY if number is None else _STATES[number]


def _code(
    state: _State, words: Mapping[str, str], tlvs: Mapping[int, bytes], rules: ReceiptRules
) -> ErrorCode | None:
    if state.status in (None, Status.DELIVERED):
        return None
    network, cause = _network_error(tlvs)
    if (network, cause) in rules.network_errors or (network == GSM_NETWORK and cause):
        return rules.network_errors.get((network, cause), ErrorCode.UNKNOWN)
    err = normalise_err(words.get("err", ""))
    return rules.errs.get(err, ErrorCode.UNKNOWN) if err else state.default


def _covers(words: Mapping[str, str]) -> int:
    told = words.get("sub", "")
    return max(int(told), 1) if _SUB.fullmatch(told) else 1


def _network_error(tlvs: Mapping[int, bytes]) -> tuple[int, int]:
    """Read the network's type and its error; zeros when there is none."""
    value = tlvs.get(_NETWORK_ERROR_CODE, b"")
    return (value[0], int.from_bytes(value[1:], "big")) if value else (0, 0)


def _raw(words: Mapping[str, str], tlvs: Mapping[int, bytes]) -> str:
    said = [f"{name}:{words[name]}" for name in ("stat", "err", "done date") if name in words]
    if _MESSAGE_STATE in tlvs:
        said.append(f"message_state:{int.from_bytes(tlvs[_MESSAGE_STATE][:4], 'big')}")
    if _NETWORK_ERROR_CODE in tlvs:
        said.append(f"network_error_code:{tlvs[_NETWORK_ERROR_CODE][:4].hex()}")
    return " ".join(said)[:_RAW_LIMIT]


_SUB = re.compile(r"[0-9]{1,3}")
_DECIMAL = re.compile(r"[0-9]+")
_HEXADECIMAL = re.compile(r"[0-9A-F]+")


def _keys(remote_id: str, id_form: str) -> tuple[str, ...]:
    """List what the answer's id may look like, seen from the receipt's."""
    if not remote_id:
        return ()
    same = normalise_id(remote_id)
    as_hex = f"{int(same):X}" if _DECIMAL.fullmatch(same) else same
    as_decimal = str(int(same, 16)) if _HEXADECIMAL.fullmatch(same) else same
    forms = {
        "same": (same,),
        "hex-dec": (as_hex,),
        "dec-hex": (as_decimal,),
        "auto": (same, as_hex, as_decimal),
    }
    return tuple(dict.fromkeys(forms[id_form]))
