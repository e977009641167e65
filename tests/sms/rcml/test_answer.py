"""Whatever an application answers: steps, or one clear word of what is wrong with it."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sms.rcml import MAX_BYTES, Note, Redirect, Reply, Step, Unusable, read_answer

XML = "text/xml"


def read(inner: str, content_type: str = XML) -> list[Step]:
    return read_answer(content_type, f"<Response>{inner}</Response>".encode())


@pytest.mark.parametrize(
    ("inner", "steps"),
    [
        ("", []),
        ("<Sms> Hi &amp; bye </Sms>", [Reply("Hi & bye")]),
        ("<Message>Hi</Message>", [Reply("Hi")]),
        ("<Message><Body>Hi <b>you</b></Body></Message>", [Reply("Hi you")]),
        ("<sms>Hi</sms>", [Reply("Hi")]),
        ("<!-- no --><Sms>Hi</Sms><?pi x?>", [Reply("Hi")]),
        ('<r:Sms xmlns:r="urn:x">Hi</r:Sms>', [Reply("Hi")]),
        (
            '<Sms from="1" to="client:al" statusCallback="/s" statusCallbackMethod="get">Hi</Sms>',
            [Reply("Hi", "1", "client:al", "/s", "GET")],
        ),
        (
            '<Sms statusCallback="/s" method="GET">Hi</Sms>',
            [Reply("Hi", "", "", "/s", "GET", "", "GET")],
        ),
        ('<Sms action="/a">Hi</Sms><Sms>never</Sms>', [Reply("Hi", action="/a")]),
        ("<Sms>1</Sms><Sms>2</Sms>", [Reply("1"), Reply("2")]),
        ("<Redirect> /next </Redirect><Sms>never</Sms>", [Redirect("/next")]),
        ('<Redirect method="get">/next</Redirect>', [Redirect("/next", "GET")]),
        ("<Sms>1</Sms><Redirect>/n</Redirect>", [Reply("1"), Redirect("/n")]),
    ],
)
def test_a_document_becomes_steps(inner: str, steps: list[Step]) -> None:
    assert read(inner) == steps


@pytest.mark.parametrize(
    ("inner", "steps"),
    [
        ("<Sms> </Sms><Sms>never</Sms>", [Note("14103 <Sms> has no text", stops=True)]),
        (
            '<Sms method="PUT">Hi</Sms>',
            [Note("14104 the method 'PUT' is neither POST nor GET; POST"), Reply("Hi")],
        ),
        (
            '<Redirect method="PUT">/n</Redirect>',
            [Note("13710 the method 'PUT' is neither POST nor GET; POST"), Redirect("/n")],
        ),
        ("<Redirect/><Sms>x</Sms>", [Note("11100 Redirect has no URL", stops=True)]),
        ("<Say>Hi</Say><Sms>x</Sms>", [Note("14110 <Say> is no verb for an SMS"), Reply("x")]),
        ("<Email>Hi</Email>", [Note("14110 <Email> is no verb for an SMS")]),
        ("<Foo/><Sms>x</Sms>", [Note("<Foo> is not known, and was passed over"), Reply("x")]),
        (
            "<Message>x<Media>http://x/</Media></Message>",
            [Note("14110 <Media> in <Message> is not supported"), Reply("x")],
        ),
        ("loose<Sms>x</Sms>", [Note("12200 text outside of a verb"), Reply("x")]),
    ],
)
def test_what_is_not_done_becomes_a_note(inner: str, steps: list[Step]) -> None:
    assert read(inner) == steps


@pytest.mark.parametrize(
    ("content_type", "body", "steps"),
    [
        ("text/xml", b"", []),
        ("", b" \r\n", []),
        ("application/json", b"", []),
        ("application/xml; charset=UTF-8", b"<Response><Sms>x</Sms></Response>", [Reply("x")]),
        ("TEXT/HTML", b"<Response><Sms>x</Sms></Response>", [Reply("x")]),
        ("text/xml", '<?xml version="1.0" encoding="ISO-8859-1"?><Response><Sms>é</Sms></Response>'
         .encode("latin-1"), [Reply("é")]),
        ("text/xml; charset=iso-8859-1", "<Response><Sms>é</Sms></Response>".encode("latin-1"),
         [Reply("é")]),
        # The header wins over the document's own word.
        ("text/xml; charset=utf-8", '<?xml version="1.0" encoding="ISO-8859-1"?><Response><Sms>é'
         "</Sms></Response>".encode(), [Reply("é")]),
        ("text/xml; charset=utf-16", "<Response><Sms>é</Sms></Response>".encode("utf-16"),
         [Reply("é")]),
        ("text/xml", "\ufeff<Response><Sms>é</Sms></Response>".encode(), [Reply("é")]),
        ("text/plain", " Grüße \n".encode(), [Reply("Grüße")]),
        ("text/plain; charset=latin1", "Grüße".encode("latin-1"), [Reply("Grüße")]),
        ("application/json", b"{}", [Note("12300 the answer's content type is neither XML nor "
         "text: application/json", stops=True)]),
        ("", b"x", [Note("12300 the answer's content type is neither XML nor text: none",
         stops=True)]),
    ],
)  # fmt: skip
def test_an_answer_is_read_by_its_content_type(
    content_type: str, body: bytes, steps: list[Step]
) -> None:
    assert read_answer(content_type, body) == steps


BILLION_LAUGHS = (
    b'<!DOCTYPE lolz [<!ENTITY lol "lol">'
    + b"".join(
        b'<!ENTITY lol%d "%s">' % (n, b"&lol%s;" % (b"" if n == 1 else b"%d" % (n - 1)) * 10)
        for n in range(1, 10)
    )
    + b"]><Response><Sms>&lol9;</Sms></Response>"
)
EXTERNAL = (
    b'<!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/passwd">]><Response><Sms>&x;</Sms></Response>'
)
REMOTE_DTD = b'<!DOCTYPE r SYSTEM "http://127.0.0.1:1/x.dtd"><Response/>'


@pytest.mark.parametrize(
    ("content_type", "body", "reason"),
    [
        (XML, BILLION_LAUGHS, "12100 not accepted in XML: DTDForbidden"),
        (XML, EXTERNAL, "12100 not accepted in XML: DTDForbidden"),
        (XML, REMOTE_DTD, "12100 not accepted in XML: DTDForbidden"),
        (XML, b"<Response>" + b"<a>" * 8 + b"</a>" * 8 + b"</Response>", "deeper than 8"),
        (XML, b"<a>" * 20_000, "deeper than 8"),
        (XML, b"<Response>" + b"<a/>" * 600 + b"</Response>", "more than 500 elements"),
        (XML, b"<Response>" + b"x" * MAX_BYTES, "12100 the answer is not whole, or longer"),
        (XML, b"<Response><Sms>x</Response>", "12100 malformed XML: mismatched tag"),
        (XML, b"<Response><Sms>\xff</Sms></Response>", "12100 malformed XML: not well-formed"),
        (XML, b"<Response><Sms>\0</Sms></Response>", "12100 malformed XML"),
        (XML, b"<Response>&nope;</Response>", "12100 malformed XML: undefined entity"),
        (XML, b"no XML at all", "12100 malformed XML"),
        (XML, b'<?xml version="1.0" encoding="klingon"?><Response/>', "12100"),
        (XML, b'<?xml version="1.0" encoding="utf-7"?><Response/>', "12100"),
        (XML, b'<?xml version="1.0" encoding="UTF-16"?><Response/>', "12100"),
        ("text/xml; charset=klingon", b"<Response/>", "charset is not known: 'klingon'"),
        ("text/xml; charset=zip", b"<Response/>", "charset is not known: 'zip'"),
        ("text/xml; charset=utf-8", b"<Response>\xff</Response>", "not in its charset, utf-8"),
        ("text/plain", b"\xff\xfe\xfd", "not in its charset, utf-8"),
        ("text/html", b"<html><body>It works!</body></html>", "its root is <html>"),
    ],
)
def test_hostile_and_broken_answers_are_as_good_as_none(
    content_type: str, body: bytes, reason: str
) -> None:
    with pytest.raises(Unusable, match=re.escape(reason)):
        read_answer(content_type, body)


def test_an_answer_that_broke_off_is_as_good_as_none() -> None:
    with pytest.raises(Unusable, match="not whole"):
        read_answer(XML, b"<Response/>", is_whole=False)


@given(st.text(max_size=40), st.binary(max_size=200))
def test_no_answer_makes_the_reader_fail(content_type: str, body: bytes) -> None:
    for kind in (content_type, XML, "text/plain"):
        try:
            read_answer(kind, body)
        except Unusable:
            continue
