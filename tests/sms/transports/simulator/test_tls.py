"""The simulator behind TLS, as a carrier runs it: the command, and a link that calls it."""

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from sms.lifecycle import LinkState
from sms.transports.base import Accepted
from sms.transports.smpp.link import SmppLink
from tests.e2e.conftest import MANAGE
from tests.fakes.certificates import Authority
from tests.fakes.sink import RecordingSink
from tests.sms.transports.contract import segment
from tests.sms.transports.smpp.conftest import QUICK, settings

AUTHORITY = Authority()


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """A simulator that speaks TLS and demands certificates."""
    folder = tmp_path_factory.mktemp("tls")
    (folder / "ca.pem").write_text(AUTHORITY.pem)
    (folder / "server.pem").write_bytes(AUTHORITY.server_pem("localhost"))
    options = ("--tls-cert", folder / "server.pem", "--tls-client-ca", folder / "ca.pem")
    with subprocess.Popen(
        (*MANAGE, "smsc_simulator", "--port", "0", *options),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        assert process.stdout
        found = re.search(r":(\d+)\.$", process.stdout.readline().strip())
        assert found
        yield int(found[1])
        process.terminate()


def call(port: int, **values: Any) -> tuple[SmppLink, RecordingSink]:
    sink = RecordingSink()
    known = {"host": "localhost", "tls": True, "tls_ca": AUTHORITY.pem}
    link = SmppLink(settings(port, **known, **values), sink, policy=QUICK)
    link.start()
    return link, sink


@pytest.mark.sockets
def test_a_link_with_a_certificate_sends_through_it(port: int) -> None:
    link, sink = call(port, **AUTHORITY.own())
    sink.wait_state(LinkState.UP)
    link.send([segment(1)])
    sink.wait_outcomes(1)
    assert isinstance(sink.result_of(1), Accepted)
    link.stop(drain_s=0)


@pytest.mark.sockets
def test_a_link_without_one_is_turned_away(port: int) -> None:
    link, sink = call(port)
    sink.wait_state(LinkState.DOWN)
    assert all(state is not LinkState.UP for state, _ in sink.states)
    link.stop(drain_s=0)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--tls-key", "{ca}"), "need --tls-cert"),
        (("--tls-cert", "/nowhere"), "cannot read /nowhere"),
        (("--tls-cert", "{ca}"), "cannot be read as PEM"),
        (("--tls-cert", "{server}", "--tls-client-ca", "{junk}"), "not a list of certificates"),
    ],
)
def test_what_cannot_be_used_is_told_in_a_sentence(
    tmp_path: Path, options: tuple[str, ...], words: str
) -> None:
    files = {name: tmp_path / f"{name}.pem" for name in ("ca", "server", "junk")}
    files["ca"].write_text(AUTHORITY.pem)
    files["server"].write_bytes(AUTHORITY.server_pem("localhost"))
    files["junk"].write_text("-----BEGIN CERTIFICATE-----\nno\n-----END CERTIFICATE-----\n")
    with pytest.raises(CommandError, match=words):
        given = [option.format(**files) for option in options]
        call_command("smsc_simulator", "--port", "0", *given)
