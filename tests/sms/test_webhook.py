"""The sender of callbacks over real sockets on 127.0.0.1, and the pure parts around it."""

import asyncio
import gzip
import random
import socket
import ssl
import threading
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address, IPv6Address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from sms.transports.simulator.receiver import CallbackReceiver, Received, Reply
from sms.webhook import Request, check_url, sign, signature_headers, verify
from sms.webhook.guard import REFUSED, Guard, Lookup, Refused, look_up, parse_allowed
from sms.webhook.sender import Answer, Policy, Sender, parse_retry_after

LOOPBACK = (parse_allowed("127.0.0.0/8"),)
OPEN = Policy(LOOPBACK)
CLOSED = Policy()
HASTY = Policy(LOOPBACK, connect_timeout_s=0.2, total_timeout_s=0.3)
FIELDS = (("MessageSid", "SM1"), ("MessageStatus", "sent"), ("Body", "grüß & Gott 😀+"))
FORM = "MessageSid=SM1&MessageStatus=sent&Body=gr%C3%BC%C3%9F+%26+Gott+%F0%9F%98%80%2B"

# The example of the Standard Webhooks specification's own test suite.
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
EXAMPLE_ID = "msg_p5jXN8AQM9LWM0D4loKWxJek"
EXAMPLE_AT = 1614265330
EXAMPLE_BODY = b'{"test": 2432232314}'
EXAMPLE_SIGNATURE = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def request(url: str, *, get: bool = False, key: int = 1) -> Request:
    return Request(key, url, "GET" if get else "POST", FIELDS)


def post(
    *requests: Request, policy: Policy = OPEN, lookup: Lookup = look_up, now: float = 0.0
) -> list[Answer]:
    """Post one after the other through one sender."""

    async def run() -> list[Answer]:
        async with Sender(policy, lookup=lookup, clock=lambda: now) as sender:
            return [await sender.post(one) for one in requests]

    return asyncio.run(run())


@pytest.fixture
def receiver() -> Iterator[CallbackReceiver]:
    with CallbackReceiver(secret=SECRET) as running:
        yield running


class Trap:
    """A listening socket that must never be connected to."""

    def __init__(self) -> None:
        self._socket = socket.create_server(("127.0.0.1", 0))
        self._socket.setblocking(False)
        self.port: int = self._socket.getsockname()[1]

    def untouched(self) -> bool:
        try:
            self._socket.accept()[0].close()
        except BlockingIOError:
            return True
        return False

    def close(self) -> None:
        self._socket.close()


@pytest.fixture
def trap() -> Iterator[Trap]:
    running = Trap()
    yield running
    running.close()


# --- what is sent ---------------------------------------------------------------------


def test_post_sends_the_fields_as_a_form_in_their_order(receiver: CallbackReceiver) -> None:
    [answer] = post(request(receiver.url + "cb?user=7&x=%7e%3A", key=42))
    [received] = receiver.received
    assert (answer.key, answer.status, answer.error, answer.ok) == (42, 200, None, True)
    assert (received.method, received.path) == ("POST", "/cb?user=7&x=%7e%3A")
    assert list(received.fields.items()) == list(FIELDS)
    assert received.headers["content-type"] == "application/x-www-form-urlencoded; charset=utf-8"
    assert received.headers["content-length"] == str(len(FORM))


@pytest.mark.parametrize(
    ("suffix", "path"),
    [
        ("", "/?" + FORM),
        ("cb", "/cb?" + FORM),
        ("cb?", "/cb?" + FORM),
        ("cb?a=%7e", "/cb?a=%7e&" + FORM),
        ("cb?a=1&", "/cb?a=1&" + FORM),
        ("cb?a=1#part", "/cb?a=1&" + FORM),
        ("ü?ö=é", "/%C3%BC?%C3%B6=%C3%A9&" + FORM),
    ],
)
def test_get_appends_the_fields_to_the_url_own_query(
    receiver: CallbackReceiver, suffix: str, path: str
) -> None:
    [answer] = post(request(receiver.url + suffix, get=True))
    [received] = receiver.received
    assert answer.ok
    assert (received.method, received.path) == ("GET", path)
    assert "content-type" not in received.headers


