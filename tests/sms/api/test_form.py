import pytest
from django.test import RequestFactory

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
