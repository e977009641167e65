"""Messages: what was sent, and what became of it."""

from django.contrib import admin
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.functional import cached_property
from django.utils.html import format_html_join
from django.utils.safestring import SafeString

from accounts import unrouted
from cpaas.pages import ModelAdmin
from sms.admin import callback
from sms.models import Callback, Message
from sms.timeline import timeline


class UncountedPaginator(Paginator[Message]):
    """Pages through the newest messages without counting them all."""

    @cached_property
    def count(self) -> int:
        """Count up to what somebody would page through."""
        messages = self.object_list
        assert isinstance(messages, QuerySet)  # noqa: S101  # as the admin's lists are
        return messages[:10_000].count()


class WhoseFilter(admin.SimpleListFilter):
    """Messages for numbers that no account has."""

    title = "owner"
    parameter_name = "owner"

    def lookups(self, request: HttpRequest, model_admin: object) -> list[tuple[str, str]]:
        """Name the one choice."""
        return [("nobody", "nobody: no account has the number")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Message]) -> QuerySet[Message]:
        """Keep what belongs to nobody."""
        return queryset.filter(account__sid=unrouted.SID) if self.value() else queryset


@admin.register(Message)
class MessageAdmin(ModelAdmin[Message]):
    """Read-only: a message changes by what happens to it."""

    list_display = ("sid", "date_created", "direction", "sender", "recipient", "status", "link")
    list_select_related = ("link",)
    list_filter = ("status", "direction", WhoseFilter, "link")
    list_per_page = 50
    search_fields = ("sid", "sender_key", "recipient_key")
    search_help_text = "A sid, or digits of a number."
    show_full_result_count = False
    paginator = UncountedPaginator
    ordering = ("-id",)
    fields = (
        ("sid", "account"),
        ("direction", "status", "error_code"),
        ("sender", "recipient"),
        "body",
        ("encoding", "num_segments", "link"),
        ("date_created", "date_sent", "date_updated", "expires_at"),
        "happened",
    )
    readonly_fields = ("happened",)
    actions = ("repeat_callbacks",)

    def has_repeat_permission(self, request: HttpRequest) -> bool:
        """Say who may have callbacks repeated."""
        return callback.may_repeat(request)

    @admin.action(description="Make callbacks of selected messages again", permissions=["repeat"])
    def repeat_callbacks(self, request: HttpRequest, queryset: QuerySet[Message]) -> None:
        """Make them again."""
        callback.repeat(request, Callback.objects.filter(message__in=queryset))

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Messages come from the API."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Message | None = None) -> bool:
        """Nothing about a message is a matter of opinion."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Message | None = None) -> bool:
        """What was sent stays on record."""
        return False

    @admin.display(description="timeline")
    def happened(self, message: Message) -> SafeString:
        """Show the timeline as lines of a table."""
        rows = ((f"{e.at:%Y-%m-%d %H:%M:%S.%f}"[:-3], e.what, e.raw) for e in timeline(message))
        return format_html_join(
            "", "<div><code>{}</code> &ensp;{} &ensp;<code>{}</code></div>", rows
        )