@pytest.mark.parametrize("get", [False, True])
@pytest.mark.parametrize("suffix", ["cb", "cb?a=%7e", "ü?ö=é"])
def test_receiver_verifies_what_the_sender_signed(
    receiver: CallbackReceiver, suffix: str, get: bool
) -> None:
    plain = request(receiver.url + suffix, get=get)
    signed = plain.signed(secret=SECRET, webhook_id="SM1-1", timestamp=int(time.time()))
    post(plain, signed)
    assert [one.verified for one in receiver.received] == [False, True]
    assert receiver.received[1].headers["webhook-id"] == "SM1-1"


def test_every_try_signs_the_same_bytes() -> None:
    first, second = (
        request("http://a.example/?x").signed(secret=SECRET, webhook_id="a", timestamp=1)
        for _ in range(2)
    )
    assert first.body == second.body == FORM.encode()
    assert first.headers == second.headers


def test_request_does_not_show_text_or_signature() -> None:
    signed = request("http://a.example/").signed(secret=SECRET, webhook_id="a", timestamp=1)
    assert "Gott" not in repr(signed)
    assert "v1," not in repr(signed)


def test_lone_surrogate_does_not_stop_a_callback(receiver: CallbackReceiver) -> None:
    [answer] = post(Request(1, receiver.url, "POST", (("Body", "a\ud800b"),)))
    assert answer.ok
    assert receiver.received[0].fields == {"Body": "a?b"}


def test_connection_is_kept_and_nothing_is_remembered(receiver: CallbackReceiver) -> None:
    receiver.reply = lambda _: Reply(headers=(("Set-Cookie", "a=b; Path=/"),), body=b"fine")
    answers = post(*[request(receiver.url.replace("127.0.0.1", "localhost"))] * 3)
    assert [one.body_head for one in answers] == ["fine"] * 3
    assert len({one.peer for one in receiver.received}) == 1
    assert all("cookie" not in one.headers for one in receiver.received)


def test_proxy_of_the_environment_is_not_used(
    receiver: CallbackReceiver, trap: Trap, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{trap.port}")
    assert post(request(receiver.url))[0].ok
    assert trap.untouched()


def test_sender_holds_at_most_the_limit_of_connections_to_a_host(
    receiver: CallbackReceiver,
) -> None:
    async def run() -> int:
        async with Sender(Policy(LOOPBACK, per_host_limit=3)) as sender:
            calls = [asyncio.ensure_future(sender.post(request(receiver.url))) for _ in range(9)]
            await asyncio.to_thread(receiver.wait_for, lambda got: len(got) >= 3, 5)
            await asyncio.sleep(0.05)
            count = len(receiver.received)
            for call in calls:
                call.cancel()
            return count

    receiver.reply = lambda _: Reply(delay_s=30)
    assert asyncio.run(run()) == 3


# --- what comes back ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "headers", "error"),
    [
        (200, (), None),
        (202, (), None),
        (299, (), None),
        (304, (), "answered 304"),
        (400, (), "answered 400"),
        (410, (), "answered 410"),
        (500, (), "answered 500"),
        (302, (("Location", "/elsewhere"),), "redirect to /elsewhere not followed"),
        (
            307,
            (("Location", "http://10.0.0.1/"),),
            "redirect to http://10.0.0.1/ not followed",
        ),
        (
            308,
            (("Location", "https://us:er@h.example/cb?Body=hush&To=1#x"),),
            "redirect to https://h.example/cb not followed",
        ),
        (302, (("Location", "?Body=hush"),), "redirect to itself not followed"),
        (201, (("Location", "/made"),), None),
    ],
)
def test_only_2xx_is_a_success_and_redirects_are_not_followed(
    receiver: CallbackReceiver,
    status: int,
    headers: tuple[tuple[str, str], ...],
    error: str | None,
) -> None:
    receiver.reply = lambda _: Reply(status=status, headers=headers)
    [answer] = post(request(receiver.url))
    assert (answer.status, answer.error) == (status, error)
    assert len(receiver.received) == 1


