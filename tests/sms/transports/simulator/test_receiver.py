import contextlib
import http.client
import socket
import threading
import time
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

from sms.transports.simulator.receiver import CallbackReceiver, Received, Reply
from sms.webhook import signature_headers

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


@pytest.fixture
def receiver() -> Iterator[CallbackReceiver]:
    with CallbackReceiver() as running:
        yield running


def connect(receiver: CallbackReceiver) -> http.client.HTTPConnection:
    return http.client.HTTPConnection(urlsplit(receiver.url).netloc, timeout=5)


def call(
    receiver: CallbackReceiver,
    method: str = "POST",
    path: str = "/",
    body: bytes | None = None,
    headers: dict[str, str] | None = None,
) -> tuple[int, bytes]:
    connection = connect(receiver)
    try:
        connection.request(method, path, body=body, headers=headers or {})
        response = connection.getresponse()
        return response.status, response.read()
    finally:
        connection.close()


def test_post_is_remembered_with_the_fields_of_its_body(receiver: CallbackReceiver) -> None:
    assert call(receiver, path="/cb?x=1", body=b"To=%2B1&Body=gr%C3%BC+&Empty=") == (200, b"")
    [received] = receiver.received
    assert (received.method, received.path) == ("POST", "/cb?x=1")
    assert received.fields == {"To": "+1", "Body": "grü ", "Empty": ""}
    assert received.headers["content-length"] == "29"
    assert received.verified is None


def test_get_is_remembered_with_the_fields_of_its_query(receiver: CallbackReceiver) -> None:
    assert call(receiver, "GET", "/cb?To=%2B1&Body=a+b") == (200, b"")
    [received] = receiver.received
    assert (received.method, received.path) == ("GET", "/cb?To=%2B1&Body=a+b")
    assert received.fields == {"To": "+1", "Body": "a b"}


@pytest.mark.parametrize(
    ("signed", "sent", "verified"), [(b"a=1", b"a=1", True), (b"a=1", b"a=2", False)]
)
@pytest.mark.parametrize("method", ["POST", "GET"])
def test_signature_is_verified_over_body_or_query(
    receiver: CallbackReceiver, method: str, signed: bytes, sent: bytes, verified: bool
) -> None:
    receiver.secret = SECRET
    headers = dict(
        signature_headers(secret=SECRET, webhook_id="a", timestamp=int(time.time()), body=signed)
    )
    if method == "POST":
        call(receiver, body=sent, headers=headers)
    else:
        call(receiver, "GET", "/?" + sent.decode(), headers=headers)
    assert receiver.received[0].verified is verified


def test_connection_serves_several_requests(receiver: CallbackReceiver) -> None:
    connection = connect(receiver)
    for number in range(3):
        connection.request("POST", f"/{number}", body=b"a=1")
        assert connection.getresponse().read() == b""
    connection.close()
    assert [one.path for one in receiver.received] == ["/0", "/1", "/2"]
    assert len({one.peer for one in receiver.received}) == 1


def test_reply_may_differ_for_each_request(receiver: CallbackReceiver) -> None:
    def choose(received: Received) -> Reply:
        if received.path == "/busy":
            return Reply(503, b"later", headers=(("Retry-After", "5"),))
        return Reply(302, headers=(("Location", "/busy"),))

    receiver.reply = choose
    assert call(receiver, path="/busy", body=b"") == (503, b"later")
    assert call(receiver, path="/", body=b"") == (302, b"")


@pytest.mark.parametrize(
    ("length", "status"), [("x", 411), ("-1", 411), ("", 411), ("9" * 5000, 413), ("1048577", 413)]
)
def test_request_without_a_usable_length_is_refused(
    receiver: CallbackReceiver, length: str, status: int
) -> None:
    connection = connect(receiver)
    connection.putrequest("POST", "/")
    if length:
        connection.putheader("Content-Length", length)
    connection.endheaders()
    assert connection.getresponse().status == status
    connection.close()
    assert receiver.received == []


def test_wait_ends_when_the_request_comes(receiver: CallbackReceiver) -> None:
    threading.Timer(0.02, call, (receiver, "POST", "/late", b"a=1")).start()
    received = receiver.wait_for(lambda got: any(one.path == "/late" for one in got), 5)
    assert [one.fields for one in received] == [{"a": "1"}]


def test_wait_gives_up_and_says_what_came(receiver: CallbackReceiver) -> None:
    call(receiver, body=b"")
    with pytest.raises(TimeoutError, match=r"^1 requests came"):
        receiver.wait_for(lambda got: len(got) > 1, 0.01)


def test_closing_ends_hanging_and_idle_connections() -> None:
    receiver = CallbackReceiver(reply=lambda _: Reply(delay_s=600))
    receiver.start()
    hanging, idle = connect(receiver), connect(receiver)
    hanging.request("POST", "/", body=b"")
    idle.connect()
    receiver.wait_for(lambda got: len(got) == 1, 5)
    started = time.monotonic()
    receiver.close()
    with pytest.raises((http.client.HTTPException, OSError)):
        hanging.getresponse()
    with contextlib.suppress(ConnectionResetError):  # it may not have been accepted yet
        assert idle.sock.recv(1) == b""
    assert time.monotonic() - started < 2
    with pytest.raises(ConnectionRefusedError):
        connect(receiver).connect()
    hanging.close()
    idle.close()


def test_receiver_that_never_started_can_be_closed() -> None:
    CallbackReceiver().close()


def test_port_already_taken_is_told_at_once() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(OSError, match="in use"):
        CallbackReceiver(port=taken.getsockname()[1])
