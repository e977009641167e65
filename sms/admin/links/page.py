"""The list of links, and the page of one."""

from functools import partial
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.template.loader import render_to_string
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.views.decorators.http import require_POST

from cpaas.pages import ModelAdmin
from sms import operate
from sms.admin.links import live, orders, trying
from sms.admin.links.form import FIELDSETS, LinkForm, advice
from sms.admin.routes.page import RouteInline
from sms.models import Link

CELLS = ("state", "traffic", "queue", "trouble")
"""What of the list moves."""


@admin.register(Link)
class LinkAdmin(ModelAdmin[Link]):
    """Connections to carriers."""

    when_empty = "A link is a connection to a carrier. Without one nothing is sent."
    form = LinkForm
    fieldsets = FIELDSETS
    list_display = ("name", "peer", "state", "traffic", "queue", "trouble")
    list_filter = ("kind", "enabled", "mode")
    search_fields = ("name", "host", "system_id")
    search_help_text = "A name, a host or a system_id."
    ordering = ("name",)
    sortable_by = ()
    inlines = (RouteInline,)
    actions = [orders.action(name) for name in operate.ORDERS]
    warn_unsaved_form = True
    list_before_template = "admin/sms/link/list_before.html"
    change_form_outer_before_template = "admin/sms/link/panel.html"

    class Media:
        js = ("sms/admin/live.js", "sms/admin/needs.js")
        css = {"all": ("sms/admin/links.css",)}

    def get_queryset(self, request: HttpRequest) -> QuerySet[Link]:
        """Read what the list shows of all links at once."""
        return live.links(super().get_queryset(request))

    def has_operate_permission(self, request: HttpRequest) -> bool:
        """Say who may give orders."""
        return orders.may_operate(request)

    def save_model(self, request: HttpRequest, obj: Link, form: Any, change: bool) -> None:
        """Store the link and have its workers follow."""
        super().save_model(request, obj, form, change)
        operate.announce(obj)
        if change and form.changed_data and obj.enabled:
            self.message_user(request, f"The workers of {obj.name} follow within a second.")
        for words in advice(obj):
            self.message_user(request, words, messages.WARNING)

    # --- pages of their own ---------------------------------------------------------

    def get_urls(self) -> list[URLPattern]:
        """Add what a link's page and the list ask for."""
        pages = (
            ("live/", self.live_list, "sms_link_live"),
            ("add/test/", partial(trying.ask, self), "sms_link_test_new"),
            ("test/<int:test_id>/", partial(trying.show, self), "sms_link_test"),
            ("<int:link_id>/live/", self.live_page, "sms_link_live_one"),
            ("<int:link_id>/test/", partial(trying.ask, self), "sms_link_test_one"),
            (
                "<int:link_id>/order/",
                require_POST(partial(orders.give_from_page, self)),
                "sms_link_order",
            ),
        )
        return [
            *(path(at, self.admin_site.admin_view(view), name=name) for at, view, name in pages),
            *super().get_urls(),
        ]

    def live_list(self, request: HttpRequest) -> HttpResponse:
        """Show the moving cells of the list as they are by now."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        cells = [_cell(name, link) for link in self.get_queryset(request) for name in CELLS]
        return HttpResponse("".join(cells))

    def live_page(self, request: HttpRequest, link_id: int) -> HttpResponse:
        """Show the moving part of a link's page as it is by now."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        link = get_object_or_404(self.get_queryset(request), pk=link_id)
        return TemplateResponse(request, "admin/sms/link/live.html", self._panel(request, link))

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> Any:
        """Show how the link does above its settings."""
        panel: dict[str, Any] = {"may_operate": orders.may_operate(request)}
        if link := self.get_object(request, object_id) if object_id else None:
            panel = self._panel(request, link)
        return super().changeform_view(
            request, object_id, form_url, {**(extra_context or {}), **panel}
        )

    def _panel(self, request: HttpRequest, link: Link) -> dict[str, Any]:
        standing = live.standing(link)
        return {
            "standing": standing,
            "advice": list(advice(link)),
            "orders": [(name, order, orders.ICONS[name]) for name, order in standing.orders],
            "may_operate": orders.may_operate(request),
            "last_test": link.connection_tests.order_by("-asked_at").first(),
        }

    # --- the list -------------------------------------------------------------------

    @admin.display(description="peer", ordering="host")
    def peer(self, link: Link) -> SafeString:
        """Say where it goes, and as whom."""
        at = f"[{link.host}]" if ":" in link.host else link.host
        login = link.system_id or link.get_kind_display()
        return format_html("<div>{}:{}<small>{}</small></div>", at, link.port, login)

    @admin.display(description="state")
    def state(self, link: Link) -> SafeString:
        """Say where its connections stand, in the workers' words."""
        return _cell("state", link)

    @admin.display(description="traffic")
    def traffic(self, link: Link) -> SafeString:
        """Say how much goes over it."""
        return _cell("traffic", link)

    @admin.display(description="queue")
    def queue(self, link: Link) -> SafeString:
        """Say how many messages wait for it."""
        return _cell("queue", link)

    @admin.display(description="trouble")
    def trouble(self, link: Link) -> SafeString:
        """Say what keeps routing from using it, and what was refused last."""
        return _cell("trouble", link)


def _cell(name: str, link: Link) -> SafeString:
    context = {"name": name, "standing": live.standing(link)}
    return render_to_string("admin/sms/link/cell.html", context)