@pytest.mark.parametrize(
    ("status", "value", "wait_s"),
    [(503, "120", 120.0), (429, "7200", 3600.0), (500, "120", None), (503, "soon", None)],
)
def test_retry_after_is_taken_from_429_and_503(
    receiver: CallbackReceiver, status: int, value: str, wait_s: float | None
) -> None:
    receiver.reply = lambda _: Reply(status=status, headers=(("Retry-After", value),))
    assert post(request(receiver.url))[0].retry_after_s == wait_s


NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "wait_s"),
    [
        ("0", 0.0),
        ("30", 30.0),
        ("3601", 3600.0),
        ("9" * 18, 3600.0),
        ("Sun, 01 Mar 2026 12:01:30 GMT", 90.0),
        ("Sun, 01 Mar 2026 18:00:00 GMT", 3600.0),
        ("Sun, 01 Mar 2026 11:00:00 GMT", 0.0),
        ("Fri, 31 Dec 9999 23:59:59 GMT", 3600.0),
        ("", None),
        ("-1", None),
        ("1.5", None),
        ("٣", None),
        ("9" * 5000, None),
        ("Sun, 32 Mar 2026 12:00:00 GMT", None),
        ("tomorrow", None),
    ],
)
def test_retry_after_is_read_as_seconds_or_date(value: str, wait_s: float | None) -> None:
    assert parse_retry_after(value, now=NOON.timestamp()) == wait_s


def test_body_head_can_be_stored(receiver: CallbackReceiver) -> None:
    receiver.reply = lambda _: Reply(body=b"a\x00\xff\n" + "é".encode() * 500)
    head = post(request(receiver.url))[0].body_head
    assert head.startswith("a\ufffd\ufffd\né")
    assert len(head) == 4 + 126


def test_long_body_is_cut_and_the_status_stands(receiver: CallbackReceiver) -> None:
    receiver.reply = lambda _: Reply(body=b"x" * 900_000)
    answers = post(*[request(receiver.url)] * 2)
    assert [(one.status, one.error, one.body_head) for one in answers] == [
        (200, None, "x" * 256)
    ] * 2
    assert len({one.peer for one in receiver.received}) == 2, "the rest was read to the end"


def test_compressed_body_is_never_unpacked(receiver: CallbackReceiver) -> None:
    bomb = gzip.compress(b"x" * 1_000_000)
    receiver.reply = lambda _: Reply(body=bomb, headers=(("Content-Encoding", "gzip"),))
    [answer] = post(request(receiver.url))
    assert answer.ok
    assert "x" * 10 not in answer.body_head
    assert receiver.received[0].headers["accept-encoding"] == "identity"


