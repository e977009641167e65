"""Accounts: their page, and their list as a tree."""

from typing import Any, Final

from django.contrib import admin
from django.db.models import Case, Count, F, IntegerField, OuterRef, QuerySet, Subquery, Value, When
from django.db.models.functions import Coalesce
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from unfold.decorators import display

from accounts import limits, memory
from accounts.admin.orders import AccountOrders
from accounts.admin.verbs import become
from accounts.models import Account, Client, PhoneNumber
from accounts.provisioning.accounts import AccountSettings, create_account, update_account

INDENT: Final = tuple("\u00a0" * 4 * depth + "└\u00a0" * (depth > 0) for depth in range(3))
"""Before the name of an account, by how far down the tree it is; no line breaks in it."""
LABELS: Final = {
    Account.Status.ACTIVE: "success",
    Account.Status.SUSPENDED: "warning",
    Account.Status.CLOSED: "danger",
}
RELATED: Final = (
    ("Messages", "admin:sms_message_changelist", "account__id__exact"),
    ("Callbacks", "admin:sms_callback_changelist", "account__id__exact"),
    ("Numbers", "admin:accounts_phonenumber_changelist", "account__id__exact"),
    ("SIP clients", "admin:accounts_client_changelist", "account__id__exact"),
    ("Routes of its own", "admin:sms_route_changelist", "account__id__exact"),
    ("Blocked numbers", "admin:sms_block_changelist", "account__id__exact"),
    ("Opt-outs", "admin:sms_optout_changelist", "account__id__exact"),
)
"""What an account has, and the lists that show it."""
_LIMITS = ("max_requests_per_second", "max_messages_per_day", "max_price")
_MANY = 50


def _count(rows: QuerySet[Any], relation: str) -> Coalesce:
    counted = rows.filter(**{relation: OuterRef("pk")}).order_by().values(relation)
    return Coalesce(
        Subquery(counted.annotate(n=Count("pk")).values("n"), output_field=IntegerField()), 0
    )


