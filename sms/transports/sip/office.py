"""What the edge asks of the platform around it: who is who, and to keep in mind who is where.

Nothing here may block. `then` is called once, later, from any thread.
"""

from collections.abc import Callable, Sequence
from typing import Protocol

from sms.transports.sip.digest import Subscriber
from sms.transports.sip.registrar import Binding


class Office(Protocol):
    """Knows clients and their bindings."""

    def find(
        self,
        login: str,
        then: Callable[[Subscriber | None], None],
        otherwise: Callable[[], None],
    ) -> None:
        """Find a client by its login, in any case; None where there is none.

        `otherwise` is called instead while that cannot be known.
        """

    def write(
        self, put: Sequence[Binding], removed: Sequence[Binding], then: Callable[[bool], None]
    ) -> None:
        """Keep bindings, and forget others; tell whether it is done."""

    def restore(self, then: Callable[[Sequence[Binding] | None], None]) -> None:
        """Return what an earlier run of this edge kept; None: not now.

        What was reached over UDP still is. Connections are gone: bindings over them end
        within `registrar.COMES_BACK_S`, for their clients to renew.
        """

    def close(self) -> None:
        """Finish what was asked for; may block, for seconds."""