@asynccontextmanager
async def raw_peer(
    answer: bytes, *, hang: bool = False, context: ssl.SSLContext | None = None
) -> AsyncIterator[int]:
    """Serve the same octets to everybody, then close, or hang."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await reader.read(65536)
            writer.write(answer)
            await writer.drain()
            if hang:
                await reader.read()
        except OSError:
            return
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context)
    yield server.sockets[0].getsockname()[1]
    server.close()


def post_to_raw(answer: bytes, *, hang: bool = False, policy: Policy = HASTY) -> Answer:
    async def run() -> Answer:
        async with raw_peer(answer, hang=hang) as port, Sender(policy) as sender:
            return await sender.post(request(f"http://127.0.0.1:{port}/"))

    return asyncio.run(run())


NOT_HTTP = "the answer is not HTTP"


@pytest.mark.parametrize(
    ("octets", "status", "error"),
    [
        (b"", None, "the connection was closed before an answer came"),
        (b"HTTP/1.1 100 Continue\r\n\r\n" * 50, None, "the connection was closed before"),
        (b"SSH-2.0-OpenSSH_9.2\r\n", None, NOT_HTTP),
        (b"\x16\x03\x01\x00\x00", None, NOT_HTTP),
        (b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", None, NOT_HTTP),
        (b"HTTP/1.1 200 OK\r\nX: " + b"a" * 100_000 + b"\r\n\r\n", None, NOT_HTTP),
        (b"HTTP/1.1 200 OK\r\n" + b"a: b\r\n" * 50_000 + b"\r\n", None, NOT_HTTP),
        (b"HTTP/1.1 302 x\r\nLocation: \xff\xfe\r\n\r\n", 302, "redirect to ?? not followed"),
        (b"HTTP/1.1 101 x\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n", 101, "answered 101"),
        (b"HTTP/1.1 999 x\r\n\r\n", 999, "answered 999"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc", 200, None),
        (b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\nnot gzip", 200, None),
        (b"HTTP/1.0 200 OK\r\n\r\nold", 200, None),
    ],
)
def test_no_answer_of_a_peer_raises(octets: bytes, status: int | None, error: str | None) -> None:
    answer = post_to_raw(octets, policy=OPEN)
    assert answer.status == status
    assert (answer.error or "").startswith(error or "")
    assert answer.ok == (error is None)


def test_silent_peer_times_out() -> None:
    answer = post_to_raw(b"", hang=True)
    assert (answer.status, answer.error) == (None, "timed out after 0.3 s")
    assert 250 <= answer.latency_ms < 3000


def test_body_that_never_ends_does_not_take_back_the_status() -> None:
    answer = post_to_raw(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc", hang=True)
    assert (answer.status, answer.error, answer.body_head) == (200, None, "abc")


def test_closed_port_is_a_refused_connection(trap: Trap) -> None:
    trap.close()
    [answer] = post(request(f"http://127.0.0.1:{trap.port}/"))
    assert (answer.status, answer.error) == (None, "connection refused")


def test_address_that_takes_no_connection_times_out() -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=0) as server:
        address = server.getsockname()
        # A full backlog drops further SYNs, as a filtered host does.
        fillers = [socket.socket() for _ in range(4)]
        for filler in fillers:
            filler.setblocking(False)
            filler.connect_ex(address)
        [answer] = post(request(f"http://127.0.0.1:{address[1]}/"), policy=HASTY)
        for filler in fillers:
            filler.close()
    assert answer.error == "no connection within 0.2 s"


def test_tls_to_a_plain_port_is_named() -> None:
    async def run() -> Answer:
        async with raw_peer(b"HTTP/1.1 400 No\r\n\r\n") as port, Sender(OPEN) as sender:
            return await sender.post(request(f"https://127.0.0.1:{port}/"))

    assert (asyncio.run(run()).error or "").startswith("the TLS handshake failed: ")


def self_signed(folder: Path) -> ssl.SSLContext:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    pem = folder / "peer.pem"
    pem.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    return context


def test_certificate_nobody_vouches_for_is_refused(tmp_path: Path) -> None:
    async def run() -> Answer:
        context = self_signed(tmp_path)
        async with raw_peer(b"HTTP/1.1 200 OK\r\n\r\n", context=context) as port:
            async with Sender(OPEN) as sender:
                return await sender.post(request(f"https://localhost:{port}/"))

    answer = asyncio.run(run())
    assert (answer.status, answer.error) == (
        None,
        "the certificate is not valid: self-signed certificate",
    )


# --- where it may lead ----------------------------------------------------------------


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "127.1",
        "2130706433",
        "0x7f000001",
        "0x7f.0.0.1",
        "0177.0.0.1",
        "0",
        "0.0.0.0",
        "①②⑦.0.0.1",
        "127。0。0。1",
        "127.0.0.1.",
        "localhost",
        "LOCALHOST",
        "[::1]",
        "[::]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[::127.0.0.1]",
        "[64:ff9b::7f00:1]",
    ],
)
@pytest.mark.parametrize("get", [False, True])
def test_no_spelling_of_this_machine_is_connected_to(trap: Trap, host: str, get: bool) -> None:
    [answer] = post(request(f"http://{host}:{trap.port}/", get=get), policy=CLOSED)
    assert answer.status is None
    assert answer.error is not None
    assert answer.error.endswith(("is not allowed", "is not a canonical IPv4 address"))
    assert trap.untouched()


HOSTILE = [
    "0.0.0.0",
    "10.0.0.1",
    "100.64.0.1",
    "100.100.100.200",
    "127.0.0.1",
    "127.255.255.254",
    "168.63.129.16",
    "169.254.169.254",
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.192",
    "192.168.1.1",
    "198.18.0.1",
    "224.0.0.1",
    "239.255.255.250",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::127.0.0.1",
    "::ffff:10.0.0.1",
    "::ffff:0:7f00:1",
    "64:ff9b::a00:1",
    "64:ff9b:1::a00:1",
    "100::1",
    "2001::1",
    "2001:db8::1",
    "2002:7f00:1::",
    "3fff::1",
    "5f00::1",
    "fc00::1",
    "fd00:ec2::254",
    "fe80::1",
    "fe80::1%lo",
    "fec0::1",
    "ff02::1",
    "ff0e::1",
    "not an address",
]


@pytest.mark.parametrize("address", HOSTILE)
def test_inner_address_is_refused_before_a_socket_exists(address: str) -> None:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with pytest.raises(Refused, match=r"is not"):
        Guard(()).socket((family, socket.SOCK_STREAM, 0, "", (address, 443)))


@pytest.mark.parametrize(
    "address", ["8.8.8.8", "172.32.0.1", "100.128.0.1", "2a00:1450::1", "64:ff9b::808:808"]
)
def test_public_address_passes(address: str) -> None:
    Guard(()).check(address, 443)


def test_whatever_python_calls_not_global_is_refused() -> None:
    draw = random.Random(7)  # the same addresses every time
    for _ in range(2000):
        for address in (IPv4Address(draw.getrandbits(32)), IPv6Address(draw.getrandbits(128))):
            if not address.is_global:
                assert any(address in network for network in REFUSED), address


@pytest.mark.parametrize("port", [0, 1, 22, 25, 81, 442, 1023])
def test_port_of_another_service_is_refused_even_on_an_allowed_network(port: int) -> None:
    [answer] = post(request(f"http://127.0.0.1:{port}/"))
    assert answer.error == f"port {port} is not allowed"


@pytest.mark.parametrize("port", [80, 443, 1024, 65535])
def test_port_of_the_web_or_without_privilege_passes(port: int) -> None:
    Guard(LOOPBACK).check("127.0.0.1", port)


def test_allowed_network_lets_its_own_addresses_pass_and_no_others() -> None:
    guard = Guard((parse_allowed("10.1.0.0/16"), parse_allowed("fd00::/8")))
    for inside in ("10.1.2.3", "::ffff:10.1.2.3", "fd12::1"):
        guard.check(inside, 8080)
    for outside in ("10.2.0.1", "::ffff:10.2.0.1", "fe80::1"):
        with pytest.raises(Refused, match=r"is not allowed"):
            guard.check(outside, 8080)


@pytest.mark.parametrize(
    ("allowed", "inside", "outside"),
    [
        ("10.1.0.0/16", ("10.1.2.3", 8080), ("10.1.2.3", 22)),
        ("10.1.0.0/16:8080", ("10.1.2.3", 8080), ("10.1.2.3", 8081)),
        ("10.1.2.3:81", ("10.1.2.3", 81), ("10.1.2.3", 80)),
        ("10.1.2.3:81", ("::ffff:10.1.2.3", 81), ("10.1.2.4", 81)),
        ("fd00::/8", ("fd00::1", 8080), ("fe80::1", 8080)),
        ("[fd00::/8]:8080", ("fd00::1", 8080), ("fd00::1", 80)),
        ("[fd00::1]", ("fd00::1", 443), ("fd00::2", 443)),
    ],
)
def test_an_operator_allows_networks_or_single_ports_of_them(
    allowed: str, inside: tuple[str, int], outside: tuple[str, int]
) -> None:
    guard = Guard((parse_allowed(allowed),))
    guard.check(*inside)
    with pytest.raises(Refused, match="is not allowed"):
        guard.check(*outside)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "here",
        "10.1.0.0/33",
        "10.1.0.1/16",
        "10.1.0.0/16:",
        "10.1.0.0/16:0",
        "10.1.0.0/16:70000",
        "10.1.0.0/16:http",
        "[fd00::/8",
        "fd00::/8]:80",
    ],
)
def test_what_is_no_network_is_not_allowed_by_mistake(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse_allowed(text)


class Zone:
    """A name server that gives its answers in turn, the last one for ever."""

    def __init__(self, *answers: Sequence[str]) -> None:
        self._answers = list(answers)
        self.asked = 0

    def __call__(self, name: str) -> Sequence[str]:
        self.asked += 1
        return self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]


ONLY_ONE = Policy((parse_allowed("127.0.0.1/32"),))


@pytest.mark.parametrize("inner", ["127.0.0.2", "10.0.0.1", "::1", "169.254.169.254"])
def test_name_that_leads_inside_is_refused(trap: Trap, inner: str) -> None:
    [answer] = post(
        request(f"http://hook.example:{trap.port}/"), policy=ONLY_ONE, lookup=Zone([inner])
    )
    assert answer.error == f"address {inner} is not allowed"
    assert trap.untouched()


@pytest.mark.parametrize("addresses", [["127.0.0.1", "10.0.0.1"], ["10.0.0.1", "127.0.0.1"]])
def test_name_with_one_inner_address_is_refused_whole(trap: Trap, addresses: list[str]) -> None:
    [answer] = post(
        request(f"http://hook.example:{trap.port}/"), policy=ONLY_ONE, lookup=Zone(addresses)
    )
    assert answer.error == "address 10.0.0.1 is not allowed"
    assert trap.untouched()


def test_name_is_asked_once_for_a_connection(receiver: CallbackReceiver) -> None:
    zone = Zone(["127.0.0.1"], ["127.0.0.2"])
    url = receiver.url.replace("127.0.0.1", "hook.example")
    [answer] = post(request(url), policy=ONLY_ONE, lookup=zone)
    assert (answer.ok, zone.asked) == (True, 1)
    assert receiver.received[0].headers["host"].startswith("hook.example:")


def test_name_that_turns_inside_is_refused_at_the_next_connection(
    receiver: CallbackReceiver,
) -> None:
    zone = Zone(["127.0.0.1"], ["127.0.0.2"])
    url = receiver.url.replace("127.0.0.1", "hook.example")
    answers = [post(request(url), policy=ONLY_ONE, lookup=zone)[0] for _ in range(2)]
    assert [one.error for one in answers] == [None, "address 127.0.0.2 is not allowed"]
    assert len(receiver.received) == 1


def no_such_name(name: str) -> Sequence[str]:
    raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")


@pytest.mark.parametrize("lookup", [no_such_name, Zone([]), look_up])
def test_name_that_does_not_resolve_is_named(lookup: Lookup) -> None:
    label_too_long_to_ask_for = "a" * 64
    [answer] = post(request(f"http://{label_too_long_to_ask_for}.example/"), lookup=lookup)
    assert answer.error == "the host's name does not resolve"


def test_slow_name_server_delays_nobody_else(receiver: CallbackReceiver) -> None:
    """Not the other names, and not the loop's default executor."""
    stop = threading.Event()

    def lookup(name: str) -> Sequence[str]:
        if name.startswith("slow"):
            stop.wait(10)
        return ["127.0.0.1"]

    async def run() -> tuple[list[Answer], Answer, float]:
        async with Sender(Policy(LOOPBACK, total_timeout_s=4.0), lookup=lookup) as sender:
            slow = [
                asyncio.ensure_future(sender.post(request(f"http://slow{n}.example:{port}/")))
                for n in range(40)
            ]
            await asyncio.sleep(0)
            started = time.monotonic()
            quick = await sender.post(request(f"http://quick.example:{port}/"))
            await asyncio.to_thread(lambda: None)
            took_s = time.monotonic() - started
            answers = await asyncio.gather(*slow)
            stop.set()
            return answers, quick, took_s

    port = receiver.url.rsplit(":", 1)[1].strip("/")
    slow, quick, took_s = asyncio.run(run())
    assert quick.ok
    assert took_s < 3
    assert {one.error for one in slow} == {"timed out after 4 s"}


