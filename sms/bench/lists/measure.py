"""Time pages of the list in the server: through WSGI, middleware, view and database."""

import base64
import math
import time
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import urlencode

from django.core.handlers.wsgi import WSGIHandler
from django.test import RequestFactory

from accounts.models import Account

Query = dict[str, str]


@dataclass(frozen=True, slots=True)
class Timing:
    """What pages of one kind took, in milliseconds, and how many ended in an error."""

    p50: float
    p95: float
    worst: float
    failed: int


class Server:
    """The platform's own WSGI application, called without a socket."""

    def __init__(self) -> None:
        self._application = WSGIHandler()
        self._requests = RequestFactory(SERVER_NAME="127.0.0.1")

    def get(self, account: Account, query: Query) -> tuple[float, int]:
        """Ask for one page; return milliseconds and HTTP status."""
        path = f"/api/2012-04-24/Accounts/{account.sid}/SMS/Messages.json?{urlencode(query)}"
        secret = base64.b64encode(f"{account.sid}:{account.auth_token}".encode()).decode()
        request = self._requests.get(path, headers={"authorization": f"Basic {secret}"})
        start = time.perf_counter()
        response = self._application(request.environ, lambda *_: None)  # type: ignore[arg-type]  # nobody reads its answer
        b"".join(response)
        response.close()
        return (time.perf_counter() - start) * 1000, response.status_code


def timing(server: Server, pages: Iterable[tuple[Account, Query]]) -> Timing:
    """Ask for pages, one after the other."""
    answers = [server.get(account, query) for account, query in pages]
    took = sorted(ms for ms, _ in answers)
    return Timing(
        p50=_reached_by(0.50, took),
        p95=_reached_by(0.95, took),
        worst=took[-1],
        failed=sum(status != 200 for _, status in answers),
    )


def _reached_by(share: float, took: list[float]) -> float:
    """Return the time within which this share of all ended."""
    return took[math.ceil(share * len(took)) - 1]