@admin.register(Account)
class AccountAdmin(AccountOrders):
    """Who may use the platform."""

    list_display = ("name", "shown_status", "shown_role", "below", "numbers", "clients")
    list_display_links = ("name",)
    list_select_related = ("parent__parent",)
    list_filter = ("status", "role")
    search_fields = ("sid", "friendly_name", "email")
    search_help_text = "A sid, a name, or an e-mail address."
    labels = {
        "friendly_name": "Name",
        "email": "E-mail address",
        "parent": "Belongs to",
        "max_requests_per_second": "Requests a second, at most",
        "max_messages_per_day": "Messages a day, at most",
        "max_price": "Price of a message, at most",
    }
    help_texts = {
        "email": "May stand for the sid where an application logs in.",
        "parent": "The account above it, which may do everything with this one. "
        "Empty: it stands at the top.",
    }
    readonly_fields = ("sid", "status", "used", "has", "tree", "token", "date_created")
    autocomplete_fields = ("parent",)
    fieldsets = (
        (None, {"fields": (("friendly_name", "email"), ("role", "parent"), "sid", "status")}),
        (
            "Limits",
            {
                "fields": (_LIMITS[:2], ("max_price", "used")),
                "description": "A limit also holds for all accounts below this one together.",
            },
        ),
        ("What it has", {"fields": ("has", "tree")}),
        ("Log-in to the API", {"fields": (("token", "date_created"),)}),
    )
    add_fieldsets = (
        (
            None,
            {
                "fields": (("friendly_name", "email"), ("role", "parent")),
                "description": "Its token is shown once, after it is made.",
            },
        ),
        ("Limits", {"fields": (_LIMITS[:2], "max_price")}),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Account]:
        """Count what each has."""
        counts = {
            "n_below": _count(Account.objects.all(), "parent"),
            "n_numbers": _count(PhoneNumber.objects.all(), "account"),
            "n_clients": _count(Client.objects.all(), "account"),
        }
        return super().get_queryset(request).annotate(**counts)

    def get_ordering(self, request: HttpRequest) -> Any:
        """Put each account below the one above it; trees by age, as sids sort."""
        is_third = When(parent__parent__isnull=False, then=F("parent__sid"))
        is_second = When(parent__isnull=False, then=F("sid"))
        top = Coalesce("parent__parent__sid", "parent__sid", "sid")
        return (top.asc(), Case(is_third, is_second, default=Value("")).asc(), "sid")

    def has_delete_permission(self, request: HttpRequest, obj: Account | None = None) -> bool:
        """Accounts are closed, so that their messages stay."""
        return False

    def save_model(self, request: HttpRequest, obj: Account, form: Any, change: bool) -> None:
        """Create or change an account."""
        settings = AccountSettings(
            friendly_name=obj.friendly_name,
            email=obj.email or "",
            role=obj.role,
            **{name: getattr(obj, name) for name in _LIMITS},
        )
        if not change:
            become(obj, create_account(settings, parent_id=obj.parent_id))
            return
        update_account(obj.pk, settings)
        # A limit may be lifted and an account moved by operators alone: no verb offers that.
        obj.save(update_fields=["parent", *_LIMITS])
        memory.forget()

    def response_add(self, request: HttpRequest, obj: Account, *_: Any, **__: Any) -> HttpResponse:
        """Show the new account's token, this once."""
        return self.show_token(request, obj, "A lost token cannot be shown again: make a new one.")

    @admin.display(description="name", ordering="friendly_name")
    def name(self, account: Account) -> SafeString:
        """Indent it by how far down the tree it is; the sid below it, for who looks for one."""
        indent = INDENT[min(sum(1 for _ in account.lineage()) - 1, len(INDENT) - 1)]
        # Held together, or the second word would stand left of its indent.
        name = account.friendly_name.replace(" ", "\u00a0")
        return format_html("<div>{}{}<small>{}</small></div>", indent, name, account.sid)

    @admin.display(description="role", ordering="role")
    def shown_role(self, account: Account) -> str:
        """Name it in one word."""
        return account.role

    @display(description="status", ordering="status", label=LABELS)
    def shown_status(self, account: Account) -> tuple[str, str]:
        """Show it in its colour."""
        return account.status, account.get_status_display()

    @admin.display(description="sub-accounts")
    def below(self, account: Account) -> int:
        """Count those right below it."""
        return int(getattr(account, "n_below", 0))

    @admin.display(description="numbers")
    def numbers(self, account: Account) -> int:
        """Count its numbers."""
        return int(getattr(account, "n_numbers", 0))

    @admin.display(description="SIP clients")
    def clients(self, account: Account) -> int:
        """Count its clients."""
        return int(getattr(account, "n_clients", 0))

    @admin.display(description="used today")
    def used(self, account: Account) -> str:
        """Say how much of a day's messages is gone."""
        if account.max_messages_per_day is None:
            return "no daily limit"
        used = min(limits.taken_today(account.pk), account.max_messages_per_day)
        return f"up to {used:,} of {account.max_messages_per_day:,} messages since 00:00 UTC"

    @admin.display(description="Lists")
    def has(self, account: Account) -> SafeString:
        """Link to the lists of what it has."""
        links = (
            (f"{reverse(name)}?{column}={account.pk}", title) for title, name, column in RELATED
        )
        return format_html_join(" · ", '<a class="text-link" href="{}">{}</a>', links)

    @admin.display(description="tree")
    def tree(self, account: Account) -> SafeString | str:
        """Show who is above it, and who is right below."""
        above = [*account.lineage()][::-1]
        children = [*account.children.order_by("sid")[: _MANY + 1]]
        lines = [*enumerate(above), *((len(above), child) for child in children[:_MANY])]
        if len(lines) == 1:
            return "stands alone"
        more = f"and more than {_MANY} in all" if len(children) > _MANY else ""
        rows = ((INDENT[min(depth, 2)], _link(one, account), one.status) for depth, one in lines)
        return format_html("{}{}", format_html_join("", "<div>{}{} ({})</div>", rows), more)

    @admin.display(description="auth token")
    def token(self, account: Account) -> str:
        """Say whether an old one goes on; the token itself is shown where it is made."""
        if account.has_old_token():
            return f"set; the one before it ends at {account.old_token_until:%Y-%m-%d %H:%M} UTC"
        return "set; shown only when it is made"


def _link(one: Account, shown: Account) -> SafeString:
    if one.pk == shown.pk:
        return format_html("<strong>{}</strong>", one.friendly_name)
    page = reverse("admin:accounts_account_change", args=[one.pk])
    return format_html('<a class="text-link" href="{}">{}</a>', page, one.friendly_name)