# --- the URL --------------------------------------------------------------------------


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com",
        "https://example.com/cb?a=b&c=%7e#d",
        "HTTPS://Example.com:8443/",
        "http://[2001:db8::1]:8080/x",
        "http://10.0.0.1/inside-is-for-the-guard",
        "http://bücher.example/ä?ö=ü",
        "http://example.com/a@b?c=d@e",
        "http://example.com/?" + "x" * (2048 - 20),
    ],
)
def test_http_url_of_good_form_is_acceptable(url: str) -> None:
    assert check_url(url) is None


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("", "the URL is not an absolute http or https address"),
        ("not-a-url", "the URL is not an absolute http or https address"),
        ("not a url", "the URL holds a blank, a backslash or a control character"),
        ("/cb", "the URL is not an absolute http or https address"),
        ("//example.com/cb", "the URL is not an absolute http or https address"),
        ("ftp://example.com/", "the URL is not an absolute http or https address"),
        ("file:///etc/passwd", "the URL is not an absolute http or https address"),
        ("javascript:alert(1)", "the URL is not an absolute http or https address"),
        ("http:///cb", "the URL has no host"),
        ("http:example.com", "the URL has no host"),
        ("http://", "the URL has no host"),
        ("http://?a=b", "the URL has no host"),
        ("http://user:word@example.com/", "the URL holds a user name or a password"),
        ("http://user@example.com/", "the URL holds a user name or a password"),
        ("http://@example.com/", "the URL holds a user name or a password"),
        ("http://@bücher.example/", "the URL holds a user name or a password"),
        ("http://user＠example.com/", "the URL is not well formed"),
        ("http://example.com:99999/", "the URL is not well formed"),
        ("http://example.com:http/", "the URL is not well formed"),
        ("http://[::1/", "the URL is not well formed"),
        ("http://[]@", "the URL is not well formed"),
        ("http://example.com/a b", "the URL holds a blank, a backslash or a control character"),
        (" http://example.com/", "the URL holds a blank, a backslash or a control character"),
        ("http://example.com/\r\nX: y", "the URL holds a blank, a backslash or a control"),
        ("http://example.com/\x00", "the URL holds a blank, a backslash or a control character"),
        ("http://a.example\\@b.example/", "the URL holds a blank, a backslash or a control"),
        ("http://example.com/\ud800", "the URL holds a blank, a backslash or a control character"),
        ("http://example.com/?" + "x" * (2049 - 20), "the URL is longer than 2048 characters"),
    ],
)
def test_url_of_bad_form_is_refused_with_its_reason(url: str, reason: str) -> None:
    assert (check_url(url) or "").startswith(reason)
    signed = request(url, get=True).signed(secret=SECRET, webhook_id="a", timestamp=1)
    assert [(one.error or "")[: len(reason)] for one in post(request(url), signed)] == [reason] * 2


