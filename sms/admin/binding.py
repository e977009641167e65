"""Who is online: which SIP clients are registered, where, and until when."""

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from accounts.admin.words import named
from cpaas.pages import ModelAdmin
from sms.admin import words
from sms.models import Binding

_TRANSPORTS = {"ws": "browser (WebSocket)", "udp": "UDP", "tcp": "TCP"}


@admin.register(Binding)
class BindingAdmin(ModelAdmin[Binding]):
    """Shown only: a client registers and leaves by itself."""

    when_empty = (
        "No softphone or browser is logged in now. Messages to clients fail with 30003 meanwhile."
    )
    list_display = ("who", "account", "device", "address", "link", "registered_at", "ends")
    list_display_links = None
    list_filter = ("transport", "link")
    search_fields = ("client__login", "client__account__friendly_name", "contact", "source_host")
    search_help_text = "A login, an account, or an address."
    list_select_related = ("client__account", "link")
    ordering = ("client__login", "-registered_at")
    sortable_by = ()

    def get_queryset(self, request: HttpRequest) -> QuerySet[Binding]:
        """Keep those who can be reached: rows outlive registrations by a moment."""
        return super().get_queryset(request).filter(expires_at__gt=timezone.now())

    @admin.display(description="client", ordering="client__login")
    def who(self, binding: Binding) -> SafeString:
        """Name the client, and lead to its page."""
        page = reverse("admin:accounts_client_change", args=(binding.client_id,))
        return format_html('<a class="text-link" href="{}">{}</a>', page, binding.client.login)

    @admin.display(description="account", ordering="client__account__friendly_name")
    def account(self, binding: Binding) -> SafeString:
        """Name the account that it belongs to."""
        return named(binding.client.account)

    @admin.display(description="device", ordering="user_agent")
    def device(self, binding: Binding) -> str:
        """Say what it is, in its own words."""
        return binding.user_agent or "says nothing of itself"

    @admin.display(description="reached at", ordering="source_host")
    def address(self, binding: Binding) -> SafeString:
        """Say where messages for it go."""
        host = f"[{binding.source_host}]" if ":" in binding.source_host else binding.source_host
        over = _TRANSPORTS.get(binding.transport.lower(), binding.transport)
        return format_html("<div>{}:{}<small>{}</small></div>", host, binding.source_port, over)

    @admin.display(description="registered until", ordering="expires_at")
    def ends(self, binding: Binding) -> str:
        """Say when it has to come again."""
        at = timezone.localtime(binding.expires_at)
        return f"{at:%H:%M:%S}, {words.age(binding.expires_at)}"

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Nobody registers a client but itself."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Binding | None = None) -> bool:
        """What a client said stays as it said it."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Binding | None = None) -> bool:
        """The edge would still know it: disable the client instead."""
        return False
