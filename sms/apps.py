"""The application's registration with Django."""

from django.apps import AppConfig


class SmsConfig(AppConfig):
    """Messages, links, routes, callbacks."""

    name = "sms"
    verbose_name = "SMS"

    def ready(self) -> None:
        """Register the system checks."""
        from sms import checks  # noqa: F401  # imported for what it registers
