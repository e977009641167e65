"""From a link's row to its transport."""

from dataclasses import fields

from sms.models import Link
from sms.switchboard import TRANSPORTS, connect
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


def test_a_links_row_opens_its_transport() -> None:
    link = Link(name="acme", host="::1", long_messages="payload", bind_mode="pair")
    transport = connect(link, RecordingSink())
    assert isinstance(transport, SmppLink) and Link.Kind.SMPP in TRANSPORTS
    assert transport.room() == 0
