"""Which SIP clients are registered, and where."""

from django.contrib import admin
from django.http import HttpRequest

from cpaas.pages import ModelAdmin
from sms.models import Binding


@admin.register(Binding)
class BindingAdmin(ModelAdmin[Binding]):
    """Shown only: a client registers and leaves by itself."""

    list_display = ("client", "contact", "transport", "link", "user_agent", "expires_at")
    list_filter = ("transport", "link")
    search_fields = ("client__login", "contact")
    list_select_related = ("client", "link")

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Nobody registers a client but itself."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Binding | None = None) -> bool:
        """What a client said stays as it said it."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Binding | None = None) -> bool:
        """The edge would still know it: disable the client instead."""
        return False
