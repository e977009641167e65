"""Accounts, numbers and clients in the admin: forms whose changes go through the verbs."""

from typing import Any, TypeVar

from django.contrib import admin, messages
from django.db import models
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect

from accounts import memory
from accounts.models import Account, Client, PhoneNumber
from accounts.provisioning.accounts import AccountSettings, create_account, update_account
from accounts.provisioning.clients import ClientSettings, remove_client, update_client
from accounts.provisioning.numbers import NumberSettings, add_number, remove_number, update_number
from accounts.provisioning.refusals import Refused
from cpaas.pages import ModelAdmin

Row = TypeVar("Row", bound=models.Model)


class VerbAdmin(ModelAdmin[Row]):
    """Shows the reason when a verb refuses, and leaves everything as it was."""

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Add or change; the transaction is undone when this raises."""
        try:
            return super().changeform_view(request, *args, **kwargs)
        except Refused as refusal:
            self.message_user(request, str(refusal), messages.ERROR)
            return HttpResponseRedirect(request.get_full_path())

    def delete_queryset(self, request: HttpRequest, queryset: models.QuerySet[Row]) -> None:
        """Delete as one by one."""
        for row in queryset:
            self.delete_model(request, row)


def _become(row: models.Model, stored: models.Model) -> None:
    """Make the form's row the one that a verb stored."""
    row.pk = stored.pk
    row.refresh_from_db()


@admin.register(Account)
class AccountAdmin(VerbAdmin[Account]):
    """Who may use the platform."""

    list_display = ("friendly_name", "sid", "status", "role", "parent", "date_created")
    list_filter = ("status", "role")
    search_fields = ("sid", "friendly_name", "email")
    readonly_fields = ("sid", "date_created", "date_updated")
    raw_id_fields = ("parent",)

    def has_delete_permission(self, request: HttpRequest, obj: Account | None = None) -> bool:
        """Accounts are closed, so that their messages stay."""
        return False

    def save_model(self, request: HttpRequest, obj: Account, form: Any, change: bool) -> None:
        """Create or change an account; a status goes down the tree."""
        settings = AccountSettings(
            friendly_name=obj.friendly_name,
            email=obj.email or "",
            role=obj.role,
            status=obj.status,
            max_requests_per_second=obj.max_requests_per_second,
            max_messages_per_day=obj.max_messages_per_day,
            max_price=obj.max_price,
        )
        if not change:
            _become(obj, create_account(settings, parent_id=obj.parent_id))
            return
        update_account(obj.pk, settings)
        # A limit may be lifted and an account moved by operators alone: no verb offers that.
        limits = ("max_requests_per_second", "max_messages_per_day", "max_price")
        obj.save(update_fields=["parent", *limits])
        memory.forget()


@admin.register(PhoneNumber)
class PhoneNumberAdmin(VerbAdmin[PhoneNumber]):
    """Which senders an account has."""

    list_display = ("number", "kind", "account", "sms_enabled", "sms_url")
    list_filter = ("kind", "sms_enabled")
    search_fields = ("number", "key", "account__sid", "account__friendly_name")
    raw_id_fields = ("account",)

    def get_readonly_fields(self, request: HttpRequest, obj: PhoneNumber | None = None) -> Any:
        """Keep a number where it is: it is removed from one account and added to another."""
        always = ("sid", "date_created", "date_updated")
        return (*always, "account", "number") if obj else always

    def save_model(self, request: HttpRequest, obj: PhoneNumber, form: Any, change: bool) -> None:
        """Add or change a number."""
        settings = NumberSettings(
            friendly_name=obj.friendly_name or obj.number,
            sms_enabled=obj.sms_enabled,
            sms_url=obj.sms_url,
            sms_method=obj.sms_method,
            sms_fallback_url=obj.sms_fallback_url,
            sms_fallback_method=obj.sms_fallback_method,
        )
        if change:
            update_number(obj.account_id, obj.sid, settings)
        else:
            _become(obj, add_number(obj.account_id, obj.number, settings))

    def delete_model(self, request: HttpRequest, obj: PhoneNumber) -> None:
        """Take a number away."""
        remove_number(obj.account_id, obj.sid)


@admin.register(Client)
class ClientAdmin(VerbAdmin[Client]):
    """Which softphones and browsers an account has."""

    list_display = ("login", "account", "enabled", "date_created")
    list_filter = ("enabled",)
    search_fields = ("login", "account__sid", "account__friendly_name")
    fields = ("sid", "account", "login", "friendly_name", "digest", "enabled")
    readonly_fields = ("sid", "account", "login")

    def has_add_permission(self, request: object) -> bool:
        """Leave making one to `addclient`: a password does not belong into a plain form."""
        return False

    def save_model(self, request: HttpRequest, obj: Client, form: Any, change: bool) -> None:
        """Change a client."""
        settings = ClientSettings(
            friendly_name=obj.friendly_name, digest=obj.digest, enabled=obj.enabled
        )
        update_client(obj.account_id, obj.sid, settings)

    def delete_model(self, request: HttpRequest, obj: Client) -> None:
        """Take a client away."""
        remove_client(obj.account_id, obj.sid)
