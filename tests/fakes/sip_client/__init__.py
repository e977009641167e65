"""A SIP client on raw sockets. It shares no code with the edge.

wires.py  UDP, TCP or WebSocket
heard.py  a message that arrived, as text
"""

import hashlib
import re
import secrets
import threading
from collections.abc import Callable

from tests.fakes.sip_client.heard import Heard
from tests.fakes.sip_client.wires import PATIENCE_S, TcpWire, UdpWire, Wire, WsWire

__all__ = ["Heard", "SipClient", "TcpWire", "UdpWire", "Wire", "WsWire"]

Answer = Callable[[Heard], int | None]


def ok(message: Heard) -> int | None:
    """Take a message."""
    return 200


class SipClient:
    """One client: registers, sends, and answers what it is sent by `answer` (None: nothing)."""

    def __init__(
        self, wire: Wire, login: str, password: str = "secret", *, domain: str = "127.0.0.1"
    ) -> None:
        self.wire = wire
        self.login = login
        self.password = password
        self.domain = domain
        self.answer: Answer = ok
        self.answer_headers = ""
        self.messages: list[Heard] = []
        self.answers: list[Heard] = []
        self.blanks = 0
        """Keep-alives that came."""
        self.is_over = False
        host, port = wire.address()
        transport = "" if wire.name == "UDP" else f";transport={wire.name.lower()}"
        self.contact = f"sip:{login}@{host}:{port}{transport}"
        self.user = f"sip:{login}@{domain}"
        self.call_id = secrets.token_hex(8)
        self._cseq = 0
        self._changed = threading.Condition()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    # --- what arrives ---------------------------------------------------------------

    def _read(self) -> None:
        while (data := self.wire.receive()) is not None:
            with self._changed:
                if not data.strip(b"\r\n\0"):
                    self.blanks += bool(data)
                elif data.startswith(b"SIP/2.0"):
                    self.answers.append(Heard.read(data))
                else:
                    heard = Heard.read(data)
                    self.messages.append(heard)
                    self._respond(heard)
                self._changed.notify_all()
        with self._changed:
            self.is_over = True
            self._changed.notify_all()

    def _respond(self, heard: Heard) -> None:
        status = self.answer(heard)
        if status is None:
            return
        rows = [f"SIP/2.0 {status} As told"]
        rows += [f"Via: {via}" for via in heard.headers["via"]]
        rows += [f"From: {heard.header('from')}", f"To: {heard.header('to')};tag=1"]
        rows += [f"Call-ID: {heard.header('call-id')}", f"CSeq: {heard.header('cseq')}"]
        text = "\r\n".join(rows) + f"\r\n{self.answer_headers}Content-Length: 0\r\n\r\n"
        self.wire.send(text.encode())

    def wait(self, what: str, condition: Callable[[], object], timeout_s: float = 0) -> None:
        with self._changed:
            assert self._changed.wait_for(condition, timeout_s or PATIENCE_S), (
                f"{self.login} waited in vain for {what}"
            )

    def wait_messages(self, count: int) -> list[Heard]:
        self.wait(f"{count} messages", lambda: len(self.messages) >= count)
        return self.messages

    # --- what it asks ---------------------------------------------------------------

    def request(
        self,
        method: str,
        uri: str,
        *,
        to: str = "",
        headers: str = "",
        body: bytes = b"",
        call_id: str = "",
        cseq: int = 0,
        branch: str = "",
        sender: str = "",
    ) -> bytes:
        """Write a request."""
        if not cseq:
            self._cseq += 1
        host, port = self.wire.address()
        sender = sender or f"<{self.user}>"
        return (
            f"{method} {uri} SIP/2.0\r\n"
            f"Via: SIP/2.0/{self.wire.name} {host}:{port};rport"
            f";branch={branch or 'z9hG4bK' + secrets.token_hex(6)}\r\n"
            f"Max-Forwards: 70\r\nFrom: {sender};tag=abc\r\nTo: {to or f'<{uri}>'}\r\n"
            f"Call-ID: {call_id or self.call_id}\r\nCSeq: {cseq or self._cseq} {method}\r\n"
            f"{headers}Content-Length: {len(body)}\r\n\r\n"
        ).encode() + body

    def exchange(self, data: bytes, timeout_s: float = 0) -> Heard:
        """Send a request and wait for its final answer."""
        branch = re.search(rb"branch=([^;\s]+)", data)
        assert branch
        wanted = branch[1].decode()
        self.wire.send(data)

        def found() -> Heard | None:
            for heard in self.answers:
                if wanted in heard.header("via") and heard.status >= 200:
                    return heard
            return None

        self.wait(f"an answer to {data[:20]!r}", found, timeout_s)
        heard = found()
        assert heard
        return heard

    def authorized(
        self,
        method: str,
        uri: str,
        *,
        algorithm: str = "MD5",
        headers: str = "",
        to: str = "",
        body: bytes = b"",
        sender: str = "",
        call_id: str = "",
    ) -> Heard:
        """Ask, be challenged, ask again with the password."""
        plain = self.request(
            method, uri, headers=headers, to=to, body=body, sender=sender, call_id=call_id
        )
        first = self.exchange(plain)
        if first.status != 401:
            return first
        header = self.authorization(first, method, uri, algorithm=algorithm)
        again = self.request(
            method, uri, headers=header + headers, to=to, body=body, sender=sender, call_id=call_id
        )
        return self.exchange(again)

    def authorization(
        self,
        challenge: Heard,
        method: str,
        uri: str,
        *,
        algorithm: str = "MD5",
        nc: int = 1,
        username: str = "",
    ) -> str:
        """Write an Authorization header. Source: RFC 7616 §3.4."""
        offers = challenge.headers["www-authenticate"]
        offer = next(text for text in offers if f"algorithm={algorithm}," in f"{text},")
        realm, nonce = (re.search(rf'{name}="([^"]*)"', offer)[1] for name in ("realm", "nonce"))  # type: ignore[index]
        hashed = {"MD5": hashlib.md5, "SHA-256": hashlib.sha256}[algorithm]

        def h(text: str) -> str:
            return hashed(text.encode()).hexdigest()

        name = username or self.login
        ha1, ha2 = h(f"{name}:{realm}:{self.password}"), h(f"{method}:{uri}")
        response = h(f"{ha1}:{nonce}:{nc:08x}:cn:auth:{ha2}")
        return (
            f'Authorization: Digest username="{name}", realm="{realm}", nonce="{nonce}", '
            f'uri="{uri}", response="{response}", algorithm={algorithm}, qop=auth, '
            f'nc={nc:08x}, cnonce="cn"\r\n'
        )

    def register(
        self, *, expires: int = 600, algorithm: str = "MD5", contact: str = "", headers: str = ""
    ) -> Heard:
        """Register, or with 0 go."""
        contact = contact or f"<{self.contact}>;expires={expires}"
        return self.authorized(
            "REGISTER",
            f"sip:{self.domain}",
            to=f"<{self.user}>",
            algorithm=algorithm,
            headers=f"Contact: {contact}\r\n{headers}",
        )

    def say(
        self, user: str, text: str | bytes, *, kind: str = "text/plain", headers: str = ""
    ) -> Heard:
        """Send a MESSAGE."""
        body = text.encode() if isinstance(text, str) else text
        return self.authorized(
            "MESSAGE",
            f"sip:{user}@{self.domain}",
            headers=f"Content-Type: {kind}\r\n{headers}",
            body=body,
            call_id=secrets.token_hex(8),
        )

    def close(self) -> None:
        self.wire.close()
        self._reader.join(5)
