"""What a command_status means for a segment: try again or not, and the code it ends with."""

from collections.abc import Mapping
from dataclasses import dataclass

from sms.errors import ErrorCode
from sms.overrides import StatusOverride
from sms.transports.base import Fault, TransportError
from sms.transports.smpp.codec import CommandStatus


@dataclass(frozen=True, slots=True)
class _Failure:
    code: ErrorCode = ErrorCode.UNKNOWN
    permanent: bool = True
    retries_s: tuple[float, ...] = ()
    max_tries: int | None = None
    fault: Fault | None = None


def _final(code: ErrorCode) -> _Failure:
    return _Failure(code)


def _retry(
    code: ErrorCode, *in_s: float, tries: int | None = None, fault: Fault = Fault.PEER
) -> _Failure:
    return _Failure(code, permanent=False, retries_s=in_s, max_tries=tries, fault=fault)


_OURS = _Failure()
"""Our PDU, or the settings of the link, are wrong; sending it again changes nothing."""

_REBIND = _retry(ErrorCode.UNREACHABLE_CARRIER, 0.0)
"""The session is worth nothing to the peer; the segment is fine on the next one."""

_BIND = _retry(ErrorCode.UNREACHABLE_CARRIER, 60.0)
"""The peer refuses us, not the segment."""

_STATUSES: dict[int, tuple[str, _Failure]] = {
    0x00: ("ESME_ROK", _OURS),  # reached only by a generic_nack that contradicts itself
    0x01: ("ESME_RINVMSGLEN", _OURS),
    0x02: ("ESME_RINVCMDLEN", _OURS),
    0x03: ("ESME_RINVCMDID", _OURS),
    0x04: ("ESME_RINVBNDSTS", _REBIND),
    0x05: ("ESME_RALYBND", _retry(ErrorCode.UNREACHABLE_CARRIER, 30.0)),
    0x06: ("ESME_RINVPRTFLG", _OURS),
    0x07: ("ESME_RINVREGDLVFLG", _OURS),
    0x08: ("ESME_RSYSERR", _retry(ErrorCode.UNKNOWN, 30.0, tries=3)),
    0x0A: ("ESME_RINVSRCADR", _final(ErrorCode.CARRIER_VIOLATION)),
    0x0B: ("ESME_RINVDSTADR", _final(ErrorCode.UNKNOWN_HANDSET)),
    0x0C: ("ESME_RINVMSGID", _OURS),
    0x0D: ("ESME_RBINDFAIL", _BIND),
    0x0E: ("ESME_RINVPASWD", _BIND),
    0x0F: ("ESME_RINVSYSID", _BIND),
    0x11: ("ESME_RCANCELFAIL", _OURS),
    0x13: ("ESME_RREPLACEFAIL", _OURS),
    0x14: ("ESME_RMSGQFUL", _retry(ErrorCode.QUEUE_OVERFLOW, 30.0, 60.0, 180.0)),
    0x15: ("ESME_RINVSERTYP", _OURS),
    0x33: ("ESME_RINVNUMDESTS", _OURS),
    0x34: ("ESME_RINVDLNAME", _OURS),
    0x40: ("ESME_RINVDESTFLAG", _OURS),
    0x42: ("ESME_RINVSUBREP", _OURS),
    0x43: ("ESME_RINVESMCLASS", _OURS),
    0x44: ("ESME_RCNTSUBDL", _OURS),
    0x45: ("ESME_RSUBMITFAIL", _retry(ErrorCode.UNKNOWN, 60.0, tries=2)),
    0x48: ("ESME_RINVSRCTON", _OURS),
    0x49: ("ESME_RINVSRCNPI", _OURS),
    0x50: ("ESME_RINVDSTTON", _OURS),
    0x51: ("ESME_RINVDSTNPI", _OURS),
    0x53: ("ESME_RINVSYSTYP", _BIND),
    0x54: ("ESME_RINVREPFLAG", _OURS),
    0x55: ("ESME_RINVNUMMSGS", _OURS),
    0x58: ("ESME_RTHROTTLED", _retry(ErrorCode.QUEUE_OVERFLOW, 1.0, fault=Fault.PACE)),
    0x61: ("ESME_RINVSCHED", _retry(ErrorCode.UNKNOWN, 300.0, tries=2, fault=Fault.MESSAGE)),
    0x62: ("ESME_RINVEXPIRY", _OURS),
    0x63: ("ESME_RINVDFTMSGID", _OURS),
    0x64: (
        "ESME_RX_T_APPN",
        _retry(ErrorCode.UNREACHABLE_HANDSET, 60.0, tries=3, fault=Fault.MESSAGE),
    ),
    0x65: ("ESME_RX_P_APPN", _final(ErrorCode.UNKNOWN)),
    0x66: ("ESME_RX_R_APPN", _final(ErrorCode.BLOCKED)),
    0x67: ("ESME_RQUERYFAIL", _OURS),
    0xC0: ("ESME_RINVOPTPARSTREAM", _OURS),
    0xC1: ("ESME_ROPTPARNOTALLWD", _OURS),
    0xC2: ("ESME_RINVPARLEN", _OURS),
    0xC3: ("ESME_RMISSINGOPTPARAM", _OURS),
    0xC4: ("ESME_RINVOPTPARAMVAL", _OURS),
    0xFE: ("ESME_RDELIVERYFAILURE", _final(ErrorCode.UNREACHABLE_CARRIER)),
    0xFF: ("ESME_RUNKNOWNERR", _retry(ErrorCode.UNKNOWN, 60.0, tries=2)),
    # SMPP 5.0; the rest of its range falls back.
    0x0100: ("ESME_RSERTYPUNAUTH", _OURS),
    0x0101: ("ESME_RPROHIBITED", _final(ErrorCode.BLOCKED)),
    0x0102: ("ESME_RSERTYPUNAVAIL", _retry(ErrorCode.UNKNOWN, 60.0, tries=3)),
    0x0103: ("ESME_RSERTYPDENIED", _final(ErrorCode.BLOCKED)),
    0x0104: ("ESME_RINVDCS", _OURS),
}

