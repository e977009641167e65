"""Raw octets before a web process as it runs in production: the API, the admin, monitoring."""

import json
import re
import socket
import subprocess
import time
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random

import pytest

from tests.conftest import basic
from tests.e2e.conftest import MANAGE, Instance, new_instance
from tests.fuzz.spoil import pieces, spoiled
from tests.fuzz.tries import Case, Tries

pytestmark = pytest.mark.sockets

PATIENCE_S = 15.0
"""A client that sends half a request is waited for, but not for ever."""
QUIET_S = 0.15
LINGER_S = 1.0
"""Granian leaves some connections open that were answered: a body announced by Expect, unread."""
OUR_FAULTS = re.compile(r"Traceback|Internal Server Error|request failed|panicked")


@dataclass
class Web:
    """A web process, the account that speaks to it, and what it logs."""

    instance: Instance
    port: int
    sid: str
    token: str
    log: Path

    def ask(self, octets: bytes, case: Case, *, quiet_s: float = QUIET_S) -> bytes:
        """Say something, and read until the other side hangs up.

        After a silence it is told that no more will come; it then need not answer.
        """
        heard = b""
        with socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE_S) as wire:
            try:
                for piece in pieces(octets, case.chance):
                    wire.sendall(piece)
                wire.settimeout(quiet_s)
                try:
                    while part := wire.recv(65536):
                        heard += part
                    return heard
                except TimeoutError:
                    wire.settimeout(LINGER_S if heard else PATIENCE_S)
                    wire.shutdown(socket.SHUT_WR)
                while part := wire.recv(65536):
                    heard += part
            except OSError as error:
                assert heard or not isinstance(error, TimeoutError), (case.name, octets)
        return heard  # it may have hung up at any time


@pytest.fixture(scope="module")
def web(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Web]:
    folder = tmp_path_factory.mktemp("fuzz")
    with new_instance(folder / "data") as instance:
        account = json.loads(instance.manage("createaccount", "Shop", "--json").stdout)
        instance.manage("addnumber", account["sid"], "15005550006")
        log = folder / "web.log"
        with log.open("wb") as file:
            process = subprocess.Popen(
                (*MANAGE, "run", "web"),
                env={**instance.environment, "WEB_WORKERS": "1", "CACHE_SECONDS": "60"},
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
            )
        port = int(instance.environment["HTTP_PORT"])
        try:
            _wait(port, process)
            yield Web(instance, port, account["sid"], account["auth_token"], log)
        finally:
            process.terminate()
            process.wait(30)


