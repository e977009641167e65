"""Callbacks in the admin: their list, the page of one, and having them repeated."""

from typing import Any, Final

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import path, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from accounts.admin.words import named
from accounts.models import Account
from accounts.sids import SID
from cpaas.pages import AutocompleteSelectFilter, DropdownFilter, ModelAdmin
from sms import notify
from sms.admin import words
from sms.admin.callbacks.changelist import CallbackList
from sms.admin.readonly import ReadOnly
from sms.models import Callback, CallbackHost

Callbacks = QuerySet[Callback]

MOST: Final = 1000
"""How many may be repeated at once."""


def repeat(request: HttpRequest, callbacks: Callbacks) -> None:
    """Have callbacks made again, the newest first, and tell the operator how many."""
    ids = list(callbacks.order_by("-pk").values_list("pk", flat=True)[: MOST + 1])
    chosen = Callback.objects.filter(pk__in=ids[:MOST])
    count = notify.repeat(chosen, by=request.user.get_username())
    said = f"{count} callback{'' if count == 1 else 's'} will be made again."
    messages.success(request, said)
    if len(ids) > MOST:
        messages.warning(request, f"There are more than {MOST:,}: these are the newest of them.")


class StateFilter(DropdownFilter):
    """Where callbacks stand."""

    title = "state"
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """List the states, in words."""
        return [
            ("failed", "failed: given up"),
            ("retry", "failed before, will be tried again"),
            ("pending", "pending"),
            ("delivered", "delivered"),
        ]

    def queryset(self, request: HttpRequest, queryset: Callbacks) -> Callbacks:
        """Keep those that stand there."""
        rows = Callback.objects
        claimed = rows.filter(locked_until__isnull=False, state=Callback.State.PENDING)
        few = {
            "failed": Q(pk__in=rows.filter(state=Callback.State.FAILED).values("pk")),
            "pending": Q(pk__in=rows.waiting().values("pk")) | Q(pk__in=claimed.values("pk")),
            "retry": Q(pk__in=rows.waiting().filter(attempts__gt=0).values("pk")),
        }
        # These have indexes of their own, which SQLite, asked for the newest, walks past.
        if self.value() in few:
            return queryset.filter(few[str(self.value())])
        return queryset.filter(state=self.value()) if self.value() else queryset


