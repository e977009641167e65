"""What staff see where there is no page for them; programs get errors in their own form."""

from http import HTTPStatus
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client as Browser

pytestmark = pytest.mark.django_db

PAGE = {"accept": "text/html"}


@pytest.fixture
def browser() -> Browser:
    browser = Browser(raise_request_exception=False)
    browser.force_login(User.objects.create_user("ines", password="x", is_staff=True))
    return browser


def told(answer: Any, status: HTTPStatus, words: str) -> str:
    page: str = answer.content.decode()
    assert (answer.status_code, words in page) == (status, True)
    return page


def test_who_may_not_is_told_so_and_led_back(browser: Browser) -> None:
    answer = browser.get("/admin/sms/link/add/", headers=PAGE)
    page = told(answer, HTTPStatus.FORBIDDEN, "You may not do that here")
    assert 'href="/admin/"' in page and "http://" not in page and "https://" not in page


def test_an_address_that_leads_nowhere_is_told_so(browser: Browser) -> None:
    told(browser.get("/nowhere/", headers=PAGE), HTTPStatus.NOT_FOUND, "There is no such page")
    told(browser.get("/nowhere/"), HTTPStatus.NOT_FOUND, '"error":"NOT_FOUND"')


def test_a_form_of_another_session_is_told_so() -> None:
    browser = Browser(enforce_csrf_checks=True)
    answer = browser.post("/admin/login/", {"username": "ines"}, headers=PAGE)
    told(answer, HTTPStatus.FORBIDDEN, "This form is not valid any more")


def test_a_bug_of_ours_shows_a_page_without_its_inside(
    browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any, **__: Any) -> None:
        raise ZeroDivisionError("inside")

    monkeypatch.setattr("django.contrib.admin.sites.AdminSite.each_context", broken)
    answer = browser.get("/admin/", headers=PAGE)
    page = told(answer, HTTPStatus.INTERNAL_SERVER_ERROR, "Something went wrong on our side")
    assert "inside" not in page
