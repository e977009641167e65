"""Incoming phone numbers over HTTP: parse, call the verb, render. Source: sms-api 8."""

from typing import Any

from django.db.models import QuerySet
from rest_framework import exceptions
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import PhoneNumber
from accounts.provisioning.numbers import (
    NumberSettings,
    add_number,
    remove_number,
    update_number,
)
from sms.api import form, parameters
from sms.api.filters import FirstValues, NumberFilter
from sms.api.form import Form
from sms.api.formats import insists_on_json
from sms.api.pagination import Pagination
from sms.api.representation import API_VERSION, BASE, Representation, rfc822
from sms.api.views import OwnedViewSet, RecordedView, wire_of


class NumberPagination(Pagination):
    """Pages of numbers."""

    key = "incomingPhoneNumbers"
    kept_names = ("PhoneNumber", "FriendlyName", "SortBy", "Reverse")


class NumberViewSet(RecordedView, OwnedViewSet[PhoneNumber]):
    """The numbers of one account."""

    http_method_names = ["get", "post", "put", "delete", "head"]
    filter_backends = [FirstValues]
    filterset_class = NumberFilter
    pagination_class = NumberPagination

    def get_queryset(self) -> QuerySet[PhoneNumber]:
        """Keep to the account of the path."""
        return PhoneNumber.objects.filter(account=self.owner.id)

    def list(self, request: Request, account: str) -> Response:
        """Show one page of numbers."""
        page: Any = self.paginate_queryset(self.filter_queryset(self.get_queryset()))
        return self.get_paginated_response([represent(row, self.owner.sid) for row in page])

    def list_uri(self) -> str:
        """Name the list's own address."""
        return _numbers_uri(self.owner.sid)

    def create(self, request: Request, account: str) -> Response:
        """Give the account a number."""
        fields = form.read(wire_of(request))
        if "AreaCode" in fields and "PhoneNumber" not in fields:
            raise exceptions.ValidationError("There is no stock to choose from by AreaCode.")
        number = parameters.required(fields, "PhoneNumber", label="Phone number")
        row = add_number(self.owner.id, form.party(number) or number, _settings(fields))
        return Response(represent(row, self.owner.sid))

    def retrieve(self, request: Request, account: str, sid: str) -> Response:
        """Show one number."""
        row = self.get_queryset().filter(sid=self.well_formed(sid)).first()
        if row is None:
            raise exceptions.NotFound("The phone number does not exist.")
        return Response(represent(row, self.owner.sid))

    def update(self, request: Request, account: str, sid: str) -> Response:
        """Change one number."""
        settings = _settings(form.read(wire_of(request)))
        row = update_number(self.owner.id, self.well_formed(sid), settings)
        return Response(represent(row, self.owner.sid))

    def destroy(self, request: Request, account: str, sid: str) -> Response:
        """Take one number away. Clients that want JSON fail over a 204: there is none in it."""
        remove_number(self.owner.id, self.well_formed(sid))
        return Response({}) if insists_on_json(wire_of(request)) else Response(status=204)


def _settings(fields: Form) -> NumberSettings:
    methods = PhoneNumber.Method.values
    return NumberSettings(
        friendly_name=parameters.text(fields, "FriendlyName"),
        sms_enabled=parameters.flag(fields, "SmsCapable"),
        sms_url=parameters.url(fields, "SmsUrl"),
        sms_method=parameters.choice(fields, "SmsMethod", methods),
        sms_fallback_url=parameters.url(fields, "SmsFallbackUrl"),
        sms_fallback_method=parameters.choice(fields, "SmsFallbackMethod", methods),
    )


def _numbers_uri(account_sid: str) -> str:
    return f"{BASE}/Accounts/{account_sid}/IncomingPhoneNumbers"


def represent(row: PhoneNumber, account_sid: str) -> Representation:
    """Show a number; what belongs to calls is null."""
    return {
        "sid": row.sid,
        "account_sid": account_sid,
        "friendly_name": row.friendly_name,
        "phone_number": row.number,
        "voice_url": None,
        "voice_method": None,
        "voice_fallback_url": None,
        "voice_fallback_method": None,
        "status_callback": None,
        "status_callback_method": None,
        "voice_caller_id_lookup": False,
        "voice_application_sid": None,
        "date_created": rfc822(row.date_created),
        "date_updated": rfc822(row.date_updated),
        "sms_url": row.sms_url or None,
        "sms_method": row.sms_method,
        "sms_fallback_url": row.sms_fallback_url or None,
        "sms_fallback_method": row.sms_fallback_method,
        "sms_application_sid": None,
        "ussd_url": None,
        "ussd_method": None,
        "ussd_fallback_url": None,
        "ussd_fallback_method": None,
        "ussd_application_sid": None,
        "capabilities": {
            "voice_capable": False,
            "sms_capable": row.sms_enabled,
            "mms_capable": False,
            "fax_capable": False,
        },
        "api_version": API_VERSION,
        "uri": f"{_numbers_uri(account_sid)}/{row.sid}.json",
    }
