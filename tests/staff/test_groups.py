"""Groups get their rights after every migration, and keep what people made of them."""

import pytest
from django.apps import apps
from django.contrib.auth.models import Group, Permission, User

from staff.groups import TEAMS, give_rights, rights_of
from staff.models import Given

pytestmark = pytest.mark.django_db


def migrate(*labels: str) -> None:
    """Tell the receiver what Django would after a migration."""
    for label in labels:
        give_rights(app_config=apps.get_app_config(label), apps=apps, using="default")


def rights(group: str) -> set[str]:
    user = User.objects.create_user(group, is_staff=True)
    user.groups.set(Group.objects.filter(name=group))
    return set(user.get_all_permissions())


@pytest.mark.parametrize("team", TEAMS)
def test_every_right_of_the_table_exists_and_is_given(team: str) -> None:
    assert rights(team) == set(rights_of(team))


def test_nobody_but_administrators_may_touch_staff_accounts_and_texts() -> None:
    kept = {"sms.view_body", "auth.change_user", "auth.change_group", "accounts.change_account"}
    assert not kept & {*rights_of("Support"), *rights_of("Operator")}
    assert kept <= set(rights_of("Administrator"))
    assert "sms.operate_link" not in set(rights_of("Support"))


def test_what_people_take_or_add_stays_so_after_the_next_migration() -> None:
    support = Group.objects.get(name="Support")
    taken = Permission.objects.get(codename="resend_message")
    added = Permission.objects.get(codename="view_body")
    support.permissions.remove(taken)
    support.permissions.add(added)
    Group.objects.get(name="Operator").delete()
    migrate("sms", "accounts", "auth")
    held = set(support.permissions.all())
    assert taken not in held and added in held
    assert not Group.objects.filter(name="Operator").exists()


def test_a_right_that_a_later_migration_brings_is_given_then() -> None:
    Given.objects.filter(right="sms.cancel_message").delete()
    operator = Group.objects.get(name="Operator")
    operator.permissions.remove(Permission.objects.get(codename="cancel_message"))
    migrate("sms")
    assert operator.permissions.filter(codename="cancel_message").exists()


def test_an_emptied_database_gets_its_groups_again() -> None:
    Given.objects.all().delete()
    Group.objects.all().delete()
    migrate(*(app.label for app in apps.get_app_configs()))
    assert set(Group.objects.values_list("name", flat=True)) == set(TEAMS)
