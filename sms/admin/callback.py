"""Callbacks: what accounts' URLs were told, what they are still owed, and hosts that fail."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest

from cpaas.pages import ModelAdmin, TabularInline
from sms import notify
from sms.models import Callback, CallbackAttempt, CallbackHost


def repeat(request: HttpRequest, callbacks: QuerySet[Callback]) -> None:
    """Have callbacks made again, and tell the operator how many."""
    count = notify.repeat(callbacks, by=request.user.get_username())
    said = f"{count} callback{'' if count == 1 else 's'} will be made again."
    messages.success(request, said)


def may_repeat(request: HttpRequest) -> bool:
    """Say whether somebody may have callbacks repeated: who may change them."""
    return bool(request.user.has_perm("sms.change_callback"))


class _ReadOnly:
    """The worker writes here."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Rows follow from what happens."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """The worker writes here."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """An account is owed its callbacks; old attempts are pruned."""
        return False


class AttemptInline(_ReadOnly, TabularInline[CallbackAttempt, Callback]):
    """Every try, with its own time."""

    model = CallbackAttempt
    fields = ("at", "status", "error", "latency_ms", "head")
    readonly_fields = fields


@admin.register(Callback)
class CallbackAdmin(_ReadOnly, ModelAdmin[Callback]):
    """Callbacks, their attempts, and having them repeated."""

    list_display = ("message", "status", "state", "host", "attempts", "last_answer", "due_at")
    list_select_related = ("message",)
    list_filter = ("state", "status")
    list_per_page = 50
    search_fields = ("message__sid", "=host")
    search_help_text = "A message's sid, or host:port."
    show_full_result_count = False
    ordering = ("-id",)
    inlines = (AttemptInline,)
    actions = ("repeat_callbacks",)

    def has_repeat_permission(self, request: HttpRequest) -> bool:
        """Say who may repeat."""
        return may_repeat(request)

    @admin.action(description="Make selected callbacks again", permissions=["repeat"])
    def repeat_callbacks(self, request: HttpRequest, queryset: QuerySet[Callback]) -> None:
        """Make them again."""
        repeat(request, queryset)


@admin.register(CallbackHost)
class CallbackHostAdmin(_ReadOnly, ModelAdmin[CallbackHost]):
    """Hosts that fail now; one that answers again leaves the list."""

    list_display = ("host", "failures", "opened_at", "probe_at", "last_answer")
    search_fields = ("host",)
    ordering = ("host",)
