"""The cases of a run, and a look into the log at its end."""

import logging
import secrets
from collections.abc import Iterator

import pytest

from tests.fuzz.tries import Tries
from tests.sms.conftest import link
from tests.sms.transports.sip.conftest import make_bench

__all__ = ["clean_log", "link", "make_bench", "tries"]
"""Of the doors' own tests, too."""


@pytest.fixture(scope="session")
def tries(request: pytest.FixtureRequest) -> Tries:
    seconds = request.config.getoption("--fuzz-s")
    seed = request.config.getoption("--fuzz-seed")
    if seed is None:
        seed = secrets.randbelow(1_000_000) if seconds else 1
    return Tries(seed, seconds)


@pytest.fixture
def clean_log(caplog: pytest.LogCaptureFixture) -> Iterator[pytest.LogCaptureFixture]:
    """Whatever is sent to us is no error of ours: nothing may be logged as one."""
    caplog.set_level(logging.WARNING)
    yield caplog
    errors = [line for line in caplog.get_records("call") if line.levelno >= logging.ERROR]
    assert not errors, [line.getMessage() for line in errors]
