"""From a link's row to its open transport: one line a kind."""

from collections.abc import Callable
from dataclasses import fields, replace
from typing import Any

from django.conf import settings
from django.utils.crypto import salted_hmac

from sms.clients.directory import Directory
from sms.models import Link
from sms.transports.base import Sink, Transport
from sms.transports.sip.edge import SipEdge
from sms.transports.sip.settings import SipSettings
from sms.transports.smpp.link import SmppLink, SmppSettings


def _edge(own: SipSettings, sink: Sink) -> SipEdge:
    """Build an edge, with what is the platform's and not the link's."""
    secret = salted_hmac("sms.transports.sip", "nonces", algorithm="sha256").digest()
    own = replace(
        own,
        domain=settings.SIP_DOMAIN,
        public_host=own.public_host or settings.SIP_PUBLIC_HOST,
        waits_for_clients=settings.SIP_WAIT_FOR_CLIENTS,
        trusted=tuple(settings.SIP_TRUSTED_PROXIES),
        secret=secret,
    )
    return SipEdge(own, sink, Directory(own.name))


TRANSPORTS: dict[str, tuple[type[Any], Callable[[Any, Sink], Transport]]] = {
    Link.Kind.SMPP: (SmppSettings, SmppLink),
    Link.Kind.SIP: (SipSettings, _edge),
}


def settings_of(link: Link, *, max_tps: float | None = None) -> object:
    """Read a link's row as the settings of its kind, with another rate where one is given."""
    settings_class, _ = TRANSPORTS[link.kind]
    known = {column.attname for column in Link._meta.concrete_fields}
    names = {f.name for f in fields(settings_class)}
    values = {name: getattr(link, name) for name in names & known}
    if max_tps is not None and "max_tps" in names:
        values["max_tps"] = max_tps
    settings: object = settings_class(**values)
    return settings


def connect(kind: str, settings: object, sink: Sink) -> Transport:
    """Build the transport of a kind of link; it opens with `start`."""
    _, make = TRANSPORTS[kind]
    return make(settings, sink)
