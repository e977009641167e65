"""Every page of the admin with nonsense in its address, its filters and its forms."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.auth.models import User
from django.db.models import Model
from django.test import Client as Browser
from django.test import RequestFactory
from django.urls import reverse

from sms import showcase

pytestmark = pytest.mark.django_db

NONSENSE = ("9" * 30, "x\x00")
"""An id that no row can have, and a letter that no text may hold."""

READ_BY_LISTS = ("q", "o", "p", "e", "_to_field", "after", "since_day", "until_time")

ROWS = ("account", "parent", "link", "groups", "user_permissions", "permissions", "id")
"""Fields of forms that name a row by its id."""

Page = admin.ModelAdmin[Any]


@pytest.fixture
def browser(db: None) -> Browser:
    showcase.fill(30)
    browser = Browser(raise_request_exception=False)
    browser.force_login(User.objects.create_superuser("maria", password="x"))
    return browser


def address(model: type[Model], view: str, *args: object) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{view}", args=args)


def parameters(page: Page) -> Iterator[str]:
    """Name what a list's address may hold: its filters' names, and what every list reads."""
    yield from READ_BY_LISTS
    request = RequestFactory().get("/")
    request.user = User.objects.get()
    for spec in page.get_changelist_instance(request).filter_specs:
        yield from (str(name) for name in spec.expected_parameters())


def test_lists_read_nonsense(browser: Browser) -> None:
    for model, page in admin.site._registry.items():
        for name in parameters(page):
            for text in NONSENSE:
                answer = browser.get(address(model, "changelist"), {name: text})
                assert answer.status_code < 500, (model, name, text)


def test_addresses_may_name_rows_that_cannot_be(browser: Browser) -> None:
    for model in admin.site._registry:
        for view in ("change", "delete", "history"):
            for text in (*NONSENSE, "-1", "x"):
                answer = browser.get(address(model, view, text))
                assert answer.status_code < 500, (model, view, text)


def test_forms_read_nonsense(browser: Browser) -> None:
    for model in admin.site._registry:
        newest = model._default_manager.order_by("pk").last()
        places = [address(model, "add"), *([address(model, "change", newest.pk)] if newest else [])]
        for place in places:
            filled = filled_in(browser, place)
            for text in NONSENSE:
                worse = [{name: text} for name in filled if name.split("-")[-1] in ROWS]
                for wrong in (dict.fromkeys(filled, text), *worse):
                    answer = browser.post(place, {**filled, **wrong})
                    assert answer.status_code < 500, (place, wrong)


def filled_in(browser: Browser, place: str) -> dict[str, Any]:
    """Fill in a form as it is shown, and one row of each table in it; {} where there is no form."""
    shown = browser.get(place)
    if shown.status_code != 200 or not shown.context or "adminform" not in shown.context:
        return {}
    form = shown.context["adminform"].form
    filled = {name: form[name].value() for name in form.fields}
    for inline in shown.context["inline_admin_formsets"]:
        row, prefix = inline.formset.empty_form, inline.formset.prefix
        filled |= {f"{prefix}-0-{name}": row[name].value() for name in row.fields}
        filled |= {f"{prefix}-TOTAL_FORMS": "1", f"{prefix}-INITIAL_FORMS": "0"}
    return {name: value if isinstance(value, str | int) else "" for name, value in filled.items()}