# --- signatures -----------------------------------------------------------------------


def example_headers(**changed: str) -> dict[str, str]:
    given = signature_headers(
        secret=SECRET, webhook_id=EXAMPLE_ID, timestamp=EXAMPLE_AT, body=EXAMPLE_BODY
    )
    return dict(given) | {name.replace("_", "-"): value for name, value in changed.items()}


def accepts(headers: dict[str, str], *, body: bytes = EXAMPLE_BODY, now: float = 0.0) -> bool:
    return verify(secret=SECRET, headers=headers, body=body, now=now or EXAMPLE_AT)


def test_signature_is_that_of_the_specification() -> None:
    assert example_headers() == {
        "webhook-id": EXAMPLE_ID,
        "webhook-timestamp": str(EXAMPLE_AT),
        "webhook-signature": EXAMPLE_SIGNATURE,
    }


def test_good_signature_is_accepted_whatever_the_case_of_the_header_names() -> None:
    assert accepts(example_headers())
    assert accepts({name.title(): value for name, value in example_headers().items()})


def test_one_good_signature_among_several_is_enough() -> None:
    other = sign(secret="whsec_AAAA", webhook_id="x", timestamp=1, body=b"")
    assert accepts(example_headers(webhook_signature=f"{other} v2,abc {EXAMPLE_SIGNATURE}"))


