"""Hosts that fail: noticing it, leaving them alone, and trying whether they are back."""

import logging
import random
from collections.abc import Iterable

from sms import outbox
from sms.outbox import HostFailures, HostState, Probe
from sms.webhook.sender import Answer

logger = logging.getLogger(__name__)

FIRST_PROBE_S = 10.0
LONGEST_PROBE_S = 300.0
TOO_MANY_REQUESTS = 429


def is_failure(answer: Answer) -> bool:
    """Say whether an answer speaks against its host, and not against one URL there.

    Hosts are shared: that one customer's path is unknown (404) or gone (410) must not stop
    the callbacks of the others.
    """
    if answer.status is None:
        return not (answer.is_final or answer.is_ours)
    return answer.status >= 500 or answer.status == TOO_MANY_REQUESTS


def is_alive(answer: Answer) -> bool:
    """Say whether an answer shows that its host works."""
    return answer.status is not None and not is_failure(answer)


class Circuits:
    """What one worker knows of failing hosts, and writes down of them."""

    def __init__(self) -> None:
        self._failing: set[str] = set()
        self._probing: dict[str, int] = {}
        """How often the probes of hosts that this worker probes have failed, by host."""

    def see(self, hosts: Iterable[HostState]) -> None:
        """Learn from a survey which hosts fail; other workers may have found out."""
        for host in hosts:
            (self._failing.add if host.is_failing else self._failing.discard)(host.host)

    def take_probes(self, hosts: Iterable[HostState], *, lease_s: float) -> set[str]:
        """Take the right to probe those of the hosts that want it."""
        wanting = {host.host: host.probes for host in hosts if host.wants_probe}
        taken = outbox.take_probes(sorted(wanting), lease_s=lease_s)
        self._probing |= {host: wanting[host] for host in taken}
        return taken

    def note(self, answers: Iterable[tuple[str, Answer]]) -> None:
        """Write down what answers, in their order, say of their hosts."""
        alive: set[str] = set()
        failures: dict[str, HostFailures] = {}
        for host, answer in answers:
            if is_alive(answer):
                alive.add(host)
                failures.pop(host, None)
            elif is_failure(answer):
                before = failures[host].failures if host in failures else 0
                said = (answer.error or "")[:255]
                failures[host] = HostFailures(host, before + 1, said)
        self._forgive(alive & (self._failing | self._probing.keys()))
        self._count(failures)

    def _forgive(self, hosts: set[str]) -> None:
        for host in sorted(outbox.forgive_hosts(sorted(hosts))):
            logger.info("callbacks to %s flow again", host)
        self._failing -= hosts
        for host in hosts:
            self._probing.pop(host, None)

    def _count(self, failures: dict[str, HostFailures]) -> None:
        for host in sorted(outbox.count_failures(list(failures.values()))):
            said = failures[host].last_answer
            logger.warning("callbacks to %s wait until it answers: %s", host, said)
        self._failing |= failures.keys()
        probed = [host for host in failures if host in self._probing]
        outbox.postpone_probes(
            [Probe(host, probe_in_s(self._probing.pop(host) + 1)) for host in probed]
        )


def probe_in_s(failed: int) -> float:
    """Say how long to wait after so many failed probes: doubling up to five minutes, with jitter.

    Not down to nothing, as a retry may: a host that is away gets one request each time.
    """
    longest = min(FIRST_PROBE_S * 2 ** min(failed, 20), LONGEST_PROBE_S)
    return random.uniform(longest / 2, longest)  # noqa: S311  # jitter, not a secret
