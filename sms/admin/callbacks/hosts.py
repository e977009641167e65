"""Hosts of callbacks that fail now, in the admin."""

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.http import urlencode
from django.utils.safestring import SafeString

from accounts.models import Account
from cpaas.pages import ModelAdmin
from sms.admin import words
from sms.admin.callbacks.page import repeat
from sms.admin.readonly import ReadOnly
from sms.models import Callback, CallbackHost
from sms.timeline import Tone

Hosts = QuerySet[CallbackHost]

_COUNTED = 1000


@admin.register(CallbackHost)
class CallbackHostAdmin(ReadOnly, ModelAdmin[CallbackHost]):
    """Hosts that fail now; one that answers again leaves the list."""

    when_empty = "Every receiver of callbacks answers."
    list_display = ("host", "state", "failures", "last_answer", "next_probe", "waiting", "whose")
    fields = readonly_fields = (
        *("host", "state", "failures", "opened_at", "next_probe", "last_answer"),
        *("waiting", "whose"),
    )
    list_per_page = 25  # each asks for what waits for it
    search_fields = ("host",)
    search_help_text = "Host"
    ordering = ("-opened_at", "host")
    sortable_by = ()
    actions = ("repeat_failed",)
    list_before_template = "sms/admin/callbacks/hosts_intro.html"

    class Media:
        css = {"all": ("sms/admin/pages.css",)}

    @admin.display(description="state")
    def state(self, host: CallbackHost) -> SafeString:
        """Say in words how it is treated."""
        if host.opened_at is None:
            return words.badge("fails now and then", Tone.WARNING)
        return words.badge(f"down for {words.age(host.opened_at).removesuffix(' ago')}", Tone.BAD)

    @admin.display(description="next probe")
    def next_probe(self, host: CallbackHost) -> str:
        """Say when one callback is tried to see whether it is well."""
        return words.age(host.probe_at) if host.probe_at else "each callback, as it is due"

    @admin.display(description="callbacks that wait")
    def waiting(self, host: CallbackHost) -> SafeString:
        """Count what waits for it, up to a number that says it all, and lead there."""
        pending = Callback.objects.waiting().filter(host=host.host)
        count = pending[: _COUNTED + 1].count()
        text = f"more than {_COUNTED:,}" if count > _COUNTED else str(count)
        query = urlencode({"q": host.host})
        url = f"{reverse('admin:sms_callback_changelist')}?{query}"
        return format_html('<a class="cp-link" href="{}">{}</a>', url, text)

    @admin.display(description="accounts")
    def whose(self, host: CallbackHost) -> str:
        """Name the accounts that wait for it."""
        pending = Callback.objects.waiting().filter(host=host.host)
        ids = set(pending.order_by("due_at").values_list("account_id", flat=True)[:_COUNTED])
        named = Account.objects.filter(pk__in=ids).order_by("friendly_name")
        return ", ".join(named.values_list("friendly_name", flat=True)[:5])

    def has_repeat_permission(self, request: HttpRequest) -> bool:
        """Say who may repeat."""
        return bool(request.user.has_perm("sms.repeat_callback"))

    @admin.action(description="Make their failed callbacks again", permissions=["repeat"])
    def repeat_failed(self, request: HttpRequest, queryset: Hosts) -> None:
        """Make again what was given up at these hosts."""
        hosts = list(queryset.values_list("host", flat=True))
        repeat(request, Callback.objects.filter(host__in=hosts, state=Callback.State.FAILED))
