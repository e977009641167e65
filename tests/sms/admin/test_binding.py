"""Who is online."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.test import Client as Browser
from django.utils import timezone

from accounts.models import Client
from sms.models import Binding, Link

pytestmark = pytest.mark.django_db


def test_who_is_online_is_listed_with_where_and_until_when(
    link: Link, client_alice: Client
) -> None:
    now = timezone.now()
    for key, device, ends_in_s in (("1", "Linphone", 7230), ("2", "an old phone", 0)):
        Binding.objects.create(
            client=client_alice,
            link=link,
            key=key,
            contact=f"sip:{key}@192.0.2.7",
            cseq=1,
            transport="WS",
            source_host="192.0.2.7",
            source_port=5061,
            user_agent=device,
            registered_at=now,
            expires_at=now + timedelta(seconds=ends_in_s),
        )
    browser = Browser()
    browser.force_login(User.objects.create_superuser("staff", password="x"))
    page = browser.get("/admin/sms/binding/").content.decode()
    for told in ("alice", "Demo", "Linphone", "192.0.2.7:5061", "WebSocket", "in 2 h"):
        assert told in page, told
    assert "an old phone" not in page
