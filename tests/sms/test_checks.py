"""System checks: a wrong setting says so before anything runs on it."""

import pytest
from django.conf import LazySettings
from django.db import connection

from sms import checks


def test_what_is_no_network_cannot_be_trusted(settings: LazySettings) -> None:
    settings.SIP_TRUSTED_PROXIES = ["10.0.0.10", "10.1.0.0/16", "2001:db8::/32"]
    assert checks.trusted_proxies() == []
    settings.SIP_TRUSTED_PROXIES = ["10.0.0.10", "node-1", "10.1.0.1/16"]
    told = checks.trusted_proxies()
    assert [error.id for error in told] == ["sms.E006"] * 2
    assert "'node-1'" in told[0].msg and "'10.1.0.1/16'" in told[1].msg


@pytest.mark.django_db
def test_a_server_that_clears_nothing_away_is_told_of() -> None:
    assert checks.autovacuum() == []  # where no database is asked for, none is asked
    told = [warning.msg for warning in checks.autovacuum(databases=["default"])]
    if connection.vendor != "postgresql":
        assert told == []
        return
    with connection.cursor() as cursor:
        cursor.execute("SHOW autovacuum")
        [is_on] = cursor.fetchone()
        cursor.execute("SET LOCAL track_counts = off")
    assert any("autovacuum = off" in msg for msg in told) is (is_on == "off")
    told = [warning.msg for warning in checks.autovacuum(databases=["default"])]
    assert any("track_counts = off" in msg for msg in told)
