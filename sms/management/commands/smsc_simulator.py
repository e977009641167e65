"""Run the SMSC simulator: a carrier to try the platform with."""

import asyncio
import os
import signal
import ssl
from argparse import ArgumentTypeError
from dataclasses import fields
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from sms.transports.simulator.control import Control
from sms.transports.simulator.knobs import Knobs, knob_value
from sms.transports.simulator.smsc import Smsc
from sms.transports.simulator.state import BrokenState, read_state, set_aside, write_state
from sms.transports.smpp.tls import server_context

_TLS_FILES = {
    "--tls-cert": "speak TLS with this certificate and its chain, as PEM",
    "--tls-key": "its key, as PEM, where it is not in the same file",
    "--tls-client-ca": "demand a certificate of every ESME, signed by these authorities",
}


class Command(BaseCommand):
    help = (
        "Runs an SMSC that delivers everything, except where the last five digits of the "
        "destination are an error code: 30001, 30003 to 30008 or 30090."
    )
    requires_system_checks = []
    requires_migrations_checks = False

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--host", default="127.0.0.1")
        parser.add_argument("--port", type=_port, default=settings.SMPP_PORT)
        parser.add_argument("--control-port", type=_port, help="HTTP on 127.0.0.1; off by default")
        parser.add_argument("--system-id", default="", help="without it, every bind is taken")
        parser.add_argument("--password", default="")
        for name, what in _TLS_FILES.items():
            parser.add_argument(name, type=_text, metavar="FILE", help=what)
        parser.add_argument(
            "--state", type=_file, help="keeps here what it owes from its stop to its next start"
        )
        for knob in fields(Knobs):
            parser.add_argument(
                f"--{knob.name.replace('_', '-')}",
                type=_knob,
                default=knob.default,
                help=f"{knob.metadata['help']} (%(default)s)",
            )
        parser.add_argument("--mo-text", help="send this from a handset at the first bind")
        parser.add_argument("--mo-from", default="15550001111")
        parser.add_argument("--mo-to", default="15005550006")
        parser.add_argument("--mo-count", type=int, default=1)

    def handle(self, *args: Any, **options: Any) -> None:
        asyncio.run(self._serve(options))

    async def _serve(self, options: dict[str, Any]) -> None:
        smsc = Smsc(
            host=options["host"],
            port=options["port"],
            system_id=options["system_id"],
            password=options["password"],
            knobs=Knobs(**{knob.name: options[knob.name] for knob in fields(Knobs)}),
            tls=_tls(options),
        )
        state_file: Path | None = options["state"]
        asked_to_stop = _stop_event()
        self._resume(smsc, state_file)
        _queue_inbound(smsc, options)
        await _listen(smsc)
        control = await _control(smsc, options["control_port"])
        if state_file:
            # Not before the ports are ours: another may have to read it.
            state_file.unlink(missing_ok=True)
        self._say(f"The SMSC simulator listens on {smsc.host}:{smsc.port}.")
        if control:
            self._say(f"Its control port is http://{control.host}:{control.port}.")
        await asked_to_stop.wait()
        await smsc.stop()
        if control:
            await control.stop()
        if state_file:
            _keep(smsc, state_file)

    def _resume(self, smsc: Smsc, file: Path | None) -> None:
        if file is None:
            return
        try:
            state = read_state(file)
        except BrokenState as error:
            self.stderr.write(f"What was owed cannot be read ({error}); {_put_away(file)}.")
        else:
            if state:
                smsc.resume(state)

    def _say(self, line: str) -> None:
        self.stdout.write(line)
        self.stdout.flush()


def _knob(text: str) -> int:
    try:
        return knob_value(text)
    except ValueError as error:
        raise ArgumentTypeError(str(error)) from None


def _port(text: str) -> int:
    number = _knob(text)
    if number > 0xFFFF:
        raise ArgumentTypeError(f"{number} is no port")
    return number


def _text(path: str) -> str:
    try:
        return Path(path).read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise ArgumentTypeError(f"cannot read {path}: {error}") from None


def _tls(options: dict[str, Any]) -> ssl.SSLContext | None:
    cert, key, client_ca = (options[f"tls_{name}"] or "" for name in ("cert", "key", "client_ca"))
    if not cert:
        if key or client_ca:
            raise CommandError("--tls-key and --tls-client-ca need --tls-cert.")
        return None
    try:
        return server_context(cert=cert, key=key, client_ca=client_ca)
    except ValueError as error:
        raise CommandError(str(error)) from None
    except ssl.SSLError:
        raise CommandError("--tls-client-ca is not a list of certificates in PEM form.") from None


def _file(text: str) -> Path:
    path = Path(text)
    if not path.parent.is_dir():
        raise ArgumentTypeError(f"{path.parent} is no folder")
    return path


def _put_away(file: Path) -> str:
    try:
        return f"the file is now {set_aside(file)}"
    except OSError as error:
        return f"nor can {file} be renamed ({error.strerror})"


def _keep(smsc: Smsc, file: Path) -> None:
    try:
        write_state(file, smsc.state())
    except OSError as error:
        raise CommandError(f"What is owed cannot be kept in {file}: {error.strerror}.") from error


def _queue_inbound(smsc: Smsc, options: dict[str, Any]) -> None:
    if options["mo_text"] is None:
        return
    try:
        smsc.send_inbound(
            sender=options["mo_from"],
            recipient=options["mo_to"],
            text=options["mo_text"],
            times=options["mo_count"],
        )
    except ValueError as error:
        raise CommandError(f"The message cannot be sent: {error}.") from error


def _stop_event() -> asyncio.Event:
    event = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, event.set)
    return event


async def _control(smsc: Smsc, port: int | None) -> Control | None:
    if port is None:
        return None
    control = Control(smsc, port=port)
    await _listen(control)
    return control


async def _listen(server: Smsc | Control) -> None:
    where = f"{server.host}:{server.port}"
    try:
        await server.start()
    except OSError as error:
        # asyncio wraps the system's words in a long sentence of its own.
        reason = os.strerror(error.errno) if error.errno else str(error)
        raise CommandError(f"Cannot listen on {where}: {reason}.") from error
