"""The application's registration with Django."""

from django.apps import AppConfig
from django.db.models.signals import post_migrate


class StaffConfig(AppConfig):
    """Users, groups, log-in and audit."""

    name = "staff"
    verbose_name = "Staff"

    def ready(self) -> None:
        """Have groups get their rights, and people's changes recorded."""
        from staff import audit, groups
        from staff.access import checks  # noqa: F401  # registers them

        post_migrate.connect(groups.give_rights, dispatch_uid="staff.groups")
        audit.watch()
