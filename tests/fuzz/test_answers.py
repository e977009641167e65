"""What customers' servers answer: to callbacks, and with RCML."""

import asyncio

import pytest

from sms.rcml import Note, Redirect, Reply, Unusable, read_answer
from sms.webhook.sender import Sender
from tests.fuzz.spoil import spoiled
from tests.fuzz.tries import Tries
from tests.sms.test_webhook import HASTY, raw_peer, request

pytestmark = pytest.mark.usefixtures("clean_log")

DOCUMENTS = (
    b'<?xml version="1.0" encoding="UTF-8"?><Response><Sms from="1" to="2">Hi</Sms></Response>',
    b"<Response><Message><Body>Hi</Body></Message><Redirect method='GET'>/n</Redirect></Response>",
    b'<Response><Sms action="/a" statusCallback="/s">Gr\xc3\xbc\xc3\x9fe &amp; <![CDATA[<]]></Sms>'
    b"<!-- no --><?pi x?></Response>",
)
KINDS = ("text/xml", "application/xml; charset=utf-8", "text/xml; charset=utf-16", "text/plain")
ANSWERS = (
    b"HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nContent-Length: 11\r\n\r\n<Response/>",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nb\r\n<Response/>\r\n0\r\n\r\n",
    b"HTTP/1.1 429 Slow\r\nRetry-After: 7\r\nContent-Length: 0\r\n\r\n",
    b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\n\x1f\x8b\x08\0",
    b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nSet-Cookie: a=b\r\nContent-Length: 0\r\n\r\n",
)


def test_an_answer_becomes_steps_or_is_unusable_and_nothing_else(tries: Tries) -> None:
    read = 0
    for case in tries.cases(5_000):
        chance = case.chance
        body = spoiled(chance.choice(DOCUMENTS), chance, times=4)
        kind = chance.choice(KINDS)
        if chance.random() < 0.2:
            kind = spoiled(kind.encode(), chance).decode("latin-1")
        try:
            steps = read_answer(kind, body)
        except Unusable:
            continue
        read += 1
        assert all(isinstance(step, Reply | Redirect | Note) for step in steps), case.name
        for step in steps:
            # What goes on to a database and to carriers: text that can be written.
            str(step).encode("utf-8", "surrogatepass")
            assert "\0" not in str(step), case.name
    assert read


@pytest.mark.sockets
def test_whatever_a_server_writes_is_an_answer_in_time(tries: Tries) -> None:
    async def run() -> int:
        answered = 0
        for case in tries.cases(200):
            octets = spoiled(case.chance.choice(ANSWERS), case.chance, times=4)
            async with raw_peer(octets) as port, Sender(HASTY) as sender:
                async with asyncio.timeout(5):
                    answer = await sender.post(request(f"http://127.0.0.1:{port}/", key=7))
            assert answer.key == 7, case.name
            assert answer.ok == (answer.error is None), case.name
            assert answer.status is None or 100 <= answer.status <= 999, case.name
            if answer.ok:
                assert answer.status is not None and 200 <= answer.status < 300, case.name
                answered += 1
            assert "\0" not in answer.body_head, case.name
            answer.body_head.encode()
        return answered

    assert asyncio.run(run())
