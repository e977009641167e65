"""The page of the SIP client: served where it is meant to, and loading nothing from elsewhere."""

import re
from pathlib import Path

import pytest
from django.conf import LazySettings
from django.contrib.staticfiles import finders
from django.test import Client as Browser


@pytest.fixture
def shown(settings: LazySettings) -> LazySettings:
    settings.SIP_CLIENT_PAGE = True
    settings.SIP_DOMAIN, settings.SIP_WS_PORT = "sip.example.org", 5081
    settings.ALLOWED_HOSTS = ["*"]
    return settings


def read(**headers: str) -> str:
    return Browser().get("/sip-client/", headers=headers).content.decode()


def test_there_is_no_page_unless_the_installation_wants_one(settings: LazySettings) -> None:
    assert settings.SIP_CLIENT_PAGE is False
    assert Browser().get("/sip-client/").status_code == 404
    settings.SIP_CLIENT_PAGE = True
    assert Browser().get("/sip-client/").status_code == 200
    assert Browser().get("/sip-client").status_code == 200
    assert Browser().post("/sip-client/").status_code == 405


@pytest.mark.parametrize(
    ("host", "server"),
    [
        ("sms.example.org:8000", "ws://sms.example.org:5081"),
        ("127.0.0.1", "ws://127.0.0.1:5081"),
        ("[::1]:8000", "ws://[::1]:5081"),
    ],
)
def test_the_edge_is_guessed_from_the_address_of_the_page(
    shown: LazySettings, host: str, server: str
) -> None:
    page = read(host=host)
    assert f'value="{server}"' in page
    assert 'data-domain="sip.example.org"' in page


def test_a_page_that_came_over_tls_opens_a_socket_over_tls(shown: LazySettings) -> None:
    page = Browser().get("/sip-client/", secure=True).content.decode()
    assert 'value="wss://testserver:5081"' in page


def test_the_page_loads_our_own_files_alone_and_runs_no_script_of_its_text(
    shown: LazySettings,
) -> None:
    response = Browser().get("/sip-client/")
    page = response.content.decode()
    policy = response.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy and "script-src 'self'" in policy
    assert "unsafe" not in policy
    assert not re.search(r"<style| style=| on\w+=|javascript:", page)
    assert re.findall(r"<script[^>]*>(.*?)</script>", page) == ["", ""]
    loaded = re.findall(r'(?:src|href)="([^"]+)"', page)
    assert [name for name in loaded if not name.startswith("/static/")] == ["data:,"]
    for name in loaded:
        assert name == "data:," or finders.find(name.removeprefix("/static/")), name


def test_the_bundled_library_comes_with_its_version_and_its_licences() -> None:
    found = finders.find("sms/jssip/LICENCES.txt")
    assert isinstance(found, str)
    bundle = next(Path(found).parent.glob("jssip-*.min.js"))
    version = bundle.name.removeprefix("jssip-").removesuffix(".min.js")
    assert f'version:"{version}"' in bundle.read_text()
    licences = Path(found).read_text()
    assert f"== jssip {version}" in licences
    for name in ("jssip", "debug", "events", "ms", "sdp-transform"):
        part = licences.split(f"== {name} ")[1].split("\n== ")[0]
        assert "Permission is hereby granted, free of charge" in part, name
