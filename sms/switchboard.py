"""From a link's row to its open transport: one line a kind."""

from dataclasses import fields
from typing import Any

from sms.models import Link
from sms.transports.base import Sink, Transport
from sms.transports.smpp.link import SmppLink, SmppSettings

TRANSPORTS: dict[str, tuple[type[Any], type[Any]]] = {
    Link.Kind.SMPP: (SmppSettings, SmppLink),
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
    _, transport_class = TRANSPORTS[kind]
    transport: Transport = transport_class(settings, sink)
    return transport
