"""Callbacks: what accounts' URLs were told, and what they are still owed."""

from django.contrib import admin
from django.http import HttpRequest

from sms.models import Callback


@admin.register(Callback)
class CallbackAdmin(admin.ModelAdmin[Callback]):
    """Read-only: the worker writes here."""

    list_display = ("message", "status", "state", "attempts", "last_answer", "due_at")
    list_select_related = ("message",)
    list_filter = ("state", "status")
    list_per_page = 50
    search_fields = ("message__sid",)
    show_full_result_count = False
    ordering = ("-id",)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Callbacks follow from what happens to messages."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Callback | None = None) -> bool:
        """The worker writes here."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Callback | None = None) -> bool:
        """An account is owed its callbacks."""
        return False
