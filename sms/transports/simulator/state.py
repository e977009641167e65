"""What outlives the simulator: what it owes, and where its counters stand.

The file holds messages and numbers of people, so only its owner may read it.
"""

import json
import math
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeVar

from sms.transports.simulator.mailbox import Delivery
from sms.transports.smpp.codec import DeliverSm, MalformedPdu, decode, encode

_COUNTER_END: Final = 1 << 63

_Kind = TypeVar("_Kind", str, int, float, bool, list[object])


class BrokenState(Exception):
    """A file that cannot be read as a state; the text says why."""


@dataclass(frozen=True, slots=True, eq=False)
class Owed:
    """One delivery that an ESME has yet to acknowledge."""

    system_id: str
    """Of the ESME; empty for the one that binds first."""
    delivery: Delivery
    due_at: float = 0.0
    """Not to be sent before; seconds since the epoch, for no other clock outlives a process."""


@dataclass(frozen=True, slots=True)
class State:
    """What one run leaves to the next."""

    next_message_id: int
    next_reference: int
    owed: Sequence[Owed]
    """In the order to send them."""


def write_state(path: Path, state: State) -> None:
    """Replace the file in one step.

    Raises OSError; then a file that was there before is as it was.
    """
    draft = path.with_name(f"{path.name}.draft")
    draft.unlink(missing_ok=True)
    try:
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(json.dumps(_record_of(state)))
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


def read_state(path: Path) -> State | None:
    """Read what `write_state` wrote; None when there is no file.

    Raises BrokenState.
    """
    try:
        return _state_from(json.loads(path.read_bytes()))
    except FileNotFoundError:
        return None
    except OSError as error:
        raise BrokenState(os.strerror(error.errno or 0)) from error
    except RecursionError as error:
        raise BrokenState("too deep") from error
    except (ValueError, MalformedPdu) as error:
        raise BrokenState(str(error)) from error


def set_aside(path: Path) -> Path:
    """Rename a broken file, so that it is neither read again nor overwritten; return its new name.

    Raises OSError.
    """
    aside = path.with_name(f"{path.name}.broken")
    return path.replace(aside)


def _record_of(state: State) -> dict[str, object]:
    return {
        "next_message_id": state.next_message_id,
        "next_reference": state.next_reference,
        "owed": [_record_of_owed(owed) for owed in state.owed],
    }


def _record_of_owed(owed: Owed) -> dict[str, object]:
    return {
        "system_id": owed.system_id,
        "due_at": owed.due_at,
        "is_receipt": owed.delivery.is_receipt,
        "tries": owed.delivery.tries,
        "pdu": encode(owed.delivery.pdu).hex(),
    }


def _state_from(record: object) -> State:
    return State(
        next_message_id=_counter(record, "next_message_id"),
        next_reference=_counter(record, "next_reference"),
        owed=[_owed_from(one) for one in _field(record, "owed", list)],
    )


def _owed_from(record: object) -> Owed:
    pdu = decode(bytes.fromhex(_field(record, "pdu", str)))
    if not isinstance(pdu, DeliverSm):
        raise ValueError(f"a {pdu.name} is owed to nobody")
    due_at = _field(record, "due_at", float)
    if not math.isfinite(due_at):
        raise ValueError("due_at is not a time")
    is_receipt, tries = _field(record, "is_receipt", bool), _counter(record, "tries")
    return Owed(_field(record, "system_id", str), Delivery(pdu, is_receipt, tries), due_at)


def _counter(record: object, name: str) -> int:
    value = _field(record, name, int)
    if not 0 <= value < _COUNTER_END:
        raise ValueError(f"{name} is out of range")
    return value


def _field(record: object, name: str, kind: type[_Kind]) -> _Kind:
    """Take one value of a JSON object; `true` is no number here."""
    value = record.get(name) if isinstance(record, dict) else None
    if value is None or type(value) is not kind:
        raise ValueError(f"{name} is missing or of a wrong kind")
    return value
