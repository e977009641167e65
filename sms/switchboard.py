"""From a link's row to its open transport: one line a kind."""

from dataclasses import fields
from typing import Any

from sms.models import Link
from sms.transports.base import Sink, Transport
from sms.transports.smpp.link import SmppLink, SmppSettings

TRANSPORTS: dict[str, tuple[type[Any], type[Any]]] = {
    Link.Kind.SMPP: (SmppSettings, SmppLink),
}


def connect(link: Link, sink: Sink) -> Transport:
    """Build a link's transport; it opens with `start`."""
    settings_class, transport_class = TRANSPORTS[link.kind]
    known = {column.attname for column in Link._meta.concrete_fields}
    values = {f.name: getattr(link, f.name) for f in fields(settings_class) if f.name in known}
    transport: Transport = transport_class(settings_class(**values), sink)
    return transport
