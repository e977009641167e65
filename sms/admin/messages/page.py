"""Messages in the admin: their list, the page of one, and the doors beside them."""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime
from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.safestring import SafeString

from accounts.admin.words import named
from cpaas.pages import AutocompleteSelectFilter, ModelAdmin
from sms.admin import words
from sms.admin.callbacks.page import sentence
from sms.admin.links import live
from sms.admin.messages import filters
from sms.admin.messages.changelist import MessageList
from sms.admin.messages.export import csv_of
from sms.admin.messages.orders import MOST, ORDERS, Order, carry_out, summary
from sms.admin.readonly import ReadOnly
from sms.explain import explain
from sms.models import Callback, Message
from sms.timeline import Entry, timeline
from staff import audit

Messages = QuerySet[Message]


def _action(order: Order) -> Callable[["MessageAdmin", HttpRequest, Messages], HttpResponse]:
    """Make the action of the list that asks about an order."""

    @admin.action(description=order.label, permissions=[order.name])
    def ask(model_admin: "MessageAdmin", request: HttpRequest, chosen: Messages) -> HttpResponse:
        return model_admin.ask(request, order, model_admin.chosen(request, order, chosen))

    ask.__name__ = order.name
    return ask


@admin.register(Message)
class MessageAdmin(ReadOnly, ModelAdmin[Message]):
    """Read-only: a message changes by what happens to it."""

    list_display = ("accepted", "shown_status", "sender", "recipient", "owner", "way", "failure")
    list_filter = (
        filters.StatusFilter,
        filters.QuickTimeFilter,
        filters.SpanFilter,
        filters.LinkFilter,
        filters.ErrorFilter,
        ("account", AutocompleteSelectFilter),
        filters.DirectionFilter,
        filters.OwnerFilter,
    )
    list_filter_submit = True
    list_select_related = ("link", "account")
    list_per_page = 50
    sortable_by = ()
    search_fields = ("sid",)  # to have a box; what is typed is read in search.py
    search_help_text = "Number, sid, account or carrier's id"
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER
    fields = readonly_fields = ("sid",)
    change_list_template = "sms/admin/messages/list.html"
    change_form_template = "sms/admin/messages/message.html"
    actions = [_action(order) for order in ORDERS.values()]

    class Media:
        css = {"all": ("sms/admin/pages.css",)}

    # --- the list -------------------------------------------------------------------

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[MessageList]:
        """Page by index."""
        return MessageList

    def get_search_results(
        self, request: HttpRequest, queryset: Messages, search_term: str
    ) -> tuple[Messages, bool]:
        """Leave searching to the listing, which chooses an index."""
        return queryset, False

    def get_queryset(self, request: HttpRequest) -> Messages:
        """Read no text that a list does not show, and open no secret of fifty accounts."""
        return super().get_queryset(request).defer("body", *words.SECRETS)

    @admin.display(description="accepted (UTC)")
    def accepted(self, message: Message) -> SafeString:
        """Show when it was accepted."""
        return words.when(message.date_created)

    @admin.display(description="status")
    def shown_status(self, message: Message) -> SafeString:
        """Show where it stands, in a colour."""
        return words.status(message)

    @admin.display(description="account")
    def owner(self, message: Message) -> SafeString:
        """Name the account, and lead there."""
        return named(message.account)

    @admin.display(description="link")
    def way(self, message: Message) -> SafeString:
        """Name the link, and which way it went."""
        return words.way(message)

    @admin.display(description="error")
    def failure(self, message: Message) -> str:
        """Say in words why it failed."""
        return f"{message.error.text} ({message.error_code})" if message.error else ""

    # --- the page of one ------------------------------------------------------------

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """Show one message, why it stands where it stands, and all that happened to it."""
        message = self.get_object(request, object_id)
        more = self._told(request, message) if message else {}
        return super().change_view(request, object_id, form_url, {**(extra_context or {}), **more})

    def _told(self, request: HttpRequest, message: Message) -> dict[str, Any]:
        may_read = request.user.has_perm("sms.view_body")
        orders = [
            order
            for order in ORDERS.values()
            if self._may(request, order) and not order.refusals([message])
        ]
        return {
            "message": message,
            "title": f"Message to {message.recipient}",
            "status_badge": words.status(message),
            "explanation": explain(message),
            "entries": list(_told_in_turn(timeline(message), may_read=may_read)),
            "may_read": may_read,
            "orders": orders,
            "standing": _standing(message),
            "untold": [(callback, sentence(callback)) for callback in _untold(message)],
            "next_try": _next_try(message),
            "copy": Message.objects.filter(resent_from=message.pk).first(),
            "segments": message.segments.select_related("link").order_by("number"),
        }

    # --- orders ---------------------------------------------------------------------

    def has_resend_permission(self, request: HttpRequest) -> bool:
        """Say who may send again."""
        return self._may(request, ORDERS["resend"])

    def has_cancel_permission(self, request: HttpRequest) -> bool:
        """Say who may cancel."""
        return self._may(request, ORDERS["cancel"])

    def has_repeat_permission(self, request: HttpRequest) -> bool:
        """Say who may have callbacks repeated."""
        return self._may(request, ORDERS["repeat"])

    def _may(self, request: HttpRequest, order: Order) -> bool:
        return bool(request.user.has_perm(order.permission)) and self.has_view_permission(request)

    def chosen(self, request: HttpRequest, order: Order, chosen: Messages) -> list[int]:
        """List what was chosen in the list, newest first: one more at most than may be."""
        if request.POST.get("select_across") != "1":
            return list(chosen.values_list("pk", flat=True)[: MOST + 1])
        listing = self.get_changelist_instance(request).listing  # type: ignore[attr-defined]  # ours
        worth = replace(listing, messages=listing.messages.filter(order.candidates))
        return [message.pk for message in worth.page(MOST + 1, seconds=20).rows]

    def ask(self, request: HttpRequest, order: Order, ids: list[int]) -> HttpResponse:
        """Ask before an order is given: to how many, and why not to others."""
        messages = self._messages(ids[:MOST])
        kept = order.refusals(messages)
        to_go = [message for message in messages if message.id not in kept]
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": order.label,
            "order": order,
            "messages_to_go": to_go,
            "statuses": Counter(str(message.status) for message in to_go).most_common(),
            "kept": summary(kept),
            "most": MOST if len(ids) > MOST else None,
            "ids": ",".join(str(message.id) for message in to_go),
            "back": request.get_full_path() if request.method == "POST" else self._back(request),
            "media": self.media,
        }
        return TemplateResponse(request, "sms/admin/messages/confirm.html", context)

    def order_view(self, request: HttpRequest, name: str) -> HttpResponse:
        """Ask about an order, and give it when it was confirmed."""
        order = ORDERS[name]
        if not self._may(request, order):
            raise PermissionDenied
        form = request.POST if request.method == "POST" else request.GET
        ids = filters.row_ids(form.get("ids", "").split(","))
        if request.method != "POST":
            return self.ask(request, order, ids)
        outcome = carry_out(request, order, self._messages(ids[:MOST]))
        if outcome.copy:
            return HttpResponseRedirect(reverse("admin:sms_message_change", args=[outcome.copy.pk]))
        return HttpResponseRedirect(self._back(request))

    def _back(self, request: HttpRequest) -> str:
        """Return to where somebody came from: never to another site, nor to a script."""
        asked = request.POST if request.method == "POST" else request.GET
        back = asked.get("back", "")
        if url_has_allowed_host_and_scheme(back, {request.get_host()}, request.is_secure()):
            return back
        return reverse("admin:sms_message_changelist")

    def _messages(self, ids: Iterable[int]) -> list[Message]:
        rows = Message.objects.select_related("account__parent__parent")
        return list(rows.filter(pk__in=list(ids)).order_by("pk"))

    # --- doors ----------------------------------------------------------------------

    def get_urls(self) -> list[Any]:
        """Add the doors of orders, and of the export."""
        site = self.admin_site
        doors = [
            path(
                f"{name}/",
                site.admin_view(self.order_view),
                {"name": name},
                name=f"sms_message_{name}",
            )
            for name in ORDERS
        ]
        export = path("export/", site.admin_view(self.export), name="sms_message_export")
        return [*doors, export, *super().get_urls()]

    def export(self, request: HttpRequest) -> HttpResponseBase:
        """Stream what the list shows, all of it, as CSV."""
        if not (request.user.has_perm("sms.export_message") and self.has_view_permission(request)):
            raise PermissionDenied
        listing = self.get_changelist_instance(request).listing  # type: ignore[attr-defined]  # ours
        audit.record(Message, "exported", filters=(None, request.GET.urlencode() or "none"))
        return csv_of(listing, with_bodies=request.user.has_perm("sms.view_body"))


