"""The life of an instance: start, wait until it answers, follow the links, stop."""

import http.client
import socket
import time
from collections.abc import Callable

from django.conf import settings
from django.core.management import call_command
from django.db import DatabaseError, InterfaceError, OperationalError, connection

from cpaas.env import forget_instance, remember_instance
from sms import slots
from sms.models import Link
from sms.supervisor import demo, processes
from sms.supervisor.child import Folders
from sms.supervisor.console import Console, log_to
from sms.supervisor.demo import Demo
from sms.supervisor.instance import (
    SUPERVISOR,
    CannotServe,
    Port,
    check_ports,
    end_leftovers,
    only_one,
)
from sms.supervisor.journey import Journey
from sms.supervisor.signals import Signals
from sms.supervisor.supervisor import Supervisor

READY_S = 45.0
JOURNEY_S = 50.0
"""From the start: whoever waits for the first message hears something within a minute."""
TICK_S = 0.2
LOOK_S = 1.0
"""How often the links are read."""
HOPELESS = 3
"""A process that has died so often, young each time, will not make it."""


def serve(console: Console, *, first_message: bool, end_after_it: bool) -> None:
    """Run the platform until a signal, or until the first message has arrived.

    Raises CannotServe.
    """
    folders = Folders.below(settings.DATA_DIR)
    with only_one(folders), Signals() as signals:
        log_to(folders.log_file(SUPERVISOR))
        end_leftovers(folders, console.event)
        example = _prepare(console, with_demo=first_message)
        serving = _Serving(console, folders, signals, example)
        try:
            serving.run(end_after_it=end_after_it)
        finally:
            serving.stop()
            forget_instance()


def _prepare(console: Console, *, with_demo: bool) -> Demo | None:
    """Check the ports, bring the database up to date, fill it.

    Raises CannotServe.
    """
    if with_demo:
        demo.allow_loopback_callbacks()
        demo.show_sip_client()
    try:
        console.event("preparing the database")
        _check_web_port()
        call_command("migrate", verbosity=0, interactive=False)
        example = demo.seed() if with_demo else None
        demo.follow_edge()
        _check_simulator_port()
        _check_edge_ports()
    except (OperationalError, InterfaceError) as error:
        reason = str(error).strip().splitlines()[0]
        raise CannotServe(f"The database cannot be used: {reason}.") from error
    remember_instance()
    return example


def _check_web_port() -> None:
    check_ports([Port("HTTP_PORT", settings.HTTP_PORT, settings.HTTP_HOST)])


def _check_simulator_port() -> None:
    if Link.objects.enabled().filter(name=processes.SIMULATOR).exists():
        if settings.SMPP_PORT == settings.HTTP_PORT:
            raise CannotServe("HTTP_PORT and SMPP_PORT are the same; set one to another port.")
        check_ports([Port("SMPP_PORT", settings.SMPP_PORT)])


def _check_edge_ports() -> None:
    edge = Link.objects.enabled().filter(name=processes.EDGE, kind=Link.Kind.SIP).first()
    if edge is None:
        return
    taken = {settings.HTTP_PORT: "HTTP_PORT", settings.SMPP_PORT: "SMPP_PORT"}
    ports = [Port("SIP_PORT", edge.port, edge.host)]
    if edge.ws_port:
        ports.append(Port("SIP_WS_PORT", edge.ws_port, edge.host))
    for port in ports:
        if taken.setdefault(port.number, port.setting) != port.setting:
            raise CannotServe(
                f"{taken[port.number]} and {port.setting} are the same; set one to another port."
            )
    check_ports([*ports, Port("SIP_PORT", edge.port, edge.host, socket.SOCK_DGRAM)])


