"""Links to carriers, how they do, and orders to their workers."""

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest

from cpaas.pages import ModelAdmin, TabularInline
from sms import operate
from sms.admin.route import RouteInline
from sms.lifecycle import CircuitState, LinkMode
from sms.models import Health, Link, Slot

_KEPT = "Leave empty to keep the stored one."


class LinkForm(forms.ModelForm[Link]):
    """A link's settings; a stored secret is kept unless a new one is typed."""

    password = forms.CharField(
        required=False,
        max_length=8,
        widget=forms.PasswordInput,
        help_text=f"At most 8 characters (SMPP 3.4). {_KEPT}",
    )
    tls_key = forms.CharField(
        required=False,
        label="TLS key",
        widget=forms.Textarea(attrs={"autocomplete": "off"}),
        help_text=f"The private key of our certificate, as PEM. {_KEPT}",
    )

    class Meta:
        model = Link
        fields = "__all__"  # noqa: DJ007  # every column is an operator's to set

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial.pop("tls_key", None)  # a page is no place for it

    def clean_password(self) -> str:
        """Keep what is stored where nothing was typed."""
        return self.cleaned_data["password"] or self.instance.password

    def clean_tls_key(self) -> str:
        """Keep what is stored where nothing was typed and a certificate is left to go with it."""
        typed: str = self.cleaned_data["tls_key"]
        return typed or (self.instance.tls_key if self.data.get("tls_cert") else "")


class SlotInline(TabularInline[Slot, Link]):
    """Which worker holds a bind of a link, and where its connection stands."""

    model = Slot
    fields = readonly_fields = (
        *("number", "state", "detail", "tps", "host", "pid", "owned_until", "changed_at"),
    )
    ordering = ("number",)
    extra = 0
    can_delete = False
    max_num = 0


class HealthInline(TabularInline[Health, Link]):
    """Its circuit, and how long its queue is."""

    model = Health
    verbose_name_plural = "circuit and queue"
    fields = readonly_fields = (
        "circuit",
        "reason",
        "changed_at",
        "retry_at",
        "is_full",
        "queue_depth",
        "is_slow",
        "oldest_due_s",
    )
    extra = 0
    can_delete = False
    max_num = 0


def _give(name: str) -> Callable[["LinkAdmin", HttpRequest, QuerySet[Link]], None]:
    """Make the action that gives an order to the links chosen, and says what will happen."""

    @admin.action(description=f"{name.capitalize()} the selected links", permissions=["change"])
    def give(model_admin: "LinkAdmin", request: HttpRequest, links: QuerySet[Link]) -> None:
        for link in links:
            text = f"Link {link.name} {operate.order(link, name)}."
            is_followed = link.enabled or name in ("enable", "disable")
            level = messages.INFO if is_followed else messages.WARNING
            model_admin.message_user(request, text, level)

    give.__name__ = name
    return give


@admin.register(Link)
class LinkAdmin(ModelAdmin[Link]):
    """Connections to carriers."""

    form = LinkForm
    list_display = (
        *("name", "kind", "enabled", "ordered", "host", "port", "system_id"),
        *("state", "health_now"),
    )
    list_select_related = ("health",)
    list_filter = ("kind", "enabled", "mode")
    search_fields = ("name", "host", "system_id")
    inlines = (RouteInline, HealthInline, SlotInline)
    actions = [_give(name) for name in operate.ORDERS]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Link]:
        """Read the slots of all links at once."""
        return super().get_queryset(request).prefetch_related("slots")

    def save_model(self, request: HttpRequest, obj: Link, form: Any, change: bool) -> None:
        """Store the link and have its workers follow."""
        super().save_model(request, obj, form, change)
        operate.announce(obj)
        if change and form.changed_data and obj.enabled:
            self.message_user(request, f"The workers of {obj.name} follow within a second.")

    @admin.display(description="ordered")
    def ordered(self, link: Link) -> str:
        """Say what operators want of it."""
        return LinkMode(link.mode).value

    @admin.display(description="state")
    def state(self, link: Link) -> str:
        """Say where its connections stand, in the workers' words."""
        return operate.summary(link, sorted(link.slots.all(), key=lambda slot: slot.number))

    @admin.display(description="health")
    def health_now(self, link: Link) -> str:
        """Say what keeps routing from using it, as far as the sweep and its workers know."""
        health = getattr(link, "health", None)
        if health is None:
            return "not looked at yet"
        troubles = (
            (health.circuit != CircuitState.CLOSED, f"circuit {health.circuit}: {health.reason}"),
            (health.is_full, f"queue full: {health.queue_depth} wait"),
            (health.is_slow, f"slow: the first has been due for {health.oldest_due_s} s"),
        )
        return "; ".join(words for is_so, words in troubles if is_so) or "well"
