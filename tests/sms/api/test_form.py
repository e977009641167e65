import pytest
from django.test import RequestFactory
from rest_framework.exceptions import UnsupportedMediaType

from sms.api.form import FORM, read


@pytest.mark.parametrize(
    ("wire", "body"),
    [
        ("a%ED%A0%80b", "a\ufffdb"),
        ("a%ed%b0%80b", "a\ufffdb"),
        ("%ED%A0%BD%ED%B8%80", "\U0001f600"),
        ("%ED%A0%BD%ED%B8%80%ED%A0%80", "\U0001f600\ufffd"),
        ("%F0%9F%98%80", "\U0001f600"),
        ("%ED%95%9C", "한"),
    ],
)
def test_halves_of_a_character_are_joined_and_a_lone_one_is_replaced(wire: str, body: str) -> None:
    request = RequestFactory().post("/", f"Body={wire}", content_type=FORM)
    assert read(request)["Body"] == body


@pytest.mark.parametrize(
    ("charset", "wire"),
    [
        ("utf-8", "gr%C3%BC%C3%9Fe"),
        ("UTF8", "gr%C3%BC%C3%9Fe"),
        ("iso-8859-1", "gr%FC%DFe"),
        ("ISO-8859-15", "gr%FC%DFe"),
        ("windows-1252", "gr%FC%DFe"),
        ("iso-8859-1", b"gr\xfc\xdfe"),
    ],
)
def test_form_is_read_in_the_charset_that_it_names(charset: str, wire: str | bytes) -> None:
    octets = b"Body=" + (wire if isinstance(wire, bytes) else wire.encode())
    request = RequestFactory().generic("POST", "/", octets, f"{FORM}; charset={charset}")
    assert read(request)["Body"] == "grüße"


@pytest.mark.parametrize("charset", ["utf-16", "koi8-r", "klingon", "rot13"])
def test_form_in_another_charset_is_not_guessed_at(charset: str) -> None:
    request = RequestFactory().generic("POST", "/", b"Body=x", f"{FORM}; charset={charset}")
    with pytest.raises(UnsupportedMediaType, match=charset):
        read(request)


@pytest.mark.parametrize("content_type", ["application/json", "multipart/form-data; boundary=x"])
def test_who_sends_no_form_is_told_what_to_send(content_type: str) -> None:
    request = RequestFactory().generic("POST", "/", b"{}", content_type)
    with pytest.raises(UnsupportedMediaType, match=FORM):
        read(request)
