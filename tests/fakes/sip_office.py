"""A platform around an edge, in memory."""

from collections.abc import Callable, Sequence

from sms.transports.sip.digest import Subscriber, ha1
from sms.transports.sip.registrar import Binding

REALM = "127.0.0.1"


def subscriber(
    login: str, *algorithms: str, password: str = "secret", realm: str = REALM
) -> Subscriber:
    """Make a client that may use some algorithms: MD5 where none is named."""
    hashes = {name: ha1(login, realm, password, name) for name in ("MD5", "SHA-256")}
    return Subscriber(login, algorithms or ("MD5",), hashes)


class MemoryOffice:
    """Meets `office.Office`; outlives an edge, as a database would."""

    def __init__(self, *subscribers: Subscriber) -> None:
        self.subscribers = {known.login.lower(): known for known in subscribers}
        self.bindings: dict[tuple[str, str], Binding] = {}
        self.writes: list[tuple[Sequence[Binding], Sequence[Binding]]] = []
        self.is_away = False

    def find(
        self,
        login: str,
        then: Callable[[Subscriber | None], None],
        otherwise: Callable[[], None],
    ) -> None:
        if self.is_away:
            otherwise()
        else:
            then(self.subscribers.get(login.lower()))

    def write(
        self, put: Sequence[Binding], removed: Sequence[Binding], then: Callable[[bool], None]
    ) -> None:
        if not self.is_away:
            self.writes.append((put, removed))
            for binding in removed:
                self.bindings.pop((binding.login, binding.key), None)
            self.bindings |= {(binding.login, binding.key): binding for binding in put}
        then(not self.is_away)

    def restore(self, then: Callable[[Sequence[Binding] | None], None]) -> None:
        then(None if self.is_away else list(self.bindings.values()))

    def close(self) -> None:
        pass
