"""Octets that are messages, and octets that are none. Source: RFC 4475, from its descriptions."""

import os
import random

import pytest

from sms.transports.sip.fields import Malformed, NameAddr, Uri, comma_separated
from sms.transports.sip.framing import Framer, Ping
from sms.transports.sip.message import (
    BODY_LIMIT,
    HEAD_LIMIT,
    Headers,
    Request,
    Response,
    Unwritable,
    parse,
)

MUTATIONS = int(os.environ.get("SIP_MUTATIONS", "4000"))

HEAD = (
    "MESSAGE sip:bob@example.com SIP/2.0",
    "Via: SIP/2.0/UDP host.example.com;branch=z9hG4bK1",
    "From: <sip:alice@example.com>;tag=1",
    "To: <sip:bob@example.com>",
    "Call-ID: one",
    "CSeq: 1 MESSAGE",
    "Content-Length: 5",
)


def octets(*changed: str, drop: str = "", body: bytes = b"hello") -> bytes:
    """Write the message with some of its headers in another form, or without one."""
    rows = list(HEAD)
    for row in changed:
        name = row.partition(":")[0].strip().lower()
        rows = [r for r in rows if r.partition(":")[0].lower() != name] + [row]
    rows = [row for row in rows if not drop or not row.lower().startswith(drop)]
    return "\r\n".join([*rows, "", ""]).encode() + body


def test_a_short_tortuous_message_is_read() -> None:
    data = (
        b"MESSAGE sip:vivekg@chair-dnrc.example.com;unknownparam SIP/2.0\r\n"
        b"TO :\r\n sip:vivekg@chair-dnrc.example.com ;   tag    = 1918181833n\r\n"
        b'from   : "J Rosenberg \\\\\\""       <sip:jdrosen@example.com>\r\n  ;\r\n'
        b"  tag = 98asjd8\r\n"
        b"MaX-fOrWaRdS: 0068\r\nCall-ID: wsinv.ndaksdj@192.0.2.1\r\n"
        b"Content-Length   : 150\r\ncseq: 0009\r\n  MESSAGE\r\n"
        b"Via  : SIP  /   2.0\r\n /UDP\r\n    192.0.2.2;branch=390skdjuw\r\ns :\r\n"
        b"NewFangledHeader:   newfangled value\r\n continued newfangled value\r\n"
        b"UnknownHeaderWithUnusualValue: ;;,,;;,;\r\nContent-Type: application/sdp\r\n"
        b"v:  SIP  / 2.0  / TCP     spindle.example.com   ;\r\n  branch  =   z9hG4bK9ikj8  ,\r\n"
        b" SIP  /    2.0   / UDP  192.168.255.111   ; branch=\r\n z9hG4bK30239\r\n"
        b'm:"Quoted string \\"\\"" <sip:jdrosen@example.com> ; newparam =\r\n      newvalue ;\r\n'
        b"  secondparam ; q = 0.33\r\n\r\n" + b"x" * 150
    )
    request = parse(data)
    assert isinstance(request, Request)
    assert request.cseq == (9, "MESSAGE")
    assert request.party("to").tag == "1918181833n"
    assert request.party("from").display == 'J Rosenberg \\"'
    assert request.via.host == "192.0.2.2" and len(request.headers.values("via")) == 3
    assert NameAddr.read(request.headers.get("contact")).params["q"] == "0.33"
    assert len(request.body) == 150


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(octets("To: sip:bob@example.com", "From: sip:a@b;tag=2"), id="no brackets"),
        pytest.param(octets("CSeq: 0001   MESSAGE"), id="blanks in CSeq"),
        pytest.param(octets("To: <sip:user%00name@example.com>"), id="escnull"),
        pytest.param(octets("From: <sip:sips%3Auser%40example.com@example.net>;tag=1"), id="esc01"),
        pytest.param(octets('To: "caller" <sip:caller@example.com>'), id="lwsdisp"),
        pytest.param(octets("To: I have spaces <sip:user@example.com>"), id="tokens in a name"),
        pytest.param(octets("Via: SIP/2.0/TLS [2001:db8::1]:5061;branch=z9hG4bK2"), id="IPv6"),
        pytest.param(octets("X-Long: " + "a" * 8000), id="longreq"),
        pytest.param(octets(body=b"hello and what follows is another's"), id="dblreq"),
        pytest.param(octets().replace(b"\r\n", b"\n"), id="bare LF"),
        pytest.param(b"\r\n\r\n" + octets(), id="blank lines before"),
    ],
)
def test_odd_but_valid_messages_are_read(data: bytes) -> None:
    request = parse(data)
    assert isinstance(request, Request) and request.body == b"hello"


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(octets("Content-Length: 9999"), id="clerr"),
        pytest.param(octets("Content-Length: -999"), id="ncl"),
        pytest.param(octets("CSeq: 36893488147419103232 MESSAGE"), id="scalar02"),
        pytest.param(octets("CSeq: 2147483648 MESSAGE"), id="scalarlg"),
        pytest.param(octets('To: "Mr. J. User <sip:j.user@example.com>'), id="quotbal"),
        pytest.param(octets("To: <<sip:user@example.com>"), id="brackets"),
        pytest.param(octets("CSeq: 8 INVITE"), id="mismatch01"),
        pytest.param(octets("Max-Forwards: many"), id="max-forwards"),
        pytest.param(octets("Via: SIP/2.0/UDP", drop="nothing"), id="Via without a host"),
        pytest.param(octets("Via: SIP/2.0/UDP h:99999;branch=1"), id="Via with no port"),
        pytest.param(octets(drop="call-id"), id="insuf"),
        pytest.param(octets(drop="via"), id="no Via"),
        pytest.param(octets(drop="cseq"), id="no CSeq"),
        pytest.param(octets().replace(b"MESSAGE sip", b"MESSAGE  sip"), id="lwsstart"),
        pytest.param(octets().replace(b"SIP/2.0\r\nVia", b"SIP/7.0\r\nVia"), id="badvers"),
        pytest.param(octets().replace(b"bob@example.com SIP", b"bob@ex ample SIP"), id="lwsruri"),
        pytest.param(
            octets().replace(b"Call-ID: one", b"Call-ID: one\r\nCall-ID: two"), id="multi"
        ),
        pytest.param(octets("X: a\x00b"), id="NUL"),
        pytest.param(octets("no colon"), id="no colon"),
        pytest.param(octets("X: " + "a" * HEAD_LIMIT), id="head too long"),
        pytest.param(octets("Content-Length: 0", body=b"x" * (BODY_LIMIT + 1)), id="body too long"),
        pytest.param("".join(f"X{n}: 1\r\n" for n in range(200)).encode() + b"\r\n", id="headers"),
        pytest.param(b"", id="nothing"),
        pytest.param(b"\x00\x01\x00\x00\x21\x12\xa4\x42" + b"\x00" * 12, id="STUN"),
        pytest.param(b"SIP/2.0 4294967301 better not\r\n\r\n", id="bigcode"),
    ],
)
def test_what_is_no_message_is_said_to_be_none(data: bytes) -> None:
    with pytest.raises(Malformed):
        parse(data)


