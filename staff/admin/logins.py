"""Who logged in from where, and who guesses passwords."""

from typing import Any, TypeVar

from axes.models import AccessAttempt, AccessLog
from django.conf import settings
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from cpaas.pages import ModelAdmin
from staff import audit

Tried = TypeVar("Tried", AccessLog, AccessAttempt)


class TriedAdmin(ModelAdmin[Tried]):
    """What somebody did at the log-in page: it happened, so nobody adds or changes it."""

    list_per_page = 50
    search_fields = ("username", "ip_address")
    search_help_text = "A user name, or an address."
    ordering = ("-attempt_time",)
    sortable_by = ()

    @admin.display(description="who")
    def who(self, tried: Tried) -> str:
        """Name what was typed for a user."""
        return str(tried.username)

    @admin.display(description="from where")
    def whence(self, tried: Tried) -> str:
        """Say from which address."""
        return tried.ip_address or "unknown"

    def has_add_permission(self, request: HttpRequest) -> bool:
        """They come by themselves."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Tried | None = None) -> bool:
        """What happened stays so."""
        return False


@admin.register(AccessLog)
class LogInAdmin(TriedAdmin[AccessLog]):
    """Log-ins that went well."""

    when_empty = "Nobody has logged in yet."
    list_display = ("when", "who", "whence", "until", "browser")
    fields = list_display

    def changelist_view(self, request: HttpRequest, extra_context: object = None) -> HttpResponse:
        """Say what the list is."""
        return super().changelist_view(request, {"title": "Log-ins"})

    @admin.display(description="when (UTC)")
    def when(self, log_in: AccessLog) -> str:
        """Write the time to the second."""
        return f"{log_in.attempt_time:%Y-%m-%d %H:%M:%S}"

    @admin.display(description="logged out (UTC)")
    def until(self, log_in: AccessLog) -> str:
        """Say when; a session that ran out was not ended by anybody."""
        return f"{log_in.logout_time:%Y-%m-%d %H:%M:%S}" if log_in.logout_time else "–"

    @admin.display(description="with")
    def browser(self, log_in: AccessLog) -> str:
        """Name the browser, as it calls itself."""
        return str(log_in.user_agent)

    def has_delete_permission(self, request: HttpRequest, obj: AccessLog | None = None) -> bool:
        """They go when they are old enough."""
        return False


@admin.register(AccessAttempt)
class FailedLogInAdmin(TriedAdmin[AccessAttempt]):
    """Wrong passwords since the last right one; who is locked out, and letting them in again."""

    when_empty = "Nobody has typed a wrong password since the last right one."
    list_display = ("who", "whence", "failures", "state", "last")
    list_display_links = None
    actions = ("let_in",)

    def changelist_view(self, request: HttpRequest, extra_context: object = None) -> HttpResponse:
        """Say what the list is."""
        return super().changelist_view(request, {"title": "Failed log-ins"})

    @admin.display(description="wrong passwords")
    def failures(self, attempt: AccessAttempt) -> int:
        """Count them."""
        return int(attempt.failures_since_start)

    @admin.display(description="last try (UTC)")
    def last(self, attempt: AccessAttempt) -> str:
        """Write the time to the second."""
        return f"{attempt.attempt_time:%Y-%m-%d %H:%M:%S}"

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
