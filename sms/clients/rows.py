"""Between an edge's bindings and their rows."""

from datetime import UTC, datetime

from django.utils import timezone

from accounts.models import Client
from sms import models
from sms.transports.sip.digest import Subscriber
from sms.transports.sip.flow import Flow
from sms.transports.sip.registrar import Binding

COLUMNS = (
    "link",
    "contact",
    "instance",
    "call_id",
    "cseq",
    "transport",
    "source_host",
    "source_port",
    "connection",
    "user_agent",
    "registered_at",
    "expires_at",
)
"""What a new registration of the same device changes."""

_OFFERS = {
    Client.Digest.MD5.value: ("MD5",),
    Client.Digest.SHA_256.value: ("SHA-256",),
    Client.Digest.BOTH.value: ("SHA-256", "MD5"),
}


def subscriber_of(client: Client) -> Subscriber:
    """Tell what an edge needs to check a client's password."""
    return Subscriber(
        login=client.login,
        algorithms=_OFFERS[client.digest],
        ha1={"MD5": client.ha1_md5, "SHA-256": client.ha1_sha256},
        is_enabled=client.enabled and client.account.is_active,
    )


def row_of(binding: Binding, *, client_id: int, link_id: int) -> models.Binding:
    """Make the row of a binding."""
    return models.Binding(
        client_id=client_id,
        link_id=link_id,
        key=binding.key,
        contact=binding.contact,
        instance=binding.instance,
        call_id=binding.call_id,
        cseq=binding.cseq,
        transport=binding.flow.transport,
        source_host=binding.flow.host,
        source_port=binding.flow.port,
        connection=binding.flow.connection,
        user_agent=binding.user_agent,
        registered_at=timezone.now(),
        expires_at=datetime.fromtimestamp(binding.expires_at, UTC),
    )


def binding_of(row: models.Binding) -> Binding:
    """Make the binding of a row, whose client is at hand."""
    return Binding(
        login=row.client.login.lower(),
        key=row.key,
        contact=row.contact,
        flow=Flow(row.transport, row.source_host, row.source_port, row.connection),
        call_id=row.call_id,
        cseq=row.cseq,
        expires_at=row.expires_at.timestamp(),
        user_agent=row.user_agent,
        instance=row.instance,
    )
