"""How a SIP client's octets travel: UDP, TCP or WebSocket."""

import base64
import os
import re
import socket
import struct
from typing import Protocol

PATIENCE_S = 10.0


class Wire(Protocol):
    """How octets travel."""

    name: str

    def send(self, data: bytes) -> None: ...
    def receive(self) -> bytes | None: ...
    def close(self) -> None: ...
    def address(self) -> tuple[str, int]: ...


class UdpWire:
    name = "UDP"

    def __init__(self, port: int, local_port: int = 0, host: str = "127.0.0.1") -> None:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._socket = socket.socket(family, socket.SOCK_DGRAM)
        self._socket.bind((host, local_port))
        self._server = (host, port)

    def send(self, data: bytes) -> None:
        self._socket.sendto(data, self._server)

    def receive(self) -> bytes | None:
        try:
            return self._socket.recv(65536)
        except ConnectionRefusedError:
            return b""
        except OSError:
            return None

    def close(self) -> None:
        try:
            self._socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self._socket.close()

    def address(self) -> tuple[str, int]:
        host, port = self._socket.getsockname()[:2]
        return f"[{host}]" if ":" in host else host, port


class TcpWire:
    name = "TCP"

    def __init__(self, port: int, host: str = "127.0.0.1") -> None:
        self._socket = socket.create_connection((host, port), timeout=PATIENCE_S)
        self._socket.settimeout(None)
        self._buffer = b""

    def send(self, data: bytes) -> None:
        self._socket.sendall(data)

    def receive(self) -> bytes | None:
        while True:
            if self._buffer.startswith(b"\r\n"):
                self._buffer = self._buffer[2:]
                return b"\r\n"
            head, found, rest = self._buffer.partition(b"\r\n\r\n")
            if found:
                length = re.search(rb"(?i)content-length: *([0-9]+)", head)
                size = int(length[1]) if length else 0
                if len(rest) >= size:
                    self._buffer = rest[size:]
                    return head + found + rest[:size]
            try:
                data = self._socket.recv(65536)
            except OSError:
                return None
            if not data:
                return None
            self._buffer += data

    def close(self) -> None:
        try:
            self._socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self._socket.close()

    def address(self) -> tuple[str, int]:
        host, port = self._socket.getsockname()[:2]
        return f"[{host}]" if ":" in host else host, port


class WsWire:
    """RFC 6455, as little as a SIP client needs."""

    name = "WS"

    def __init__(self, port: int, protocol: str = "sip", host: str = "127.0.0.1") -> None:
        self._socket = socket.create_connection((host, port), timeout=PATIENCE_S)
        key = base64.b64encode(os.urandom(16)).decode()
        wanted = f"Sec-WebSocket-Protocol: {protocol}\r\n" if protocol else ""
        self._socket.sendall(
            f"GET / HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\n"
            f"Connection: Upgrade\r\nSec-WebSocket-Key: {key}\r\n{wanted}"
            "Sec-WebSocket-Version: 13\r\n\r\n".encode()
        )
        answer = b""
        while not answer.endswith(b"\r\n\r\n"):
            octet = self._socket.recv(1)
            assert octet, answer
            answer += octet
        self.handshake = answer.decode()
        self._socket.settimeout(None)

    def send(self, data: bytes, opcode: int = 1) -> None:
        mask = os.urandom(4)
        size = len(data)
        length = (
            struct.pack("!B", 0x80 | size)
            if size < 126
            else struct.pack("!BH", 0x80 | 126, size)
            if size < 65536
            else struct.pack("!BQ", 0x80 | 127, size)
        )
        masked = bytes(octet ^ mask[n % 4] for n, octet in enumerate(data))
        self._socket.sendall(bytes([0x80 | opcode]) + length + mask + masked)

    def receive(self) -> bytes | None:
        while True:
            head = self._exactly(2)
            if head is None:
                return None
            size = head[1] & 0x7F
            if size > 125:
                more = self._exactly(2 if size == 126 else 8)
                if more is None:
                    return None
                size = int.from_bytes(more, "big")
            data = self._exactly(size)
            opcode = head[0] & 0x0F
            if data is None or opcode == 8:
                return None
            if opcode == 9:
                self.send(data, opcode=10)
            elif opcode in (1, 2):
                return data

    def _exactly(self, size: int) -> bytes | None:
        data = b""
        while len(data) < size:
            try:
                part = self._socket.recv(size - len(data))
            except OSError:
                return None
            if not part:
                return None
            data += part
        return data

    def close(self) -> None:
        try:
            self._socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self._socket.close()

    def address(self) -> tuple[str, int]:
        host, port = self._socket.getsockname()[:2]
        return f"[{host}]" if ":" in host else host, port
