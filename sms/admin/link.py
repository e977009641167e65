"""Links to carriers, and the routes over them."""

from django import forms
from django.contrib import admin

from sms.models import Link, Route, Slot


class LinkForm(forms.ModelForm[Link]):
    """A link's settings; a stored password is kept unless a new one is typed."""

    password = forms.CharField(
        required=False,
        max_length=8,
        widget=forms.PasswordInput,
        help_text="At most 8 characters (SMPP 3.4). Leave empty to keep the stored one.",
    )

    class Meta:
        model = Link
        fields = "__all__"  # noqa: DJ007  # every column is an operator's to set

    def clean_password(self) -> str:
        """Keep what is stored where nothing was typed."""
        return self.cleaned_data["password"] or self.instance.password


class SlotInline(admin.TabularInline[Slot, Link]):
    """Which worker holds a link, and where its connection stands."""

    model = Slot
    fields = readonly_fields = ("number", "state", "detail", "host", "owned_until", "changed_at")
    extra = 0
    can_delete = False
    max_num = 0


class RouteInline(admin.TabularInline[Route, Link]):
    """The routes over a link."""

    model = Route
    extra = 0


@admin.register(Link)
class LinkAdmin(admin.ModelAdmin[Link]):
    """Connections to carriers."""

    form = LinkForm
    list_display = ("name", "kind", "enabled", "host", "port", "system_id", "state")
    list_filter = ("kind", "enabled")
    search_fields = ("name", "host", "system_id")
    inlines = (RouteInline, SlotInline)

    @admin.display(description="state")
    def state(self, link: Link) -> str:
        """Say where its connection stands, in the worker's words."""
        slot = link.slots.first()
        return f"{slot.state} {slot.detail}".strip() if slot else "no worker has run for it"


@admin.register(Route)
class RouteAdmin(admin.ModelAdmin[Route]):
    """Which link carries which numbers."""

    list_display = ("prefix", "link", "priority")
    list_filter = ("link",)
    search_fields = ("prefix",)
