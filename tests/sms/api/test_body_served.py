"""Bodies that do not arrive, at the server that we build on."""

import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from sms.api.body import SHORT
from tests.fakes.ports import free_port

ROOT = Path(__file__).parents[3]
APPLICATION = """
from django.conf import settings
settings.configure()
from django.core.handlers.wsgi import WSGIRequest
from sms.api import body
body.TIMEOUT_S = 0.2

def application(environ, start_response):
    status = "200 OK"
    try:
        body.read(WSGIRequest(environ))
    except body.BodyTooSlow:
        status = "408 Request Timeout"
    start_response(status, [("Content-Length", "0")])
    return [b""]
"""


@pytest.fixture
def port(tmp_path: Path) -> Iterator[int]:
    (tmp_path / "slow_bodies.py").write_text(APPLICATION)
    port = free_port()
    options = f"--interface wsgi --port {port} --blocking-threads 4 --http 1 --no-ws".split()
    argv = (sys.executable, "-m", "granian", *options, "slow_bodies:application")
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": f"{ROOT}{os.pathsep}{tmp_path}"}
    with subprocess.Popen(argv, cwd=ROOT, env=environment, start_new_session=True) as server:
        try:
            _wait_for(port)
            yield port
        finally:
            os.killpg(server.pid, signal.SIGKILL)  # its worker, too, which may be stuck


def test_a_client_that_was_not_waited_for_holds_up_nobody(port: int) -> None:
    with socket.create_connection(("127.0.0.1", port), 10) as stalled:
        stalled.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n." % (SHORT + 1))
        assert stalled.recv(100).startswith(b"HTTP/1.1 408 ")
        for _ in range(8):
            assert _get(port) == 200


def _get(port: int) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("GET", "/")
        return connection.getresponse().status
    finally:
        connection.close()


def _wait_for(port: int) -> None:
    end = time.monotonic() + 30
    while True:
        try:
            _get(port)
        except OSError:
            assert time.monotonic() < end
            time.sleep(0.05)
        else:
            return
