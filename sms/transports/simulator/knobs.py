"""What can be turned while the simulator runs."""

from dataclasses import dataclass, field, fields
from typing import Final


def _knob(default: int, words: str) -> int:
    knob: int = field(default=default, metadata={"help": words})
    return knob


@dataclass(slots=True)
class Knobs:
    """What can be turned at start and while the simulator runs; 0 is off."""

    latency_ms: int = _knob(0, "milliseconds from a submit_sm to its answer")
    receipt_delay_ms: int = _knob(200, "milliseconds from the answer to the receipt")
    throttle: int = _knob(0, "submit_sm a second; those above get ESME_RTHROTTLED")
    drop_after: int = _knob(0, "cut every connection, once, at this submit_sm from now on")
    refuse_binds: int = _knob(0, "command_status to refuse binds with, such as 0x0D")
    track: int = _knob(0, "1 remembers what was taken and counts what comes twice")

    def turn(self, name: str, value: str) -> None:
        """Set one knob from text; 0x begins a hexadecimal number.

        Raises ValueError, with words for a person, when there is no such knob or number.
        """
        if name not in KNOBS:
            raise ValueError(f"{name} is none of {', '.join(KNOBS)}")
        setattr(self, name, knob_value(value))


KNOBS: Final = tuple(knob.name for knob in fields(Knobs))


def knob_value(text: str) -> int:
    """Read a whole number from 0 on.

    Raises ValueError otherwise.
    """
    try:
        number = int(text, 0)
    except ValueError:
        raise ValueError(f"{text!r} is not a whole number") from None
    if number < 0:
        raise ValueError(f"{number} is negative")
    return number