@pytest.mark.parametrize(
    "headers",
    [
        {},
        example_headers(webhook_id="msg_other"),
        example_headers(webhook_timestamp=str(EXAMPLE_AT + 1)),
        example_headers(webhook_timestamp=""),
        example_headers(webhook_timestamp="now"),
        example_headers(webhook_timestamp="1" * 5000),
        example_headers(webhook_timestamp="١٦١٤٢٦٥٣٣٠"),
        example_headers(webhook_signature=""),
        example_headers(webhook_signature="v1,"),
        example_headers(webhook_signature="v1,é"),
        example_headers(webhook_signature=EXAMPLE_SIGNATURE[:-1]),
        example_headers(webhook_signature=EXAMPLE_SIGNATURE.removeprefix("v1,")),
        example_headers(webhook_signature=EXAMPLE_SIGNATURE.replace("v1", "v2")),
    ],
)
def test_anything_else_is_not_accepted(headers: dict[str, str]) -> None:
    assert not accepts(headers)


def test_changed_body_or_secret_is_not_accepted() -> None:
    assert not accepts(example_headers(), body=EXAMPLE_BODY + b" ")
    assert not verify(
        secret="whsec_AAAA", headers=example_headers(), body=EXAMPLE_BODY, now=EXAMPLE_AT
    )


