"""The application's registration with Django."""

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    """Accounts, phone numbers, SIP clients."""

    name = "accounts"
    verbose_name = "Customers"
