"""An `Office` whose answers come in the loop's thread."""

import asyncio
from collections.abc import Callable, Sequence

from sms.transports.sip.digest import Subscriber
from sms.transports.sip.office import Office
from sms.transports.sip.registrar import Binding, parted


class InLoop:
    """Meets `Office`, around one that answers in any thread."""

    def __init__(self, office: Office, loop: asyncio.AbstractEventLoop) -> None:
        self._office = office
        self._call = loop.call_soon_threadsafe

    def find(
        self,
        login: str,
        then: Callable[[Subscriber | None], None],
        otherwise: Callable[[], None],
    ) -> None:
        """Find a client by its login."""
        self._office.find(
            login,
            lambda found: self._later(then, found),
            lambda: self._later(otherwise),
        )

    def write(
        self, put: Sequence[Binding], removed: Sequence[Binding], then: Callable[[bool], None]
    ) -> None:
        """Keep bindings, and forget others."""
        self._office.write(put, removed, lambda done: self._later(then, done))

    def forget(self, gone: Sequence[Binding]) -> None:
        """Forget bindings, if there are any; that it cannot be done now is no matter."""
        if gone:
            self._office.write((), gone, lambda done: None)

    def part(self, broken: Sequence[Binding], now: float) -> None:
        """Keep for a while where clients were whose connections end with the edge."""
        if broken:
            self._office.write([parted(b, now) for b in broken], (), lambda done: None)

    def restore(self, then: Callable[[Sequence[Binding] | None], None]) -> None:
        """Return what an earlier run kept."""
        self._office.restore(lambda found: self._later(then, found))

    def close(self) -> None:
        """Finish what was asked for; may block, for seconds."""
        self._office.close()

    def _later(self, what: Callable[..., None], *arguments: object) -> None:
        self._call(what, *arguments)
