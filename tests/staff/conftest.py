"""Somebody of each group, in a browser of their own."""

from collections.abc import Callable

import pytest
from django.contrib.auth.models import Group, User
from django.test import Client as Browser

Enter = Callable[[str], Browser]


@pytest.fixture
def enter(db: None) -> Enter:
    """Log a new member of a group in; "" is of none, "root" may do everything."""

    def enter(group: str) -> Browser:
        user = User.objects.create_user(f"one-{group}", is_staff=True, is_superuser=group == "root")
        user.groups.set(Group.objects.filter(name=group))
        browser = Browser()
        browser.force_login(user, "django.contrib.auth.backends.ModelBackend")
        return browser

    return enter
