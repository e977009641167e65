"""What an operator changes in a link's tables of codes, as JSON. Pure.

Three tables: command_status, the err of receipts, and their network_error_code. The
model checks them with these readers, and the transport reads them with the same.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from sms.errors import ErrorCode

GSM_NETWORK: Final = 3
"""The type of network where a key names none. Source: SMPP 3.4 §5.3.2.31."""

_Key = TypeVar("_Key")
_Value = TypeVar("_Value")

_STATUS_WORDS: Final = frozenset({"code", "permanent", "retry_s", "max_tries"})


@dataclass(frozen=True, slots=True)
class StatusOverride:
    """What a command_status means on one link."""

    code: ErrorCode
    permanent: bool = True
    retries_s: tuple[float, ...] = ()
    """Waits before the tries that follow; the last one repeats."""
    max_tries: int | None = None


def read_statuses(table: object) -> dict[int, StatusOverride]:
    """Read `{"0x0401": {"code": 30004}, "0x45": {"code": 30008, "retry_s": [60, 120]}}`.

    A status is final unless `retry_s` says when to try again; `max_tries` bounds that.
    Raises ValueError, in one sentence.
    """
    return _read(table, _status, _override)


def read_errs(table: object) -> dict[str, ErrorCode]:
    """Read `{"011": 30003}`, by the err of a receipt without its leading zeros.

    Raises ValueError, in one sentence.
    """
    return _read(table, normalise_err, _code)


def read_network_errors(table: object) -> dict[tuple[int, int], ErrorCode]:
    """Read `{"27": 30003, "2:5": 30005}`, by type of network (GSM where none) and error.

    Raises ValueError, in one sentence.
    """
    return _read(table, _network_error, _code)


def normalise_err(err: str) -> str:
    """Write an err so that leading zeros and case do not matter; empty for none."""
    return err.strip().upper().lstrip("0")


def _read(
    table: object, read_key: Callable[[str], _Key], read_value: Callable[[str, Any], _Value]
) -> dict[_Key, _Value]:
    if not isinstance(table, Mapping):
        raise ValueError("This must be a JSON object.")
    return {read_key(str(key)): read_value(str(key), value) for key, value in table.items()}


def _status(key: str) -> int:
    try:
        status = int(key, 0)
    except ValueError:
        raise ValueError(f"{key} is no command_status; write it as 0x58 or 88.") from None
    if not 0 < status <= 0xFFFFFFFF:
        raise ValueError(f"{key} is not within 0x1 and 0xFFFFFFFF.")
    return status


def _network_error(key: str) -> tuple[int, int]:
    found = re.fullmatch(r"(?:(\d{1,3}):)?(\d{1,5})", key, re.ASCII)
    if not found:
        raise ValueError(f"{key} is no network error; write it as 27 or, with its network, 3:27.")
    return int(found[1] or GSM_NETWORK), int(found[2])


def _code(key: str, value: object) -> ErrorCode:
    try:
        return ErrorCode(value)  # type: ignore[arg-type]  # whatever it is, it is one or not
    except ValueError:
        known = ", ".join(str(code.value) for code in ErrorCode)
        raise ValueError(f"{key}: {value} is none of {known}.") from None


def _override(key: str, row: object) -> StatusOverride:
    if not isinstance(row, Mapping) or not {"code"} <= row.keys() <= _STATUS_WORDS:
        raise ValueError(f"{key} needs a code, and may have permanent, retry_s and max_tries.")
    retries_s = _waits(key, row.get("retry_s", []))
    permanent = row.get("permanent", not retries_s)
    if not isinstance(permanent, bool) or permanent == bool(retries_s):
        raise ValueError(f"{key} is either permanent or has retry_s.")
    return StatusOverride(_code(key, row["code"]), permanent, retries_s, _tries(key, row))


def _waits(key: str, value: Any) -> tuple[float, ...]:
    waits = value if isinstance(value, list) else [value]
    # bool is an int to Python, and no number of seconds to anybody.
    if not all(type(wait) in (int, float) and 0 <= wait <= 86_400 for wait in waits):
        raise ValueError(f"{key}: retry_s is a list of seconds, each of them at most a day.")
    return tuple(float(wait) for wait in waits)


def _tries(key: str, row: Mapping[str, object]) -> int | None:
    tries = row.get("max_tries")
    if tries is not None and (type(tries) is not int or tries < 1):
        raise ValueError(f"{key}: max_tries is a whole number from 1 on.")
    return tries
