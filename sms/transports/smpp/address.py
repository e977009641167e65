"""Type of number and numbering plan, by the form of an address. Pure."""

from dataclasses import dataclass

_SHORT_CODE_DIGITS = range(3, 9)


@dataclass(frozen=True, slots=True)
class Address:
    """An address as a PDU names it. Source: SMPP 3.4 §5.2.5, §5.2.6."""

    value: str
    ton: int
    npi: int


def source_address(sender: str, *, ton: int | None = None, npi: int | None = None) -> Address:
    """Write a sender: international number, short code or name.

    Whatever it is, a `ton` and an `npi` that are given count.
    """
    return _overridden(_by_form(sender), ton, npi)


def destination_address(
    recipient: str, *, ton: int | None = None, npi: int | None = None
) -> Address:
    """Write a recipient: an international number, unless `ton` or `npi` say otherwise."""
    return _overridden(Address(recipient.removeprefix("+"), ton=1, npi=1), ton, npi)


def _overridden(address: Address, ton: int | None, npi: int | None) -> Address:
    return Address(
        address.value,
        address.ton if ton is None else ton,
        address.npi if npi is None else npi,
    )


def _by_form(sender: str) -> Address:
    digits = sender.removeprefix("+")
    if not (digits.isascii() and digits.isdigit()):
        return Address(sender, ton=5, npi=0)
    if len(digits) in _SHORT_CODE_DIGITS:
        return Address(digits, ton=3, npi=0)
    return Address(digits, ton=1, npi=1)
