"""Who logged in from where, and who guesses passwords."""

from typing import Any

from axes.models import AccessAttempt, AccessLog
from django.conf import settings
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from cpaas.pages import ModelAdmin
from staff import audit


@admin.register(AccessLog)
class LogInAdmin(ModelAdmin[AccessLog]):
    """Log-ins that went well."""

    when_empty = "Nobody has logged in yet."
    list_display = ("attempt_time", "username", "ip_address", "logout_time", "user_agent")
    list_per_page = 50
    search_fields = ("username", "ip_address")
    search_help_text = "A user name, or an address."
    ordering = ("-attempt_time",)
    fields = list_display

    def changelist_view(self, request: HttpRequest, extra_context: object = None) -> HttpResponse:
        """Say what the list is."""
        return super().changelist_view(request, {"title": "Log-ins"})

    def has_add_permission(self, request: HttpRequest) -> bool:
        """People log in."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: AccessLog | None = None) -> bool:
        """What happened stays so."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: AccessLog | None = None) -> bool:
        """They go when they are old enough."""
        return False


@admin.register(AccessAttempt)
class FailedLogInAdmin(ModelAdmin[AccessAttempt]):
    """Wrong passwords since the last right one; who is locked out, and letting them in again."""

    when_empty = "Nobody has typed a wrong password since the last right one."
    list_display = ("username", "ip_address", "failures_since_start", "state", "attempt_time")
    list_display_links = None
    list_per_page = 50
    search_fields = ("username", "ip_address")
    search_help_text = "A user name, or an address."
    ordering = ("-attempt_time",)
    actions = ("let_in",)

    def changelist_view(self, request: HttpRequest, extra_context: object = None) -> HttpResponse:
        """Say what the list is."""
        return super().changelist_view(request, {"title": "Failed log-ins"})

    @admin.display(description="state")
    def state(self, attempt: AccessAttempt) -> str:
        """Say until when no password is looked at."""
        until = attempt.attempt_time + settings.AXES_COOLOFF_TIME
        if attempt.failures_since_start < settings.LOGIN_TRIES or until <= timezone.now():
            return "may try"
        return f"locked out until {until:%H:%M:%S} UTC"

    @admin.action(description="Let in again", permissions=["delete"])
    def let_in(self, request: HttpRequest, queryset: QuerySet[AccessAttempt]) -> None:
        """Forget wrong passwords."""
        audit.record_many(queryset, "let in again")
        count = queryset.delete()[0]
        messages.success(request, f"{count} forgotten: they may try again at once.")

    def get_actions(self, request: HttpRequest) -> Any:
        """Offer one word for it."""
        return {
            name: action
            for name, action in super().get_actions(request).items()
            if name == "let_in"
        }

    def has_add_permission(self, request: HttpRequest) -> bool:
        """They come by themselves."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: AccessAttempt | None = None) -> bool:
        """What happened stays so."""
        return False