NO_OVERRIDES: Mapping[int, StatusOverride] = {}

_RANGES = (
    (range(0x0000, 0x0100), "reserved"),
    (range(0x0100, 0x0400), "reserved for SMPP extension"),
    (range(0x0400, 0x0500), "vendor specific"),
)


def failure_for(
    command_status: int, overrides: Mapping[int, StatusOverride] = NO_OVERRIDES
) -> TransportError:
    """Say what an answer other than ESME_ROK means for its segment, on a link.

    A status without a row is final and UNKNOWN, whichever range it is from.
    Source: SMPP 3.4 §5.1.3; SMPP 5.0 §4.7.6 from 0x0100 on.
    """
    failure: _Failure | StatusOverride
    _, known = _STATUSES.get(command_status, ("", _Failure()))
    failure = overrides.get(command_status, known)
    return TransportError(
        failure.code,
        permanent=failure.permanent,
        raw=status_name(command_status),
        max_tries=failure.max_tries,
        retries_s=failure.retries_s,
        # An operator says how often to try again, not whose fault it is.
        fault=None if failure.permanent else known.fault,
    )


_BIND_REFUSALS: dict[int, str] = {
    0x04: "it counts another session of this connection",
    0x05: "it counts an earlier connection of ours still, or allows fewer binds than we make",
    0x08: "it has a fault of its own",
    0x0D: "it gives no reason; ask the carrier whether the account is open to this address",
    0x0E: "the password is wrong",
    0x0F: "it does not know the system_id",
    0x14: "it is too busy",
    0x53: "the system_type is wrong",
    0x58: "we bind too often, or too many binds at once",
}


def bind_refusal(command_status: int) -> str:
    """Say to an operator why the peer refused a bind."""
    words = _BIND_REFUSALS.get(command_status, "ask the carrier what it means")
    return f"bind refused: {status_name(command_status)}: {words}"


def is_our_mistake(command_status: int) -> bool:
    """Say whether a status means that our PDU, or how the link is set, is wrong."""
    _, failure = _STATUSES.get(command_status, ("", _Failure()))
    return command_status != CommandStatus.OK and failure is _OURS


def status_name(command_status: int) -> str:
    """Name a command_status for logs and timelines, its number always with it."""
    name, _ = _STATUSES.get(command_status, (_range_name(command_status), _OURS))
    return f"{name} (0x{command_status:08X})"


def _range_name(command_status: int) -> str:
    return next((name for span, name in _RANGES if command_status in span), "reserved")
