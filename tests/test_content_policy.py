"""What browsers are told that pages may load and do."""

import pytest
from django.test import Client


def policy(path: str) -> dict[str, list[str]]:
    header = Client().get(path).headers.get("Content-Security-Policy", "")
    directives = (part.split() for part in header.split(";") if part.strip())
    return {name: sources for name, *sources in directives}


@pytest.mark.django_db
def test_pages_of_the_admin_run_no_script_but_our_files() -> None:
    told = policy("/admin/login/")
    assert told["default-src"] == ["'none'"]
    assert told["frame-ancestors"] == told["base-uri"] == ["'none'"]
    # Alpine, which Unfold is made with, reads its attributes by eval.
    assert told["script-src"] == ["'self'", "'unsafe-eval'"]
    elsewhere = [
        source
        for name, sources in told.items()
        for source in sources
        if source not in ("'self'", "'none'", "data:", "'unsafe-eval'", "'unsafe-inline'")
    ]
    assert elsewhere == []
    assert [name for name, sources in told.items() if "'unsafe-inline'" in sources] == ["style-src"]


def test_the_docs_keep_to_a_policy_of_their_own() -> None:
    assert policy("/api/docs/")["script-src"] == ["'self'"]


@pytest.mark.parametrize("path", ["/health/live", "/api/2012-04-24/openapi.json"])
def test_what_is_no_page_has_none(path: str) -> None:
    assert policy(path) == {}
