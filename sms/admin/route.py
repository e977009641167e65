"""Which link carries which messages."""

from django.contrib import admin

from cpaas.pages import ModelAdmin, TabularInline
from sms.models import Link, Route


class RouteInline(TabularInline[Route, Link]):
    """The routes over a link."""

    model = Route
    raw_id_fields = ("account",)
    extra = 0


@admin.register(Route)
class RouteAdmin(ModelAdmin[Route]):
    """All routes: those alike in prefix, account and sender stand together."""

    list_display = (
        "shown_prefix",
        "account",
        "shown_sender",
        "priority",
        "weight",
        "link",
        "price_per_segment",
    )
    list_display_links = ("shown_prefix",)
    list_select_related = ("link", "account")
    list_filter = ("link",)
    search_fields = ("prefix", "sender", "account__sid", "account__friendly_name", "link__name")
    raw_id_fields = ("account",)

    @admin.display(description="prefix", ordering="prefix")
    def shown_prefix(self, route: Route) -> str:
        """Say so where it is every number."""
        return route.prefix or "any number"

    @admin.display(description="sender", ordering="sender")
    def shown_sender(self, route: Route) -> str:
        """Say so where it is every sender."""
        return route.sender or "any"
