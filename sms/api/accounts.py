"""Accounts over HTTP: parse, call the verb, render. Source: sms-api 8."""

from django.db.models import QuerySet
from rest_framework import exceptions
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import GenericViewSet

from accounts import access
from accounts.authentication import Caller
from accounts.models import Account
from accounts.provisioning.accounts import AccountSettings, create_account, update_account
from sms.api import form, parameters
from sms.api.form import Form
from sms.api.renderers import Listing
from sms.api.representation import BASE, Representation, rfc822
from sms.api.views import RecordedView, wire_of

SUBRESOURCES = {
    "available_phone_numbers": "AvailablePhoneNumbers",
    "calls": "Calls",
    "conferences": "Conferences",
    "incoming_phone_numbers": "IncomingPhoneNumbers",
    "notifications": "Notifications",
    "outgoing_caller_ids": "OutgoingCallerIds",
    "recordings": "Recordings",
    "sandbox": "Sandbox",
    "sms_messages": "SMS/Messages",
    "transcriptions": "Transcriptions",
}
"""All of RestComm's; clients look the ones that they need up by name."""


class AccountViewSet(RecordedView, GenericViewSet[Account]):
    """The caller's account and those below it."""

    http_method_names = ["get", "post", "put", "head"]

    def get_queryset(self) -> QuerySet[Account]:
        """Keep to the caller's own sub-accounts, oldest first."""
        return Account.objects.filter(parent=_caller(self.request).id).order_by("pk")

    def list(self, request: Request) -> Response:
        """Show the sub-accounts."""
        shown = [represent(account, _caller(request)) for account in self.get_queryset()]
        return Response(Listing("Accounts", shown))

    def create(self, request: Request) -> Response:
        """Create a sub-account."""
        fields = form.read(wire_of(request))
        parameters.required(fields, "EmailAddress", label="Email address")
        parameters.required(fields, "Password")
        account = create_account(_settings(fields), parent_id=_caller(request).id)
        return Response(represent(account, _caller(request)))

    def retrieve(self, request: Request, account: str) -> Response:
        """Show one account."""
        found = Account.objects.get(pk=access.owner(request.user, account).id)
        return Response(represent(found, _caller(request)))

    def update(self, request: Request, account: str) -> Response:
        """Change one account; its address stays as it is."""
        owner = access.owner(request.user, account)
        fields = form.read(wire_of(request))
        fields.pop("EmailAddress", None)
        changed = update_account(owner.id, _settings(fields))
        return Response(represent(changed, _caller(request)))


def _caller(request: Request) -> Caller:
    if not isinstance(request.user, Caller):
        raise exceptions.NotAuthenticated
    return request.user


def _settings(fields: Form) -> AccountSettings:
    return AccountSettings(
        friendly_name=parameters.text(fields, "FriendlyName"),
        email=parameters.text(fields, "EmailAddress"),
        password=parameters.text(fields, "Password"),
        role=parameters.choice(fields, "Role", Account.Role.values),
        status=parameters.choice(fields, "Status", Account.Status.values),
    )


def represent(account: Account, caller: Caller) -> Representation:
    """Show an account to itself or to one above it."""
    # The token of a sub-account would let a caller that may only read do more than that.
    # Nor is whoever has an old token told the new one, which may be there because of him.
    may_know = (caller.may_write or account.pk == caller.id) and not caller.has_old_token
    base = f"{BASE}/Accounts/{account.sid}"
    return {
        "sid": account.sid,
        "organization": None,
        "friendly_name": account.friendly_name,
        "email_address": account.email,
        "type": "Full",
        "status": account.status,
        "role": account.role,
        "date_created": rfc822(account.date_created),
        "date_updated": rfc822(account.date_updated),
        **({"auth_token": account.auth_token} if may_know else {}),
        "uri": f"{BASE}/Accounts.json/{account.sid}",
        "subresource_uris": {name: f"{base}/{tail}.json" for name, tail in SUBRESOURCES.items()},
    }
