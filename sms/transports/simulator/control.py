"""The simulator's control port: knobs, drops, messages from handsets and counts, over HTTP."""

from collections.abc import Awaitable, Callable

from aiohttp import web

from sms.transports.simulator.handset import manner_of
from sms.transports.simulator.knobs import knob_value
from sms.transports.simulator.smsc import Smsc

_MO = ("from", "to", "text", "count")

_Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Control:
    """An HTTP server on 127.0.0.1 alone, for it asks for no password."""

    host = "127.0.0.1"

    def __init__(self, smsc: Smsc, *, port: int = 0) -> None:
        self.port = port
        self._smsc = smsc
        app = web.Application(middlewares=[_explain])
        app.router.add_get("/stats", self._stats)
        app.router.add_post("/set", self._set)
        app.router.add_post("/drop", self._drop)
        app.router.add_post("/mo", self._mo)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.5)

    async def start(self) -> None:
        """Listen.

        Raises OSError when the port cannot be had.
        """
        await self._runner.setup()
        await web.TCPSite(self._runner, self.host, self.port).start()
        self.port = self._runner.addresses[0][1]

    async def stop(self) -> None:
        """Close."""
        await self._runner.cleanup()

    async def _stats(self, request: web.Request) -> web.Response:
        return web.json_response(self._smsc.snapshot())

    async def _set(self, request: web.Request) -> web.Response:
        for name, value in (await _parameters(request)).items():
            self._smsc.turn(name, value)
        return await self._stats(request)

    async def _drop(self, request: web.Request) -> web.Response:
        return web.json_response({"dropped": self._smsc.drop()})

    async def _mo(self, request: web.Request) -> web.Response:
        given = await _parameters(request)
        missing = [name for name in ("from", "to", "text") if name not in given]
        if missing:
            raise ValueError(f"{' and '.join(missing)} missing")
        others = {name: value for name, value in given.items() if name not in _MO}
        sent = self._smsc.send_inbound(
            sender=given["from"],
            recipient=given["to"],
            text=given["text"],
            times=knob_value(given.get("count", "1")),
            manner=manner_of(others),
        )
        return web.json_response({"pdus": sent})


async def _parameters(request: web.Request) -> dict[str, str]:
    """Read the parameters of the query and of a form; the form wins."""
    form = await request.post()
    return {**request.query, **{name: str(value) for name, value in form.items()}}


@web.middleware
async def _explain(request: web.Request, handler: _Handler) -> web.StreamResponse:
    try:
        return await handler(request)
    except ValueError as error:
        return web.json_response({"error": str(error)}, status=400)