@pytest.mark.parametrize("reason", ["", " ", " = 2**3 * 5**2 но сто девяносто девять"])
def test_an_answers_reason_may_be_anything(reason: str) -> None:
    head = octets().partition(b"\r\n")[2]
    response = parse(f"SIP/2.0 200{reason}\r\n".encode() + head)
    assert isinstance(response, Response) and response.status == 200


def test_mutated_messages_are_read_or_refused_by_one_error() -> None:
    chance = random.Random(4475)
    seeds = [
        octets('Contact: <sip:a@b;ob>;expires=60;+sip.instance="<urn:uuid:1>", *'),
        octets('Authorization: Digest username="a", realm="r,s", nonce="n", uri="sip:b"'),
        b"SIP/2.0 200 OK" + octets()[len(HEAD[0]) :],
    ]
    read = 0
    for number in range(MUTATIONS):
        data = bytearray(seeds[number % len(seeds)])
        for _ in range(chance.randint(1, 6)):
            at = chance.randrange(len(data))
            data[at : at + chance.randint(0, 3)] = chance.choice(
                [b"", b"\r\n", b"\x00", b'"', b"<", b";", b",", b"\xff", b"=", b" ", b"\\"]
            )
        try:
            message = parse(bytes(data))
        except Malformed:
            continue
        read += 1
        message.to_bytes()
    assert 0.05 < read / MUTATIONS < 0.95


@pytest.mark.parametrize("value", ["a\r\nVia: evil", "a\nb", "a\rb", "\x00"])
def test_a_header_cannot_break_out_of_its_line(value: str) -> None:
    with pytest.raises(Unwritable):
        Request(Headers((("from", value),)), method="MESSAGE", uri="sip:a@b").to_bytes()
    with pytest.raises(Unwritable):
        Request(Headers(), method="MESSAGE", uri=f"sip:{value}").to_bytes()


def test_addresses() -> None:
    assert Uri.read("sip:%61lice:pw@Example.COM:5070;lr?x=1") == Uri(
        "sip", "alice", "example.com", 5070
    )
    assert Uri.read("tel:+1-555-000").user == "+1555000"
    for text in ("mailto:a@b", "sip:", "sip:a@b c", "http://x", "sip:a@b:0"):
        with pytest.raises(Malformed):
            Uri.read(text)
    assert comma_separated('"a,b" <sip:a,b@c>, d;x="1,2"') == ['"a,b" <sip:a,b@c>', 'd;x="1,2"']


def test_a_stream_is_cut_wherever_it_is_split() -> None:
    one = octets()
    stream = b"\r\n\r\n" + one + b"\r\n" + one + one
    for size in (1, 7, 64, len(stream)):
        framer, found = Framer(), []
        for at in range(0, len(stream), size):
            found += framer.receive_data(stream[at : at + size])
        assert [item for item in found if not isinstance(item, Ping)] == [one] * 3
        assert sum(isinstance(item, Ping) for item in found) == 1
        assert framer.is_between


@pytest.mark.parametrize(
    "data", [b"x" * (HEAD_LIMIT + 9), octets("Content-Length: 99999999"), octets("l: 1, 2")]
)
def test_a_stream_without_end_is_given_up(data: bytes) -> None:
    with pytest.raises(Malformed):
        Framer().receive_data(data)
