"""The OpenAPI document is true: what it allows works, and nothing comes that it does not say."""

import copy
import itertools
import re
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
import schemathesis
from django.core import signals
from django.db import close_old_connections, transaction
from django.test import Client as Browser
from drf_spectacular.validation import validate_schema
from hypothesis import HealthCheck, settings
from jsonschema_rs import meta
from schemathesis import GenerationMode
from schemathesis.config import GenerationConfig
from schemathesis.core.parameters import ParameterLocation
from schemathesis.specs.openapi.checks import negative_data_rejection, positive_data_acceptance
from werkzeug.test import Client as HttpClient

from accounts import memory
from accounts.models import Account, Client, PhoneNumber
from cpaas.wsgi import application
from sms.api import urls
from sms.api.formats import Format
from sms.api.openapi.document import document
from sms.api.openapi.operations import ROUTES
from sms.api.representation import BASE
from tests.conftest import basic
from tests.sms.api.conftest import MakeMessage

URL = f"{BASE}/openapi.json"


def test_document_is_valid_openapi() -> None:
    validate_schema(document())  # type: ignore[no-untyped-call]  # has no types
    assert document()["openapi"].startswith("3.1")


@pytest.mark.parametrize("name", document()["components"]["schemas"])
def test_schema_is_valid_json_schema(name: str) -> None:
    meta.validate(document()["components"]["schemas"][name])


def test_every_reference_leads_somewhere() -> None:
    for pointer in _references(document()):
        found: Any = document()
        for key in pointer.removeprefix("#/").split("/"):
            found = found[key]


def _references(node: Any) -> Iterator[str]:
    below = node.values() if isinstance(node, dict) else node if isinstance(node, list) else ()
    for item in below:
        yield from _references(item)
    if isinstance(node, dict) and "$ref" in node:
        yield node["$ref"]


def test_every_route_is_described() -> None:
    unseen = {"openapi", ""}
    routes = {str(one.pattern).replace("<str:", "{").replace(">", "}") for one in urls.urlpatterns}
    assert set(document()["paths"]) == {f"{BASE}/{route}" for route in routes - unseen}


def test_nothing_is_described_that_has_no_route() -> None:
    described = {(f"{BASE}{path}", method) for path, way in ROUTES.items() for method in way}
    routed = {(path, method.upper()) for path, way in document()["paths"].items() for method in way}
    assert described == routed


def test_operations_have_names_of_their_own() -> None:
    names = [one["operationId"] for way in document()["paths"].values() for one in way.values()]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("prefix", ["/api/2012-04-24", "/restcomm/2012-04-24", "/2012-04-24"])
@pytest.mark.parametrize("suffix", ["", ".json", "/"])
def test_document_is_json_for_anybody(prefix: str, suffix: str) -> None:
    answer = Browser().get(f"{prefix}/openapi{suffix}", headers={"accept": "text/html"})
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "application/json")
    assert answer.json()["info"]["version"] == "2012-04-24"


Case = schemathesis.Case[Any]
Check = Callable[[schemathesis.CheckContext, schemathesis.Response, Case], bool | None]

# What schemathesis may do: a bounded number of requests, the same ones in every run.
TRIES = 12
SCHEMATHESIS = schemathesis.Config()
SCHEMATHESIS.projects.default.generation = GenerationConfig(
    modes=[GenerationMode.POSITIVE, GenerationMode.NEGATIVE],
    deterministic=True,
    allow_extra_parameters=False,  # they are ignored, by intent
    with_security_parameters=False,  # the check `ignored_auth` tries credentials by itself
)


def _closed(node: Any) -> Any:
    """Forbid properties that are not described: tests are stricter than clients should be."""
    if isinstance(node, list):
        return [_closed(item) for item in node]
    if not isinstance(node, dict):
        return node
    sealed = {"additionalProperties": False} if "required" in node and "properties" in node else {}
    return {key: _closed(item) for key, item in node.items()} | sealed


def _strict() -> dict[str, Any]:
    strict = copy.deepcopy(document())
    strict["components"]["schemas"] = _closed(strict["components"]["schemas"])
    return strict


schema = schemathesis.openapi.from_dict(_strict(), config=SCHEMATHESIS)
schema.app = application


@schemathesis.deserializer(Format.XML)
def _read_xml(_: Any, response: schemathesis.Response) -> Any:
    return _tree(ET.fromstring(response.content))  # noqa: S314  # our own


def _beyond_the_document(case: Case) -> list[Check]:
    """Choose the checks that would ask more of an answer than a schema can say."""
    closes = isinstance(case.body, dict) and case.body.get("Status") == Account.Status.CLOSED
    return [
        positive_data_acceptance,  # which numbers an account has; which passwords are too common
        *([negative_data_rejection] if closes else []),  # whatever else comes with it is ignored
    ]


LISTS = {"SMSMessages", "Accounts", "Clients", "IncomingPhoneNumbers"}


def _tree(element: ET.Element) -> Any:
    """Read an element as the document describes it."""
    if element.tag in LISTS and not element.text:
        items = [_tree(item) for item in element]
        return dict(element.attrib) | ({element[0].tag: items} if items else {})
    if len(element) == 0 and element.tag != "RestcommResponse":
        return element.text or ""
    return {below.tag: _tree(below) for below in element}


