"""The connections of one link: a transceiver, or a transmitter and a receiver.

Each is dialled by itself, so that the loss of one does not cost the other; the link
stands where the worse of them stands.
"""

import asyncio
from collections.abc import Callable, Iterator
from typing import Final

from sms.lifecycle import LinkState
from sms.transports.smpp.connection import Connection, Owner
from sms.transports.smpp.dialler import Dialler
from sms.transports.smpp.session import Mode
from sms.transports.smpp.settings import RetryPolicy, SmppSettings

_MODES: Final = {
    "transceiver": (Mode.TRANSCEIVER,),
    "pair": (Mode.TRANSMITTER, Mode.RECEIVER),
}

_WORST_FIRST: Final = (LinkState.REFUSED, LinkState.DOWN, LinkState.BINDING, LinkState.UP)


class Lines:
    """Everything runs in the loop's thread."""

    def __init__(
        self,
        settings: SmppSettings,
        policy: RetryPolicy,
        *,
        owner: Owner,
        report_state: Callable[[LinkState, str], None],
        loop: asyncio.AbstractEventLoop,
    ) -> None:
        self._report_state = report_state
        self._loop = loop
        self._tasks: list[asyncio.Task[None]] = []
        self._states: dict[Mode, LinkState] = {}
        self._diallers = {
            mode: Dialler(
                settings,
                policy,
                mode=mode,
                owner=owner,
                report_state=self._reporter(mode),
                loop=loop,
            )
            for mode in _MODES[settings.bind_mode]
        }

    def start(self) -> None:
        """Begin to dial; once is enough."""
        if not self._tasks:
            self._states = dict.fromkeys(self._diallers, LinkState.BINDING)
            self._tasks = [self._loop.create_task(d.run()) for d in self._diallers.values()]

    def adopt(self, settings: SmppSettings) -> None:
        """Go by new settings, here and on the next connections."""
        for dialler in self._diallers.values():
            dialler.adopt(settings)

    def dial_no_more(self) -> None:
        """Let the connections that are there be the last ones."""
        for dialler in self._diallers.values():
            dialler.dial_no_more()

    def reject(self, connection: Connection, command_status: int) -> None:
        """End a session that the peer takes no messages on."""
        for dialler in self._diallers.values():
            if dialler.connection is connection:
                dialler.reject(command_status)

    async def stop(self) -> None:
        """Close what is open and dial no more."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    @property
    def are_bound(self) -> bool:
        """Say whether every connection is bound."""
        return all(dialler.is_bound for dialler in self._diallers.values())

    @property
    def transmitting(self) -> Connection | None:
        """Name the connection that submits go out on, bound or not."""
        return next(
            (d.connection for mode, d in self._diallers.items() if Mode.TRANSMITTER in mode), None
        )

    def __iter__(self) -> Iterator[Connection]:
        """Go through the connections that are there, the submitting one first."""
        return iter([d.connection for d in self._diallers.values() if d.connection])

    def _reporter(self, mode: Mode) -> Callable[[LinkState, str], None]:
        def report(state: LinkState, detail: str) -> None:
            self._states[mode] = state
            told = next(worst for worst in _WORST_FIRST if worst in self._states.values())
            self._report_state(told, detail if len(self._diallers) == 1 else f"{mode}: {detail}")

        return report