@pytest.mark.parametrize(
    ("age_s", "accepted"), [(0, True), (300, True), (301, False), (-300, True), (-301, False)]
)
def test_signature_is_good_for_five_minutes(age_s: int, accepted: bool) -> None:
    assert accepts(example_headers(), now=EXAMPLE_AT + age_s) is accepted


@pytest.mark.parametrize("secret", ["", "whsec_", "hunter2", "whsec_!!!!", "whsec_abc", "QUJD"])
def test_secret_of_another_form_is_our_fault_and_is_not_shown(secret: str) -> None:
    with pytest.raises(ValueError, match=r"^the signing secret is not") as caught:
        sign(secret=secret, webhook_id="a", timestamp=1, body=b"")
    assert secret in ("", "whsec_") or secret not in str(caught.value)


def test_reply_sees_what_was_received(receiver: CallbackReceiver) -> None:
    def echo(received: Received) -> Reply:
        return Reply(body=received.fields["MessageSid"].encode())

    receiver.reply = echo
    assert post(request(receiver.url))[0].body_head == "SM1"


def test_as_much_of_the_answer_is_handed_back_as_was_asked_for(receiver: CallbackReceiver) -> None:
    receiver.reply = lambda _: Reply(
        body=b"<Response/>" + b" " * 489, headers=(("Content-Type", "text/xml"),)
    )
    asked = [Request(1, receiver.url, "POST", FIELDS, body_bytes=n) for n in (0, 11, 500, 65536)]
    answers = post(*asked)
    assert [len(one.body) for one in answers] == [0, 11, 500, 500]
    assert [one.is_whole for one in answers] == [False, False, True, True]
    assert {one.content_type for one in answers} == {"text/xml"}


def test_a_body_that_breaks_off_is_not_whole() -> None:
    async def run() -> Answer:
        octets = b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc"
        async with raw_peer(octets) as port, Sender(OPEN) as sender:
            url = f"http://127.0.0.1:{port}/"
            return await sender.post(Request(1, url, "POST", FIELDS, body_bytes=100))

    answer = asyncio.run(run())
    assert (answer.ok, answer.body, answer.is_whole) == (True, b"abc", False)


@pytest.mark.parametrize(
    ("url", "is_final"),
    [
        ("http://10.0.0.1/", True),
        ("http://127.0.0.1./", True),
        ("http://0x7f.1/", True),
        ("http://2130706433/", True),
        ("http://[::ffff:127.0.0.1]:8080/", True),
        ("http://[fe80::1%25lo]:8080/", True),
        ("http://192.0.2.1:22/", True),
        ("http://inside.example/", False),
    ],
)
def test_only_an_address_in_the_url_itself_is_refused_for_good(url: str, is_final: bool) -> None:
    [answer] = post(request(url), policy=CLOSED, lookup=Zone(["10.0.0.1"]))
    assert answer.error and answer.is_final is is_final
