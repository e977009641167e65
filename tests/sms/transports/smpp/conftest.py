"""A scripted SMSC, a sink, and links between them."""

from collections.abc import Iterator

import pytest

from sms.lifecycle import LinkState
from sms.transports.smpp.link import RetryPolicy, SmppLink, SmppSettings
from tests.fakes.sink import RecordingSink
from tests.fakes.smsc import FakeSmsc

QUICK = RetryPolicy(
    first_s=0.02,
    longest_s=0.1,
    already_bound_s=0.02,
    refused_first_s=0.02,
    refused_longest_s=0.04,
    unbind_s=0.5,
)


def settings(port: int, **values: object) -> SmppSettings:
    defaults: dict[str, object] = {
        "name": "carrier",
        "host": "127.0.0.1",
        "port": port,
        "system_id": "esme",
        "password": "secret",
        "window_size": 10,
    }
    return SmppSettings(**defaults | values)  # type: ignore[arg-type]  # the columns' values


class Opener:
    """Opens links, and remembers them for the end of the test."""

    def __init__(self, smsc: FakeSmsc, sink: RecordingSink) -> None:
        self.links: list[SmppLink] = []
        self._smsc = smsc
        self._sink = sink

    def __call__(
        self, *, until: LinkState = LinkState.UP, policy: RetryPolicy = QUICK, **values: object
    ) -> SmppLink:
        link = SmppLink(settings(self._smsc.port, **values), self._sink, policy=policy)
        self.links.append(link)
        link.start()
        self._sink.wait_state(until)
        return link


@pytest.fixture
def smsc() -> Iterator[FakeSmsc]:
    with FakeSmsc() as smsc:
        yield smsc


@pytest.fixture
def sink() -> RecordingSink:
    return RecordingSink()


@pytest.fixture
def open_link(smsc: FakeSmsc, sink: RecordingSink) -> Iterator[Opener]:
    opener = Opener(smsc, sink)
    yield opener
    for link in opener.links:
        link.stop(drain_s=0)
