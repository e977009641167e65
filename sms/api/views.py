"""Messages over HTTP: parse, call the verb, render."""

from collections.abc import Callable
from http import HTTPStatus
from typing import Any, TypeVar

from django.db.models import Model
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from rest_framework import exceptions
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView
from rest_framework.viewsets import GenericViewSet

from accounts import access, limits
from accounts.authentication import Caller
from accounts.sids import SID
from sms.api import form, representation
from sms.api.exceptions import handle
from sms.api.filters import FirstValues, MessageFilter, first_values
from sms.api.formats import fallback, negotiate
from sms.api.pagination import MessagePagination
from sms.api.renderers import RENDERERS, JSONRenderer, XMLRenderer
from sms.models import Message
from sms.models.message import MessageQuerySet
from sms.submit import submit
from staff import audit
from staff.access.address import client_address

M = TypeVar("M", bound=Model)


class Answer(HttpResponse):
    """An answer that is rendered when it is made, for what is asked for most.

    A template's response, as DRF's is, takes one instruction of twenty of an accepted POST.
    """

    def __init__(self, data: representation.Representation, renderer: BaseRenderer) -> None:
        super().__init__(renderer.render(data), content_type=renderer.media_type)
        self.data = data


class ApiView(APIView):
    """What every resource shares: who may come in, and how answers and errors look."""

    http_method_names = ["get", "post", "head"]
    permission_classes = [access.CallerIsActive, access.RoleAllows]
    parser_classes = []  # `form` reads, and not DRF
    renderer_classes = [JSONRenderer, XMLRenderer]

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Ask who it is before anything else: strangers learn nothing, not even a 406."""
        self.perform_authentication(request)
        limits.count_request(request.user)
        super().initial(request, *args, **kwargs)

    def perform_content_negotiation(
        self, request: Request, force: bool = False
    ) -> tuple[BaseRenderer, str]:
        """Choose a renderer by suffix, Accept header and prefix. Raises NotAcceptable."""
        wire = wire_of(request)
        chosen = negotiate(wire) or (fallback(wire) if force else None)
        if chosen is None:
            raise exceptions.NotAcceptable("Only JSON and XML are offered.")
        return RENDERERS[chosen], chosen.value

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        """Render at once and say how long it is, or servers send it in chunks."""
        final = super().finalize_response(request, response, *args, **kwargs)
        if isinstance(final, Response):
            final.render()
        if final.status_code != HTTPStatus.NO_CONTENT:  # RFC 9110 §8.6
            final.headers["Content-Length"] = str(len(final.content))
        return final

    def get_exception_handler(self) -> Callable[..., Response]:
        """Answer every error with a body."""
        return handle


class RecordedView(ApiView):
    """What changes things that people change, too: the audit log names the account."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Answer as the account that calls."""
        with audit.acting(lambda: self._actor(request)):
            return super().dispatch(request, *args, **kwargs)

    def _actor(self, request: HttpRequest) -> audit.Actor | None:
        caller = self.request.user
        if not isinstance(caller, Caller):
            return None
        return audit.Actor(name=f"account {caller.sid}", address=client_address(request))


class UnknownPath(ApiView):
    """Below the prefixes, but nothing of ours."""

    schema = None

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Raises NotFound, to those who may know."""
        super().initial(request, *args, **kwargs)
        raise exceptions.NotFound("The resource does not exist.")


class OwnedViewSet(ApiView, GenericViewSet[M]):
    """What one account has."""

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Find the account that the path names. Raises NotFound, PermissionDenied."""
        super().initial(request, *args, **kwargs)
        self.owner = access.owner(request.user, kwargs["account"])

    def well_formed(self, sid: str) -> str:
        """Return what may be a sid. Raises NotFound for what cannot be one."""
        if not SID.fullmatch(sid):
            raise exceptions.NotFound("The resource does not exist.")
        return sid


class MessageViewSet(OwnedViewSet[Message]):
    """The messages of one account. Source: API document; sms-api 2 to 5."""

    filter_backends = [FirstValues]
    filterset_class = MessageFilter
    pagination_class = MessagePagination

    def get_queryset(self) -> MessageQuerySet:
        """Keep to the account of the path, or with SubAccounts to it and those below."""
        if self.action == "list" and self._with_sub_accounts():
            return Message.objects.filter(account_id__in=access.family(self.owner))
        return Message.objects.for_account(self.owner.id)

    def _with_sub_accounts(self) -> bool:
        return first_values(self.request.query_params).get("SubAccounts", "").lower() == "true"

    def create(self, request: Request, account: str) -> Answer:
        """Accept a message."""
        if not self.owner.is_active:
            raise exceptions.PermissionDenied(access.NOT_ACTIVE, access.CallerIsActive.code)
        wire = wire_of(request)
        message = submit(
            form.draft(form.read(wire)),
            account_id=self.owner.id,
            quotas=self.owner.messages,
            idempotency_key=wire.META.get("HTTP_IDEMPOTENCY_KEY"),
        )
        return Answer(representation.accepted(message, self.owner.sid), request.accepted_renderer)

    def retrieve(self, request: Request, account: str, sid: str) -> Response:
        """Show one message."""
        well_formed = SID.fullmatch(sid) is not None
        found = self.get_queryset().filter(sid=sid) if well_formed else Message.objects.none()
        row = representation.rows(found).first()
        if row is None:
            raise exceptions.NotFound("The message does not exist.")
        return Response(representation.read(row))

    def list(self, request: Request, account: str) -> Response:
        """Show one page of messages."""
        page: Any = self.paginate_queryset(self.filter_queryset(self.get_queryset()))
        return self.get_paginated_response([representation.read(row) for row in page])

    def list_uri(self) -> str:
        """Name the list's own address."""
        return representation.messages_uri(self.owner.sid)


def wire_of(request: Request) -> HttpRequest:
    """Return Django's request inside of DRF's."""
    wire: HttpRequest = request._request
    return wire