class _Serving:
    def __init__(
        self, console: Console, folders: Folders, signals: Signals, example: Demo | None
    ) -> None:
        self._console = console
        self._folders = folders
        self._signals = signals
        self._demo = example
        self._supervisor = Supervisor(folders, console.event, ended=_free_slots)
        self._started = time.monotonic()
        self._looked = float("-inf")

    def run(self, *, end_after_it: bool) -> None:
        """Serve. Raises CannotServe."""
        self._signals.wait(0)  # somebody may have given up already
        self._turn_until(self._is_ready)
        if self._signals.stop_requests:
            return
        self._console.good(f"ready after {time.monotonic() - self._started:.1f} s")
        if self._demo:
            self._show(self._demo, end_after_it=end_after_it)
        if not end_after_it:
            self._console.event("serving; Ctrl-C stops it")
            self._turn_until(lambda: False)

    def stop(self) -> None:
        """Stop every process."""
        self._console.event("stopping")
        told = self._signals.stop_requests

        def pause() -> None:
            nonlocal told
            self._signals.wait(TICK_S)
            if self._signals.stop_requests > max(told, 1):
                told = self._signals.stop_requests
                names = ", ".join(self._supervisor.running)
                self._console.event(f"still stopping {names}; each gets 30 s to finish its work")

        self._supervisor.stop(pause)
        self._console.event("stopped")

    def _show(self, example: Demo, *, end_after_it: bool) -> None:
        """Send the first message, then say how to go on."""
        journey = Journey(example, self._console, deadline=self._started + JOURNEY_S)
        journey.start()
        self._turn_until(lambda: not journey.is_alive() or bool(self._dying()))
        if self._signals.stop_requests:
            return
        failure = journey.failure or (self._why_not() if journey.is_alive() else None)
        if journey.failure:
            failure = f"{journey.failure} The logs are in {self._folders.log}."
        if failure and end_after_it:
            raise CannotServe(failure)
        if failure:
            self._console.bad(failure)
        for line in ("", *example.summary(), ""):
            self._console.plain(line)

    def _turn_until(self, done: Callable[[], bool]) -> None:
        """Look after the processes until something is done, or a signal says stop."""
        while not self._signals.stop_requests and not done():
            self._follow_links()
            self._supervisor.tick()
            self._signals.wait(TICK_S)

    def _follow_links(self) -> None:
        """Read which processes are wanted, every second; keep to the last answer meanwhile."""
        if time.monotonic() < self._looked + LOOK_S:
            return
        self._looked = time.monotonic()
        try:
            self._supervisor.want(processes.wanted())
        except (DatabaseError, InterfaceError) as error:
            connection.close()
            reason = str(error).strip().split("\n")[0]
            self._console.bad(f"the links cannot be read, so they stay as they are: {reason}")

    def _is_ready(self) -> bool:
        """Say whether the API answers.

        Raises CannotServe when it is not going to.
        """
        if self._dying() or time.monotonic() > self._started + READY_S:
            raise CannotServe(self._why_not())
        return not self._supervisor.missing and _api_answers()

    def _dying(self) -> list[str]:
        """List the processes that will not make it."""
        names = self._supervisor.wanted
        return [name for name in names if self._supervisor.early_deaths(name) >= HOPELESS]

    def _why_not(self) -> str:
        name = (self._dying() or self._supervisor.missing or ["web"])[0]
        log = self._folders.log_file(name)
        words = self._folders.last_words(name) or "nothing"
        return f"{name} did not start; the last line of {log} is: {words}"


def _free_slots(pid: int) -> None:
    """Spare the next worker of a link the wait for the lease of the one that ended."""
    try:
        slots.release_dead(pid)
    except (DatabaseError, InterfaceError):
        connection.close()  # then the lease runs out by itself


def _api_answers() -> bool:
    """Say whether the web process answers a request; any answer will do."""
    host = processes.reachable(settings.HTTP_HOST)
    web = http.client.HTTPConnection(host, settings.HTTP_PORT, timeout=5)
    try:
        web.request("GET", "/2012-04-24/")
        return bool(web.getresponse().status)
    except (OSError, http.client.HTTPException):
        return False
    finally:
        web.close()