def _wait(port: int, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + 60
    while time.monotonic() < until and process.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise AssertionError("the web process does not listen")


PATHS = (
    *("/SMS/Messages.json", "/SMS/Messages", "/SMS/Messages.xml", "/SMS/Messages/SM1.json"),
    *(".json", "/IncomingPhoneNumbers.json", "/Clients.json", "/Clients/CL1.xml", "/Nothing"),
)
ELSEWHERE = (
    *("/health/ready", "/health/links/x", "/metrics", "/admin/login/?next=/admin/", "/api/docs/"),
    *("/api/2012-04-24/openapi.json", "/static/admin/css/base.css", "/", "*", "/sip-client/"),
)
QUERIES = (
    *("", "?Page=0&PageSize=5", "?To=1&From=2&StartTime=2026-01-01&EndTime=x", "?SortBy=DateSent"),
    *("?Page=-1", "?PageSize=99999999999", "?Status=sent&Error=30003&SortDirection=asc", "?a&a&="),
)
FORMS = (
    b"From=15005550006&To=4915112345678&Body=Hello",
    b"From=15005550006&To=client:al&Body=%F0%9F%98%80%ED%A0%80&StatusCallback=http://h/",
    b"FriendlyName=Sub&EmailAddress=a@example.org&Password=correct-horse-1&Status=active",
    b"PhoneNumber=%2B4915112345678&SmsUrl=http://h/&SmsMethod=GET",
    b"Login=al&Password=correct-horse",
)
HEADERS = (
    *("Idempotency-Key: k1", "X-HTTP-Method-Override: DELETE", "Accept: application/xml"),
    *("Accept: */*;q=0.1, text/html", "Accept-Encoding: gzip", "Cookie: sessionid=x; csrftoken=y"),
    *("X-Forwarded-For: 1.2.3.4, x", "X-Forwarded-Proto: https", "Range: bytes=0-1", "TE: gzip"),
    *("Expect: 100-continue", "Upgrade: websocket", "If-Modified-Since: x", "Accept-Language: *"),
)
TYPES = (
    *("application/x-www-form-urlencoded",) * 5,
    *("application/x-www-form-urlencoded; charset=utf-7", "application/json", "text/xml"),
    *("multipart/form-data; boundary=x", "multipart/form-data", "", "x; charset=\xff"),
)


def a_request(web: Web, chance: Random) -> bytes:
    """Make up a request that is mostly in order."""
    method = chance.choice(("GET", "POST", "POST", "POST", "PUT", "DELETE", "HEAD", "OPTIONS"))
    prefix = chance.choice(("/api/2012-04-24", "/restcomm/2012-04-24", "/2012-04-24.json"))
    path = f"{prefix}/Accounts/{web.sid}{chance.choice(PATHS)}"
    if chance.random() < 0.2:
        path = chance.choice(ELSEWHERE)
    target = path + chance.choice(QUERIES)
    body = chance.choice(FORMS) if method in ("POST", "PUT") else b""
    if chance.random() < 0.5:
        body = spoiled(body, chance)
    credentials = basic(web.sid, web.token)
    rows = [f"{method} {target} HTTP/1.1", "Host: 127.0.0.1", "Connection: close"]
    rows += [f"Authorization: {credentials}"]
    rows += [f"Content-Type: {chance.choice(TYPES)}", *chance.sample(HEADERS, 2)]
    if chance.random() < 0.3:
        cut = len(body) // 2
        chunks = b"".join(b"%x\r\n%s\r\n" % (len(c), c) for c in (body[:cut], body[cut:]) if c)
        rows += ["Transfer-Encoding: chunked"]
        body = chunks + b"0\r\n\r\n"
    else:
        rows += [f"Content-Length: {len(body)}"]
    head = "\r\n".join([*rows, "", ""]).encode("latin-1")
    if chance.random() < 0.5:
        head = spoiled(head, chance)
    octets = head + body
    return octets if chance.random() < 0.8 else spoiled(octets, chance)


def test_whatever_is_sent_is_answered_in_time_and_never_by_a_fault_of_ours(
    web: Web, tries: Tries
) -> None:
    seen: set[int] = set()
    for case in tries.cases(250):
        octets = a_request(web, case.chance)
        answer = web.ask(octets, case)
        for status, kind, body in _answers(answer):
            seen.add(status)
            assert status < 500, (case.name, octets, answer)
            _is_readable(kind, body, case)
    said = web.log.read_text(errors="replace")
    assert not OUR_FAULTS.search(said), said[-3000:]
    assert {200, 400} <= seen
    _still_serves(web)


def _answers(octets: bytes) -> Iterator[tuple[int, str, bytes]]:
    """Read the answers that came, one after the other; a 501 says what nobody has to know."""
    while head := re.match(rb"HTTP/1\.[01] (\d+)[^\r]*\r\n(.*?)\r\n\r\n", octets, re.DOTALL):
        fields = head[2].decode("latin-1")
        length = re.search(r"(?im)^content-length: (\d+)", fields)
        kind = re.search(r"(?im)^content-type: ([^;\r\n]*)", fields)
        rest = octets[head.end() :]
        # After HEAD the next answer follows at once, whatever length this one speaks of.
        size = int(length[1]) if length and not rest.startswith(b"HTTP/1.") else 0
        body = rest[:size]
        yield int(head[1]), kind[1] if kind else "", body
        octets = octets[head.end() + size :]


def _is_readable(kind: str, body: bytes, case: Case) -> None:
    """Whatever the status, a program can read the answer by its type."""
    assert b"Traceback" not in body, case.name
    try:
        if kind == "application/json" and body:
            json.loads(body)
        if kind == "application/xml" and body:
            ET.fromstring(body)  # noqa: S314  # our own
    except (ValueError, ET.ParseError) as error:
        raise AssertionError(f"{case.name}: {error}: {body!r}") from None


def _still_serves(web: Web) -> None:
    """Nobody who was left hanging keeps a thread."""
    case = Case("at the end", Random(0))
    form = FORMS[0]
    request = (
        f"POST /api/2012-04-24/Accounts/{web.sid}/SMS/Messages.json HTTP/1.1\r\n"
        f"Host: 127.0.0.1\r\nAuthorization: {basic(web.sid, web.token)}\r\n"
        f"Content-Type: {TYPES[0]}\r\nContent-Length: {len(form)}\r\nConnection: close\r\n\r\n"
    ).encode() + form
    started = time.monotonic()
    asked = [web.ask(request, case, quiet_s=PATIENCE_S) for _ in range(8)]
    statuses = [status for answer in asked for status, *_ in _answers(answer)]
    assert statuses == [200] * 8
    assert time.monotonic() - started < 5
