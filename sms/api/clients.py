"""Clients over HTTP: parse, call the verb, render. Source: sms-api 8."""

from django.db.models import QuerySet
from rest_framework import exceptions
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import Client
from accounts.provisioning.clients import (
    ClientSettings,
    create_client,
    remove_client,
    update_client,
)
from sms.api import form, parameters
from sms.api.form import Form
from sms.api.renderers import Listing
from sms.api.representation import API_VERSION, BASE, Representation, rfc822
from sms.api.views import OwnedViewSet, RecordedView, wire_of

STATUSES = {"1": True, "0": False}


class ClientViewSet(RecordedView, OwnedViewSet[Client]):
    """The SIP clients of one account."""

    http_method_names = ["get", "post", "put", "delete", "head"]

    def get_queryset(self) -> QuerySet[Client]:
        """Keep to the account of the path, oldest first."""
        return Client.objects.filter(account=self.owner.id).order_by("pk")

    def list(self, request: Request, account: str) -> Response:
        """Show all clients."""
        shown = [represent(client, self.owner.sid) for client in self.get_queryset()]
        return Response(Listing("Clients", shown))

    def create(self, request: Request, account: str) -> Response:
        """Create a client; one that the account has already is shown as it is."""
        fields = form.read(wire_of(request))
        login = parameters.required(fields, "Login")
        parameters.required(fields, "Password")
        client = create_client(self.owner.id, login, _settings(fields), exist_ok=True)
        return Response(represent(client, self.owner.sid))

    def retrieve(self, request: Request, account: str, sid: str) -> Response:
        """Show one client."""
        client = self.get_queryset().filter(sid=self.well_formed(sid)).first()
        if client is None:
            raise exceptions.NotFound("The client does not exist.")
        return Response(represent(client, self.owner.sid))

    def update(self, request: Request, account: str, sid: str) -> Response:
        """Change one client."""
        settings = _settings(form.read(wire_of(request)))
        client = update_client(self.owner.id, self.well_formed(sid), settings)
        return Response(represent(client, self.owner.sid))

    def destroy(self, request: Request, account: str, sid: str) -> Response:
        """Remove one client. RestComm's empty 200 is more than its own Python SDK can read."""
        remove_client(self.owner.id, self.well_formed(sid))
        return Response({})


def _settings(fields: Form) -> ClientSettings:
    status = parameters.choice(fields, "Status", STATUSES)
    return ClientSettings(
        friendly_name=parameters.text(fields, "FriendlyName"),
        password=parameters.text(fields, "Password"),
        enabled=None if status is None else STATUSES[status],
    )


def represent(client: Client, account_sid: str) -> Representation:
    """Show a client; nobody is ever told its password."""
    return {
        "sid": client.sid,
        "date_created": rfc822(client.date_created),
        "date_updated": rfc822(client.date_updated),
        "account_sid": account_sid,
        "api_version": API_VERSION,
        "friendly_name": client.friendly_name,
        "login": client.login,
        "status": "1" if client.enabled else "0",
        "voice_url": None,
        "voice_method": None,
        "voice_fallback_url": None,
        "voice_fallback_method": None,
        "voice_application_sid": None,
        "uri": f"{BASE}/Accounts/{account_sid}/Clients/{client.sid}.json",
        "push_client_identity": None,
    }
