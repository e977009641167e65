"""From a stream of octets to whole PDUs, by their command_length."""

from typing import Final

from sms.transports.smpp.codec import HEADER, MAX_SIZE

_LENGTH_SIZE: Final = 4


class ImpossibleLength(Exception):
    """A command_length that no PDU has: where the next one begins is lost for good."""

    def __init__(self, length: int, sequence_number: int) -> None:
        super().__init__(f"impossible command_length {length}")
        self.sequence_number = sequence_number
        """0 when it has not arrived yet."""


class FrameBuffer:
    """Octets that are not a whole PDU yet."""

    def __init__(self) -> None:
        self.incomplete_since: float | None = None
        """When the PDU that is not whole yet began; None when there is none."""
        self._octets = bytearray()

    def feed(self, data: bytes, now: float) -> None:
        """Add octets, in pieces of any size."""
        if data and not self._octets:
            self.incomplete_since = now
        self._octets += data

    def take(self, now: float) -> bytes | None:
        """Take the next whole PDU; None while there is none.

        Raises ImpossibleLength.
        """
        if len(self._octets) < _LENGTH_SIZE:
            return None
        length = int.from_bytes(self._octets[:_LENGTH_SIZE], "big")
        if not HEADER.size <= length <= MAX_SIZE:
            raise ImpossibleLength(length, self._sequence_number())
        if len(self._octets) < length:
            return None
        frame = bytes(self._octets[:length])
        del self._octets[:length]
        self.incomplete_since = now if self._octets else None
        return frame

    def _sequence_number(self) -> int:
        header = bytes(self._octets[: HEADER.size]).ljust(HEADER.size, b"\0")
        sequence_number: int = HEADER.unpack(header)[3]
        return sequence_number

    def clear(self) -> None:
        """Drop everything."""
        self._octets.clear()
        self.incomplete_since = None
