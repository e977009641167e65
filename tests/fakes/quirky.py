"""An SMSC that breaks the rules, on a raw socket: not an octet of it is our codec's.

It binds whoever comes, answers enquire_link and unbind, and leaves each submit_sm to a
quirk, chosen by the last four digits of its recipient.
"""

import socket
import struct
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

PATIENCE_S = 30.0
PAUSE_S = 0.02
"""Between two writes that shall not arrive as one."""

HEADER = struct.Struct(">LLLL")
SUBMIT, DELIVER, DATA, UNBIND, ENQUIRE, NACK = 0x04, 0x05, 0x103, 0x06, 0x15, 0x80000000
BINDS = {0x01: "receiver", 0x02: "transmitter", 0x09: "transceiver"}
RESP = 0x80000000


def pdu(command: int, body: bytes = b"", *, status: int = 0, sequence: int = 1) -> bytes:
    """Write a PDU."""
    return HEADER.pack(HEADER.size + len(body), command, status, sequence) + body


def tlv(tag: int, value: bytes) -> bytes:
    """Write a TLV."""
    return struct.pack(">HH", tag, len(value)) + value


def words(remote_id: str, stat: str = "DELIVRD", err: str = "000", **fields: str) -> bytes:
    """Write a receipt's text."""
    told = {"sub": "001", "dlvrd": "001", "submit date": "2611221200", "done date": "2611221201"}
    middle = " ".join(f"{name}:{value}" for name, value in (told | fields).items())
    return f"id:{remote_id} {middle} stat:{stat} err:{err} text:Hi".encode()


@dataclass
class Submit:
    """A submit_sm, as far as a quirk needs it."""

    line: "Line"
    sequence: int
    source: bytes
    recipient: bytes
    remote_id: str
    """A new one for each."""

    def answer(self, body: bytes | None = None, *, status: int = 0) -> bytes:
        """Write the answer to it; with its id and a NUL unless told otherwise."""
        told = self.remote_id.encode() + b"\0" if body is None else body
        return pdu(SUBMIT | RESP, told, status=status, sequence=self.sequence)

    def receipt(
        self, text: bytes | None = None, *, esm_class: int = 4, coding: int = 0, tlvs: bytes = b""
    ) -> bytes:
        """Write a deliver_sm about it."""
        text = words(self.remote_id) if text is None else text
        body = self._parties(esm_class) + b"\0\0\0\0" + bytes([0, 0, coding, 0, len(text)]) + text
        return pdu(DELIVER, body + tlvs, sequence=self.line.next_sequence())

    def data(self, *, esm_class: int = 4, tlvs: bytes) -> bytes:
        """Write a data_sm about it."""
        body = self._parties(esm_class) + b"\0\0" + tlvs
        return pdu(DATA, body, sequence=self.line.next_sequence())

    def _parties(self, esm_class: int) -> bytes:
        to = b"\0\1\1" + self.recipient + b"\0\1\1" + self.source + b"\0"
        return to + bytes([esm_class])


Quirk = Callable[[Submit], None]


@dataclass
class Line:
    """One connection."""

    socket: socket.socket
    kind: str = ""
    _sequence: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def next_sequence(self) -> int:
        self._sequence += 1
        return self._sequence

    def write(self, *chunks: bytes) -> None:
        """Write chunks, each in a packet of its own."""
        with self._lock:
            for n, chunk in enumerate(chunks):
                if n:
                    time.sleep(PAUSE_S)
                self.socket.sendall(chunk)


class QuirkySmsc:
    """Listens on a free port of 127.0.0.1."""

    def __init__(self, quirks: Mapping[str, Quirk]) -> None:
        self.quirks = quirks
        self.lines: list[Line] = []
        self.binds: list[str] = []
        self.submits: list[Submit] = []
        self.heard: list[tuple[int, int, int]] = []
        """The command_id, command_status and sequence of all else that came."""
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._server.getsockname()[1]
        self._changed = threading.Condition()
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self) -> "QuirkySmsc":
        return self

    def __exit__(self, *_: object) -> None:
        self._server.close()
        for line in self.lines:
            line.socket.close()

    def wait(self, what: str, condition: Callable[[], object]) -> None:
        """Wait until `condition` holds; it is looked at after each PDU."""
        with self._changed:
            assert self._changed.wait_for(condition, PATIENCE_S), f"waited in vain for {what}"

    def count(self, command: int, status: int | None = None) -> int:
        """Count what came of a command."""
        return sum(c == command and status in (None, s) for c, s, _ in self.heard)

    def bound(self, kind: str) -> Line:
        """Return the newest line of a kind."""
        return [line for line in self.lines if line.kind == kind][-1]

    def _accept(self) -> None:
        while True:
            try:
                accepted, _ = self._server.accept()
            except OSError:
                return
            accepted.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.lines.append(line := Line(accepted))
            threading.Thread(target=self._serve, args=(line,), daemon=True).start()

    def _serve(self, line: Line) -> None:
        stream = line.socket.makefile("rb")
        try:
            while header := stream.read(HEADER.size):
                length, command, status, sequence = HEADER.unpack(header)
                body = stream.read(length - HEADER.size)
                self._take(line, command, status, sequence, body)
                with self._changed:
                    self._changed.notify_all()
        except (OSError, struct.error):
            pass  # the other end, or the test, hung up

    def _take(self, line: Line, command: int, status: int, sequence: int, body: bytes) -> None:
        if command in BINDS:
            line.kind = BINDS[command]
            self.binds.append(line.kind)
            line.write(pdu(command | RESP, b"quirky\0", sequence=sequence))
        elif command == SUBMIT:
            self._quirk(line, sequence, body)
        else:
            self.heard.append((command, status, sequence))
            if command in (ENQUIRE, UNBIND):
                line.write(pdu(command | RESP, sequence=sequence))

    def _quirk(self, line: Line, sequence: int, body: bytes) -> None:
        _, rest = body.split(b"\0", 1)
        source, rest = rest[2:].split(b"\0", 1)
        recipient = rest[2:].split(b"\0", 1)[0]
        submit = Submit(line, sequence, source, recipient, f"0a{len(self.submits):06x}")
        self.submits.append(submit)
        self.quirks[recipient[-4:].decode()](submit)
