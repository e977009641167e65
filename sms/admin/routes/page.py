"""All routes, in the order that routing reads them."""

from functools import partial
from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import URLPattern, path
from django.utils.html import format_html
from django.utils.safestring import SafeString

from cpaas.pages import ModelAdmin, TabularInline
from sms import operate
from sms.admin.routes import trying
from sms.models import Link, Route
from sms.models.route import READING_ORDER


class RouteForm(forms.ModelForm[Route]):
    """A route, with what people get wrong told at its field."""

    class Meta:
        model = Route
        fields = "__all__"  # noqa: DJ007  # every column is an operator's to set

    def clean_prefix(self) -> str:
        """Take a prefix as people write it: +49 is 49."""
        prefix = str(self.cleaned_data["prefix"]).strip().removeprefix("+")
        if prefix.startswith("0"):
            raise forms.ValidationError(
                "Recipients begin with their country's code, never with 0: write 49, not 0049."
            )
        return prefix


class RouteInline(TabularInline[Route, Link]):
    """The routes over a link."""

    model = Route
    form = RouteForm
    autocomplete_fields = ("account",)
    extra = 0


@admin.register(Route)
class RouteAdmin(ModelAdmin[Route]):
    """All routes: those alike in prefix, account and sender stand together."""

    when_empty = "Without a route no message finds a link: the first one routes every number."
    form = RouteForm
    fieldsets = (
        (
            "Which messages",
            {
                "fields": ("prefix", "account", "sender"),
                "description": "Of the routes that fit a message, the longest prefix wins, then "
                "its account, then its sender. Those alike in all three are its candidates, and "
                "no less specific route ever stands in for them.",
            },
        ),
        (
            "Over which link",
            {
                "fields": ("link", ("priority", "weight"), "price_per_segment"),
                "description": "The lowest priority that has a usable link carries the messages, "
                "shared by weight.",
            },
        ),
    )
    list_display = ("shown_prefix", "whose", "shown_sender", "turn", "over", "price")
    list_display_links = ("shown_prefix",)
    list_select_related = ("link", "account")
    list_filter = ("link",)
    list_per_page = 100
    sortable_by = ()  # their order is what they mean
    search_fields = ("prefix", "sender", "account__sid", "account__friendly_name", "link__name")
    search_help_text = "A prefix, a sender, an account or a link."
    autocomplete_fields = ("account",)
    list_before_template = "admin/sms/route/list_before.html"

    def get_ordering(self, request: HttpRequest) -> Any:
        """List them as routing reads them."""
        return READING_ORDER

    def get_queryset(self, request: HttpRequest) -> QuerySet[Route]:
        """Read where the links stand, too."""
        return super().get_queryset(request).prefetch_related("link__slots")

    def get_urls(self) -> list[URLPattern]:
        """Add the page that tries a number."""
        view = self.admin_site.admin_view(partial(trying.page, self))
        return [path("try/", view, name="sms_route_try"), *super().get_urls()]

    @admin.display(description="prefix", ordering="prefix")
    def shown_prefix(self, route: Route) -> str:
        """Say so where it is every number."""
        return f"+{route.prefix}" if route.prefix else "any number"

    @admin.display(description="account", ordering="account__friendly_name")
    def whose(self, route: Route) -> str:
        """Say so where it is every account."""
        return route.account.friendly_name if route.account else "all"

    @admin.display(description="sender", ordering="sender")
    def shown_sender(self, route: Route) -> str:
        """Say so where it is every sender."""
        return route.sender or "any"

    @admin.display(description="priority and weight", ordering="priority")
    def turn(self, route: Route) -> str:
        """Say when it is its turn."""
        share = f"weight {route.weight}" if route.weight else "only when the others cannot"
        return f"{route.priority}, {share}"

    @admin.display(description="price", ordering="price_per_segment")
    def price(self, route: Route) -> str:
        """Write it without zeros that say nothing."""
        return f"{route.price_per_segment.normalize():f}" if route.price_per_segment else "–"

    @admin.display(description="link", ordering="link__name")
    def over(self, route: Route) -> SafeString:
        """Name the link, and where it stands."""
        slots = sorted(route.link.slots.all(), key=lambda slot: slot.number)
        where = operate.summary(route.link, slots)
        return format_html("<div>{}<small>{}</small></div>", route.link.name, where)
