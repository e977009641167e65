"""From a link's row to its transport."""

from dataclasses import fields

from django.conf import LazySettings

from sms.models import Link
from sms.switchboard import TRANSPORTS, connect, settings_of
from sms.transports.sip.edge import SipEdge
from sms.transports.sip.settings import SipSettings
from sms.transports.smpp.link import SmppLink, SmppSettings
from tests.fakes.sink import RecordingSink


def test_every_setting_of_smpp_is_a_column_with_the_same_default() -> None:
    columns = {column.attname: column for column in Link._meta.concrete_fields}
    for setting in fields(SmppSettings):
        assert setting.name in columns
    own = SmppSettings(name="acme", host="::1", port=2775, system_id="esme", password="secret")
    link = Link(name="acme", host="::1", system_id="esme", password="secret")
    row = {setting.name: getattr(link, setting.name) for setting in fields(SmppSettings)}
    assert SmppSettings(**row) == own


def test_every_setting_of_an_edge_is_a_column_or_the_platforms() -> None:
    columns = {column.attname for column in Link._meta.concrete_fields}
    own = {setting.name for setting in fields(SipSettings)}
    assert own - columns == {"domain", "secret", "trusted", "waits_for_clients"}


def test_an_edges_row_opens_it_with_the_settings_of_the_platform(settings: LazySettings) -> None:
    settings.SIP_DOMAIN, settings.SIP_PUBLIC_HOST = "sip.example.org", "192.0.2.7"
    link = Link(name="sip", kind="sip", host="::1", port=5070)
    edge = connect(link.kind, settings_of(link), RecordingSink())
    assert isinstance(edge, SipEdge)
    assert edge._settings.domain == "sip.example.org"
    assert (edge._settings.public_host, edge._settings.port) == ("192.0.2.7", 5070)
    assert edge._settings.secret and edge.room() == 0


def test_a_links_row_opens_its_transport() -> None:
    link = Link(name="acme", host="::1", long_messages="payload", bind_mode="pair")
    transport = connect(link.kind, settings_of(link), RecordingSink())
    assert isinstance(transport, SmppLink) and Link.Kind.SMPP in TRANSPORTS
    assert transport.room() == 0


def test_a_slot_is_told_its_own_part_of_the_links_rate() -> None:
    link = Link(name="acme", host="::1", max_tps=50)
    whole, part = settings_of(link), settings_of(link, max_tps=12.5)
    assert isinstance(whole, SmppSettings) and isinstance(part, SmppSettings)
    assert (whole.max_tps, part.max_tps) == (50, 12.5)
    assert not part.needs_new_connection(whole)