@admin.register(Callback)
class CallbackAdmin(ReadOnly, ModelAdmin[Callback]):
    """Callbacks, their attempts, and having them repeated."""

    list_display = ("owed", "shown_state", "tells", "owner", "receiver", "said")
    list_select_related = ("message", "account")
    list_filter = (StateFilter, ("account", AutocompleteSelectFilter))
    list_filter_submit = True
    list_per_page = 50
    sortable_by = ()
    search_fields = ("host",)  # to have a box; what is typed is read below
    search_help_text = "Message's sid, host, or account"
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER
    fields = readonly_fields = ("host",)
    change_list_template = "sms/admin/callbacks/list.html"
    change_form_template = "sms/admin/callbacks/callback.html"
    actions = ("repeat_callbacks",)

    class Media:
        css = {"all": ("sms/admin/pages.css",)}

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[CallbackList]:
        """Page by key."""
        return CallbackList

    def get_search_results(
        self, request: HttpRequest, queryset: Callbacks, search_term: str
    ) -> tuple[Callbacks, bool]:
        """Read what was typed: each of it has an index."""
        return queryset.filter(_wanted(search_term.strip())), False

    def get_queryset(self, request: HttpRequest) -> Callbacks:
        """Open no secret of fifty accounts."""
        secrets = [name for name in words.SECRETS if name.startswith("account")]
        return super().get_queryset(request).defer("message__body", *secrets)

    @admin.display(description="owed since (UTC)")
    def owed(self, callback: Callback) -> SafeString:
        """Show since when it is owed."""
        return words.when(callback.created_at)

    @admin.display(description="state")
    def shown_state(self, callback: Callback) -> SafeString:
        """Show where it stands, in a colour."""
        return words.callback_state(callback)

    @admin.display(description="tells")
    def tells(self, callback: Callback) -> SafeString:
        """Name the message, and what is told of it."""
        url = reverse("admin:sms_message_change", args=[callback.message_id])
        return format_html(
            '<a class="cp-link cp-way" href="{}">{}<small>to {}</small></a>',
            *(url, callback.status, callback.message.recipient),
        )

    @admin.display(description="account")
    def owner(self, callback: Callback) -> SafeString:
        """Name the account, and lead there."""
        return named(callback.account)

    @admin.display(description="receiver")
    def receiver(self, callback: Callback) -> str:
        """Name the host, without the port that every https has."""
        return callback.host.removesuffix(":443")

    @admin.display(description="last answer")
    def said(self, callback: Callback) -> SafeString:
        """Quote the last answer; how often it was tried, and when it is again."""
        tries = "1 try" if callback.attempts == 1 else f"{callback.attempts} tries"
        next_one = next_try(callback)
        return format_html(
            "<div>{}<small>{}{}</small></div>",
            *(callback.last_answer or "not tried yet", tries),
            f", next {next_one}" if next_one else "",
        )

    # --- the page of one ------------------------------------------------------------

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """Show one callback and every try of it."""
        callback = self.get_object(request, object_id)
        more = self._told(request, callback) if callback else {}
        return super().change_view(request, object_id, form_url, {**(extra_context or {}), **more})

    def _told(self, request: HttpRequest, callback: Callback) -> dict[str, Any]:
        is_inbound = callback.event == Callback.Event.INBOUND
        return {
            "callback": callback,
            "title": f"Callback to {callback.host}",
            "state_badge": words.callback_state(callback),
            "sentence": sentence(callback),
            "next_try": next_try(callback),
            "failing_host": CallbackHost.objects.filter(host=callback.host).first(),
            "attempts": callback.attempts_made.all(),
            # What an application answers to an inbound message may be the text of a reply.
            "may_read": not is_inbound or request.user.has_perm("sms.view_body"),
            "may_repeat": self.has_repeat_permission(request),
        }

    # --- repeating ------------------------------------------------------------------

    def has_repeat_permission(self, request: HttpRequest) -> bool:
        """Say who may repeat."""
        return bool(request.user.has_perm("sms.repeat_callback"))

    @admin.action(description="Make selected callbacks again", permissions=["repeat"])
    def repeat_callbacks(self, request: HttpRequest, queryset: Callbacks) -> None:
        """Make them again."""
        repeat(request, queryset)

    def get_urls(self) -> list[Any]:
        """Add the button of the page of one."""
        view = self.admin_site.admin_view(self.repeat_one)
        again = path("<int:pk>/repeat/", view, name="sms_callback_repeat")
        return [again, *super().get_urls()]

    def repeat_one(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Make one again; asked for by a form."""
        if request.method != "POST" or not self.has_repeat_permission(request):
            raise PermissionDenied
        repeat(request, Callback.objects.filter(pk=pk))
        return HttpResponseRedirect(reverse("admin:sms_callback_change", args=[pk]))


def _wanted(text: str) -> Q:
    if not text:
        return Q()
    if text[:2].upper() == "SM" and "." not in text:
        return Q(message__sid=f"SM{text[2:].lower()}")
    if "@" in text or SID.fullmatch(text):
        return Q(account__in=list(Account.objects.named(text).values_list("pk", flat=True)))
    if ":" in text or "." in text:
        return notify.at_host(text)
    called = Account.objects.filter(friendly_name__icontains=text).values_list("pk", flat=True)
    return Q(account__in=list(called[:50])) | notify.at_host(text)


def next_try(callback: Callback) -> str:
    """Say when a callback is tried next."""
    if callback.state != Callback.State.PENDING:
        return ""
    if callback.locked_until:
        return "being tried now"
    if callback.due_at <= timezone.now():
        return "due now"
    return words.age(callback.due_at)


def sentence(callback: Callback) -> str:
    """Say in one sentence where a callback stands."""
    tries = "1 try" if callback.attempts == 1 else f"{callback.attempts} tries"
    sentences = {
        Callback.State.DELIVERED: f"The application has taken it, after {tries}.",
        Callback.State.FAILED: f"It was given up after {tries}: {callback.last_answer}.",
        Callback.State.PENDING: f"It is still owed; {tries} so far"
        f"{f', the last: {callback.last_answer}' if callback.last_answer else ''}.",
    }
    return sentences[Callback.State(callback.state)]
