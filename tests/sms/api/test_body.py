"""Bodies that come cut off, drop by drop, or too large."""

import threading
from collections.abc import Iterator
from io import BytesIO
from typing import Any

import pytest
from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, UnreadablePostError
from django.test import Client as Browser

from accounts.models import Account, PhoneNumber
from sms.api import body
from sms.api.form import FORM
from sms.models import Message
from tests.sms.api.conftest import path

FULL = b"From=19876543212&To=13216549878&Body=Meet+me+at+noon"


def wire(stream: Any, length: int | None) -> HttpRequest:
    """Write what a server says of a body."""
    request = HttpRequest()
    framing = {"HTTP_TRANSFER_ENCODING": "chunked", "wsgi.input_terminated": True}
    said = framing if length is None else {"CONTENT_LENGTH": str(length)}
    request.META = {"wsgi.input": stream, **said}
    return request


def test_form_that_was_cut_off_sends_nothing(
    account: Account, api: Browser, number: PhoneNumber
) -> None:
    response = api.generic("POST", path(account), **framed(BytesIO(FULL[:-5]), len(FULL)))
    assert response.status_code == 400
    assert response.json()["message"] == "The request body ended early."
    assert not Message.objects.exists()


def framed(stream: Any, length: int) -> dict[str, Any]:
    """Write what a server says of a form."""
    return {"CONTENT_TYPE": FORM, "CONTENT_LENGTH": str(length), "wsgi.input": stream}


@pytest.mark.parametrize("length", [len(FULL), None])
def test_whole_body_is_read(length: int | None) -> None:
    assert body.read(wire(BytesIO(FULL), length)) == FULL


def test_body_shorter_than_it_says_is_an_error() -> None:
    with pytest.raises(UnreadablePostError):
        body.read(wire(BytesIO(FULL), len(FULL) + 1))


@pytest.mark.parametrize("said", ["", "x", "-1", "٣"])
def test_length_that_is_no_number_is_none(said: str) -> None:
    request = wire(BytesIO(FULL), 0)
    request.META["CONTENT_LENGTH"] = said
    assert body.is_empty(request)


@pytest.mark.parametrize("length", [5000, None])
def test_too_large_a_body_is_read_to_its_end_before_it_is_refused(
    settings: Any, length: int | None
) -> None:
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 100
    stream = BytesIO(b"x" * 5000)
    with pytest.raises(RequestDataTooBig):
        body.read(wire(stream, length))
    assert stream.read() == b""


def test_no_more_is_read_of_a_huge_body_than_is_bearable(
    settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 100
    monkeypatch.setattr(body, "MOST_DRAINED", 1000)
    stream = BytesIO(b"x" * 5000)
    with pytest.raises(RequestDataTooBig):
        body.read(wire(stream, 5000))
    assert stream.tell() == 101 + 1000


class Stalled:
    """A client that stops sending."""

    def __init__(self) -> None:
        self.gone = threading.Event()
        self.asked = threading.Semaphore(0)

    def read(self, size: int) -> bytes:
        """Wait until the client goes."""
        self.asked.release()
        self.gone.wait(30)
        return b""

    readline = read


@pytest.fixture
def stalled(monkeypatch: pytest.MonkeyPatch) -> Iterator[Stalled]:
    monkeypatch.setattr(body, "TIMEOUT_S", 0.05)
    stream = Stalled()
    yield stream
    stream.gone.set()


@pytest.mark.parametrize(
    ("length", "headers"), [(body.SHORT + 1, {}), (100, {"HTTP_EXPECT": "100-continue"})]
)
def test_stalled_client_is_not_waited_for(
    account: Account, api: Browser, stalled: Stalled, length: int, headers: dict[str, str]
) -> None:
    response = api.generic("POST", path(account), **{**framed(stalled, length), **headers})
    assert response.status_code == 408
    assert response.json()["error"] == "REQUEST_TIMEOUT"
    assert not stalled.gone.is_set()


def test_few_stalled_clients_may_hold_threads(stalled: Stalled) -> None:
    def read() -> None:
        with pytest.raises(UnreadablePostError):
            body.read(wire(stalled, 100))

    held = [threading.Thread(target=read) for _ in range(body.READ_AT_ONCE)]
    for thread in held:
        thread.start()
    for _ in held:
        assert stalled.asked.acquire(timeout=10)
    with pytest.raises(body.BodyTooSlow):
        body.read(wire(stalled, 100))
    assert body.read(wire(BytesIO(FULL), len(FULL))) == FULL
    stalled.gone.set()
    for thread in held:
        thread.join()
    assert len(body._at_once) == body.READ_AT_ONCE
