"""How an edge gets its ports, and what an earlier run knew of the clients."""

import asyncio
from collections.abc import Callable, Sequence

from sms.transports.sip.edge.in_loop import InLoop
from sms.transports.sip.registrar import Binding, Registrar
from sms.transports.sip.sockets import Sockets


class Opening:
    """Opens the sockets, try after try."""

    def __init__(
        self,
        sockets: Sockets,
        office: InLoop,
        registrar: Registrar,
        *,
        waits_s: Sequence[float],
        complain: Callable[[str], None],
    ) -> None:
        """`waits_s` holds the waits between tries; the last one repeats."""
        self._sockets = sockets
        self._office = office
        self._registrar = registrar
        self._waits_s = waits_s
        self._complain = complain

    async def open(self) -> str:
        """Return where the edge listens, when it does."""
        tries = 0
        while True:
            try:
                where = await self._sockets.open()
            except OSError as error:
                self._complain(self._sockets.complaint(error))
            else:
                if await self._restore():
                    return where
                await self._sockets.close()
                self._complain("the database is away")
            await asyncio.sleep(self._waits_s[min(tries, len(self._waits_s) - 1)])
            tries += 1

    async def reopen(self) -> str:
        """Close what is left, and open anew."""
        await self._sockets.close()
        await asyncio.sleep(self._waits_s[0])
        return await self.open()

    async def _restore(self) -> bool:
        loop = asyncio.get_running_loop()
        restored: asyncio.Future[Sequence[Binding] | None] = loop.create_future()

        def set_result(bindings: Sequence[Binding] | None) -> None:
            if not restored.done():
                restored.set_result(bindings)

        self._office.restore(set_result)
        bindings = await restored
        for binding in bindings or ():
            self._registrar.restore(binding)
        return bindings is not None