def _standing(message: Message) -> live.Standing | None:
    """Look at the link that a message waits for."""
    if message.link_id is None or message.due_at is None:
        return None
    return live.standing(live.links().get(pk=message.link_id))


def _untold(message: Message) -> list[Callback]:
    """List the callbacks that its application has not taken, though it was asked."""
    owed = message.callbacks.exclude(state=Callback.State.DELIVERED).filter(attempts__gt=0)
    return list(owed.order_by("event"))


def _next_try(message: Message) -> str:
    due_at = message.due_at
    return words.age(due_at) if due_at and due_at > timezone.now() else ""


def _told_in_turn(entries: list[Entry], *, may_read: bool) -> Iterable[dict[str, Any]]:
    """Give entries what a page shows beside them: the time since the one before."""
    before: datetime | None = None
    for entry in entries:
        since = (entry.at - before).total_seconds() if before else None
        is_hidden = entry.quotes_text and not may_read
        yield {
            "entry": entry,
            "time": f"{entry.at:%H:%M:%S.%f}"[:-3],
            "day": f"{entry.at:%Y-%m-%d}" if not before or before.date() != entry.at.date() else "",
            "since": "" if since is None else _difference(since),
            "raw": "(hidden: it may quote the text)" if is_hidden else entry.raw,
        }
        before = entry.at


def _difference(seconds: float) -> str:
    """Write a difference so that its size is seen."""
    if seconds < 1:
        return f"+{seconds * 1000:.0f} ms"
    if seconds < 120:
        return f"+{seconds:.1f} s"
    if seconds < 7200:
        return f"+{seconds / 60:.0f} min"
    return f"+{seconds / 3600:.1f} h"
