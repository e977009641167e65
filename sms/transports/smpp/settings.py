"""What a link is told: where, as whom, how fast, in which form, and when to try again."""

import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final


@dataclass(frozen=True, slots=True)
class SmppSettings:
    """One link. Fields are named as the columns of the table they come from."""

    name: str
    host: str
    port: int
    system_id: str
    password: str = field(repr=False)
    system_type: str = ""
    address_range: str = ""
    """The numbers whose messages we receive."""
    window_size: int = 10
    """Requests that may wait for an answer at once."""
    max_tps: float = 0.0
    """PDUs a second on this connection; 0 for as fast as the peer takes them."""
    response_timeout_s: float = 10.0
    enquire_link_s: float = 30.0

    tls: bool = False
    tls_ca: str = field(default="", repr=False)
    """Certificates of authorities, as PEM; empty for the system's."""
    tls_verify: bool = True
    tls_name: str = ""
    """What the peer's certificate has to name; empty for the host."""
    tls_cert: str = field(default="", repr=False)
    """Our own certificate and its chain, as PEM; empty for none."""
    tls_key: str = field(default="", repr=False)
    bind_mode: str = "transceiver"
    """Or "pair": a transmitter and a receiver."""

    service_type: str = ""
    source_ton: int | None = None
    """This and the next three: None goes by the form of the address."""
    source_npi: int | None = None
    dest_ton: int | None = None
    dest_npi: int | None = None
    registered_delivery: int = 1
    send_validity: bool = True
    default_alphabet: str = "gsm"
    """What the peer reads data_coding 0 as: "gsm", "latin1" or "ascii"."""
    long_messages: str = "udh8"
    """How a text longer than one PDU travels: "udh8", "udh16", "sar" or "payload"."""

    receipt_id_form: str = "auto"
    unknown_is_final: bool = False
    status_overrides: Mapping[str, object] = field(default_factory=dict)
    err_preset: str = "nexmo"
    err_overrides: Mapping[str, object] = field(default_factory=dict)
    network_error_codes: Mapping[str, object] = field(default_factory=dict)

    def needs_new_connection(self, earlier: "SmppSettings") -> bool:
        """Say whether a connection made by earlier settings does not serve these."""
        return any(getattr(self, name) != getattr(earlier, name) for name in _OF_A_CONNECTION)


_OF_A_CONNECTION: Final = (
    "host",
    "port",
    "system_id",
    "password",
    "system_type",
    "address_range",
    "bind_mode",
    "tls",
    "tls_ca",
    "tls_verify",
    "tls_name",
    "tls_cert",
    "tls_key",
    # No part of a bind, but messages that are cut already must leave as they were cut.
    "default_alphabet",
    "long_messages",
)


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How long to wait for the peer, and between tries to reach it."""

    connect_timeout_s: float = 10.0
    first_s: float = 1.0
    longest_s: float = 60.0
    steady_s: float = 10.0
    """A session that lasted so long, or on which a message was taken, was worth its bind."""
    already_bound_s: float = 30.0
    """The peer has not noticed yet that our last connection is gone."""
    refused_first_s: float = 60.0
    refused_longest_s: float = 900.0
    jitter: float = 0.2
    """Part of the wait that is left to chance, so that links do not come all at once."""
    unbind_s: float = 2.0

    def after_loss(self, losses: int) -> float:
        """Wait after so many losses without a bind between, from 1 on, in seconds."""
        return self._spread(_doubled(self.first_s, losses, self.longest_s))

    def after_refusal(self, refusals: int) -> float:
        """Wait after so many refusals of our bind, from 1 on, in seconds."""
        return self._spread(_doubled(self.refused_first_s, refusals, self.refused_longest_s))

    def _spread(self, seconds: float) -> float:
        return seconds * (1 - self.jitter * random.random())  # noqa: S311  # not a secret


def _doubled(first_s: float, times: int, longest_s: float) -> float:
    return min(first_s * 2.0 ** min(times - 1, 30), longest_s)
