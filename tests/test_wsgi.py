"""The web server's door: pages with their middleware, programs without it."""

import gc
import os
import subprocess
import sys
import weakref
from http import HTTPStatus
from io import BytesIO
from wsgiref.util import setup_testing_defaults

import pytest
from django.contrib.auth.models import User
from django.template import NodeList, Template, engines
from django.test import Client as Browser
from django.urls import URLResolver, clear_url_caches

from cpaas.warmth import warm_up
from cpaas.wsgi import application

# Django's test client has doors of its own; a request comes through this one as from Granian.
pytestmark = pytest.mark.django_db(transaction=True)


def get(path: str, stream: BytesIO | None = None) -> tuple[int, dict[str, str]]:
    environ = {"PATH_INFO": path, "wsgi.input": stream or BytesIO(), "HTTP_HOST": "localhost"}
    setup_testing_defaults(environ)
    told: dict[str, str] = {}
    statuses: list[str] = []

    def start(status: str, headers: list[tuple[str, str]], error: object = None, /) -> None:
        statuses.append(status)
        told.update(headers)

    b"".join(application(environ, start))  # type: ignore[arg-type]
    return int(statuses[0].split()[0]), told


def test_page_has_a_session_and_a_content_policy() -> None:
    status, headers = get("/admin/login/")
    assert status == HTTPStatus.OK
    assert "csrftoken" in headers["Set-Cookie"]
    assert "Content-Security-Policy" in headers


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/api/2012-04-24/Accounts/AC0/SMS/Messages.json", HTTPStatus.UNAUTHORIZED),
        ("/health/live", HTTPStatus.OK),
        ("/no/such/path", HTTPStatus.NOT_FOUND),
    ],
)
def test_program_is_answered_without_either(path: str, expected: HTTPStatus) -> None:
    status, headers = get(path)
    assert status == expected
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert "Set-Cookie" not in headers


def test_body_that_nobody_read_is_let_go_with_its_answer() -> None:
    stream = BytesIO(b"a body")
    gone = weakref.ref(stream)
    gc.disable()  # it would find it, some time
    try:
        status, _ = get("/api/2012-04-24/Accounts/AC0/SMS/Messages.json", stream)
        del stream
        assert (status, gone()) == (HTTPStatus.UNAUTHORIZED, None)
    finally:
        gc.enable()


@pytest.mark.skipif(not hasattr(os, "SCHED_BATCH"), reason="needs Linux")
def test_threads_that_are_woken_push_nobody_off_the_processor() -> None:
    words = (sys.executable, "-c", "import cpaas.wsgi, os; print(os.sched_getscheduler(0))")
    done = subprocess.run(words, capture_output=True, text=True, check=True)
    assert int(done.stdout) == os.SCHED_BATCH


@pytest.mark.django_db
def test_first_page_loads_no_door_and_compiles_no_template(
    client: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = engines["django"].engine  # type: ignore[attr-defined]  # of Django's own backend
    for loader in engine.template_loaders:
        loader.reset()
    clear_url_caches()
    warm_up()
    late: list[str] = []
    parse, populate = Template.compile_nodelist, URLResolver._populate

    def compiled(template: Template) -> NodeList:
        late.append(str(template.name))
        return parse(template)

    def populated(resolver: URLResolver) -> None:
        late.append(str(resolver))
        populate(resolver)

    client.force_login(User.objects.create_superuser("maria", password="x"))
    monkeypatch.setattr(Template, "compile_nodelist", compiled)
    monkeypatch.setattr(URLResolver, "_populate", populated)
    for path in ("/admin/", "/admin/sms/message/", "/admin/sms/link/add/"):
        assert client.get(path).status_code == HTTPStatus.OK
    # Fields of forms have an engine of their own, with the templates of Django's own fields.
    assert [
        name for name in late if not name.startswith(("django/forms/", "unfold/widgets/"))
    ] == []