@pytest.fixture
def sids(account: Account, make_message: MakeMessage, settings: Any) -> dict[str, str]:
    """Furnish an account; return the sids that paths may name."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    Account.objects.create(friendly_name="Sub", email="sub@example.org", parent=account)
    number = PhoneNumber.objects.create(account=account, number="19876543212")
    client = Client.objects.create(account=account, login="alice", password="secret")
    make_message(status="failed", error_code=30008)
    message = make_message()
    return {"Clients": client.sid, "IncomingPhoneNumbers": number.sid, "Messages": message.sid}


@pytest.fixture
def formats() -> Iterator[Format]:
    """Ask for each format in turn."""
    return itertools.cycle(Format)


@pytest.fixture
def open_connection() -> Iterator[None]:
    """Keep the connection over requests, as Django's own test client does: tests roll it back."""
    started_and_finished = (signals.request_started, signals.request_finished)
    for signal in started_and_finished:
        signal.disconnect(close_old_connections)
    yield
    for signal in started_and_finished:
        signal.connect(close_old_connections)


@pytest.mark.usefixtures("open_connection")
@schema.parametrize()
@settings(max_examples=TRIES, deadline=None, suppress_health_check=list(HealthCheck))
def test_api_does_what_it_says(
    case: Case, account: Account, sids: dict[str, str], formats: Iterator[Format]
) -> None:
    if _is_good(case, ParameterLocation.PATH):
        _name_what_there_is(case, account, sids)
    headers = {
        "Authorization": basic(account.sid, account.auth_token),
        "Accept": next(formats).value,
    }
    with transaction.atomic():
        case.call_and_validate(headers=headers, excluded_checks=_beyond_the_document(case))
        transaction.set_rollback(True)
    memory.clear()


def _is_good(case: Case, location: ParameterLocation) -> bool:
    """Say whether this part of a request is as the document wants it."""
    part = case.meta.components.get(location) if case.meta else None
    return part is None or part.mode.is_positive


def _name_what_there_is(case: Case, account: Account, sids: dict[str, str]) -> None:
    """Put sids where made-up text would lead nowhere."""
    named = {"account": account.sid, "sid": sids.get(case.path.split("/")[-2], "")}
    case.path_parameters |= {key: named[key] for key in case.path_parameters}


MESSAGES = "/api/2012-04-24/Accounts/{account}/SMS/Messages"
FORM = "application/x-www-form-urlencoded"
GOOD = "From=19876543212&To=13216549878&Body=Hello"


@dataclass(frozen=True)
class Provocation:
    """A request that is refused, whatever schemathesis may find to say."""

    status: int
    data: str = GOOD
    headers: dict[str, str] = field(default_factory=dict)
    limits: dict[str, Any] = field(default_factory=dict)
    times: int = 1


PROVOCATIONS = [
    Provocation(401, headers={"Authorization": "Basic !"}),
    Provocation(403, limits={"role": Account.Role.DEVELOPER}),
    Provocation(403, limits={"max_messages_per_day": 0}),
    Provocation(403, limits={"status": Account.Status.SUSPENDED}),
    Provocation(406, headers={"Accept": "text/html"}),
    Provocation(413, data=f"{GOOD}{'a' * 200}"),
    Provocation(415, headers={"Content-Type": "application/json"}),
    Provocation(422, headers={"Idempotency-Key": "used before"}),
    Provocation(429, limits={"max_requests_per_second": 1}, times=9),
]


@pytest.mark.usefixtures("open_connection")
@pytest.mark.parametrize("accept", list(Format))
@pytest.mark.parametrize("refused", PROVOCATIONS, ids=lambda one: f"{one.status}")
def test_refusals_are_described(
    accept: Format,
    refused: Provocation,
    account: Account,
    sids: dict[str, str],
    settings: Any,
) -> None:
    headers = {
        "Authorization": basic(account.sid, account.auth_token),
        "Accept": accept.value,
        "Content-Type": FORM,
    }
    address = MESSAGES.format(account=account.sid)
    first = {**headers, "Idempotency-Key": "used before"}
    HttpClient(application).post(address, data=f"{GOOD}!", headers=first)
    memory.clear()
    Account.objects.filter(pk=account.pk).update(**refused.limits)
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 100
    answers = [
        HttpClient(application).post(
            address, data=refused.data, headers={**headers, **refused.headers}
        )
        for _ in range(refused.times)
    ]
    refusals = [answer for answer in answers if answer.status_code == refused.status]
    assert refusals
    schema[MESSAGES]["POST"].validate_response(refusals[-1])


def test_pages_load_nothing_from_elsewhere() -> None:
    page = Browser().get("/api/docs/")
    policy = page.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert not re.search(r"https?:|//", policy + page.content.decode())


def test_pages_are_made_of_files_that_are_served() -> None:
    page = Browser().get("/api/docs").content.decode()
    for name in re.findall(r'"(/static/[^"]+)"', page):
        assert Browser().get(name).status_code == 200, name
    assert Browser().get(re.findall(r'data-document="([^"]+)"', page)[0]).status_code == 200
