"""System checks: a wrong setting says so before anything runs on it."""

from django.conf import LazySettings

from sms import checks


def test_what_is_no_network_cannot_be_trusted(settings: LazySettings) -> None:
    settings.SIP_TRUSTED_PROXIES = ["10.0.0.10", "10.1.0.0/16", "2001:db8::/32"]
    assert checks.trusted_proxies() == []
    settings.SIP_TRUSTED_PROXIES = ["10.0.0.10", "node-1", "10.1.0.1/16"]
    told = checks.trusted_proxies()
    assert [error.id for error in told] == ["sms.E006"] * 2
    assert "'node-1'" in told[0].msg and "'10.1.0.1/16'" in told[1].msg
