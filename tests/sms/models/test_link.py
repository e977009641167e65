"""What a link's columns may hold, and the command that fills them."""

import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command
from django.db import connection

from sms.models import Link
from tests.fakes.certificates import Authority

OWN, OTHER = Authority().own(), Authority().own()

pytestmark = pytest.mark.django_db


def link(**columns: Any) -> Link:
    return Link(**{"name": "carrier", "host": "smpp.example.org", **columns})


@pytest.mark.parametrize(
    ("columns", "culprit", "words"),
    [
        ({"password": "123456789"}, "password", "room for 8 characters here; this has 9"),
        ({"system_id": "1" * 16}, "system_id", "at most 15 characters"),
        ({"system_type": "1" * 13}, "system_type", "at most 12 characters"),
        ({"service_type": "1" * 6}, "service_type", "at most 5 characters"),
        ({"system_id": "çédille"}, "system_id", "printable ASCII"),
        ({"password": "tab\t"}, "password", "printable ASCII"),
        ({"source_ton": 256}, "source_ton", "less than or equal to 255"),
        ({"registered_delivery": 32}, "registered_delivery", "less than or equal to 31"),
        ({"bind_mode": "both"}, "bind_mode", "not a valid choice"),
        ({"default_alphabet": "ebcdic"}, "default_alphabet", "not a valid choice"),
        ({"long_messages": "no"}, "long_messages", "not a valid choice"),
        ({"status_overrides": {"0x58": 1}}, "status_overrides", "0x58 needs a code"),
        ({"err_overrides": {"1": 1}}, "err_overrides", "1 is none of 30001"),
        ({"network_error_codes": [1]}, "network_error_codes", "must be a JSON object"),
        ({"tls": True, "tls_ca": "-----BEGIN"}, "tls_ca", "not a list of certificates"),
        ({"tls": True, "tls_ca": "é"}, "tls_ca", "not a list of certificates"),
        ({"tls_ca": "x"}, "tls_ca", "TLS is off"),
        ({"tls_name": "x.example"}, "tls_name", "TLS is off"),
        ({"tls": True, "tls_name": "x y"}, "tls_name", "neither a host name nor"),
        ({"tls_cert": "x"}, "tls_cert", "TLS is off"),
        ({"tls": True, "tls_key": OWN["tls_key"]}, "tls_cert", "a key without its certificate"),
        ({"tls": True, "tls_cert": OWN["tls_cert"]}, "tls_cert", "cannot be read as PEM"),
        ({"tls": True, "tls_cert": "x", "tls_key": "y"}, "tls_cert", "cannot be read as PEM"),
        ({"tls": True, **OWN, "tls_key": OTHER["tls_key"]}, "tls_cert", "does not belong to"),
        ({"binds": 0}, "binds", "greater than or equal to 1"),
        ({"binds": 33}, "binds", "less than or equal to 32"),
        *(
            ({"host": host}, "host", "neither a host name nor an IP address")
            for host in (
                *("smpp example", "smpp.example:2775", "http://smpp.example", "-a.example", "a..b"),
                *("1.2.3", "1.2.3.256", "10.0.0.1/8", "a" * 64, "host,other", "fe80:::1"),
            )
        ),
        ({"host": "smpp.exämple.org"}, "host", "begins with xn--"),
        ({"tls": True, "tls_ca": "x", "tls_verify": False}, "tls_ca", "is not checked"),
    ],
)
def test_a_wrong_column_is_told_in_a_sentence(
    columns: dict[str, Any], culprit: str, words: str
) -> None:
    with pytest.raises(ValidationError) as caught:
        link(**columns).full_clean()
    assert list(caught.value.message_dict) == [culprit]
    assert words in " ".join(caught.value.message_dict[culprit])


@pytest.mark.parametrize("host", ["::1", "[::1]", " [::1] "])
def test_a_host_may_be_an_ipv6_address_with_or_without_brackets(host: str) -> None:
    carrier = link(host=host)
    carrier.full_clean()
    assert carrier.host == "::1"


@pytest.mark.parametrize(
    "host",
    ["localhost", "smsc_1", "smpp.example.org.", "xn--exmple-cua.org", "10.0.0.1", "2001:db8::1"],
)
def test_a_host_is_whatever_a_resolver_takes(host: str) -> None:
    link(host=host, tls=True, **OWN).full_clean()


def test_a_key_is_stored_encrypted() -> None:
    link(tls=True, **OWN).save()
    with connection.cursor() as cursor:
        cursor.execute("SELECT tls_key FROM sms_link")
        (stored,) = cursor.fetchone()
    assert "PRIVATE" not in stored and Link.objects.get().tls_key == OWN["tls_key"]


def test_everything_a_carrier_asks_for_is_an_option_of_the_command(tmp_path: Path) -> None:
    ca = tmp_path / "ca.pem"
    ca.write_text(Authority().pem)
    out = StringIO()
    options = (
        "--host ::1 --port 3550 --system-id esme --password secret --tls --tls-ca {ca} "
        "--bind-mode pair --source-ton 0 --dest-npi 8 --registered-delivery 17 "
        "--no-send-validity --service-type CMT --default-alphabet latin1 --long-messages sar "
        "--unknown-is-final --one-receipt-wait-s 0 --err-preset gsm --err-overrides {err} "
        "--status-overrides {status} --network-error-codes {network}"
    )
    call_command(
        "addlink",
        "acme",
        *(
            word.format(
                ca=ca,
                err='{"011": 30005}',
                status='{"0x401": {"code": 30004}}',
                network='{"27": 30003}',
            )
            for word in options.split()
        ),
        "--json",
        stdout=out,
    )
    assert json.loads(out.getvalue())["name"] == "acme"
    stored = Link.objects.get()
    assert (stored.tls, stored.tls_verify, stored.tls_ca) == (True, True, ca.read_text())
    assert (stored.bind_mode, stored.source_ton, stored.source_npi) == ("pair", 0, None)
    assert (stored.dest_npi, stored.registered_delivery, stored.send_validity) == (8, 17, False)
    assert (stored.default_alphabet, stored.long_messages) == ("latin1", "sar")
    assert (stored.unknown_is_final, stored.one_receipt_wait_s) == (True, 0)
    assert stored.err_preset == "gsm" and stored.err_overrides == {"011": 30005}
    assert stored.status_overrides == {"0x401": {"code": 30004}}
    assert stored.network_error_codes == {"27": 30003}


@pytest.mark.parametrize(
    ("option", "value", "words"),
    [
        ("--tls-ca", "/nowhere/ca.pem", "cannot read /nowhere/ca.pem"),
        ("--err-overrides", "{", "is not JSON"),
        ("--err-overrides", '{"1": 2}', "2 is none of 30001"),
        ("--password", "much too long", "room for 8 characters"),
    ],
)
def test_the_command_says_what_is_wrong(option: str, value: str, words: str) -> None:
    with pytest.raises(CommandError, match=words):
        call_command("addlink", "acme", "--host", "h", option, value)
    assert not Link.objects.exists()
