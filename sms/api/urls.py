"""The API's resources, relative to each of its three prefixes."""

from collections.abc import Callable
from typing import Any

from django.http import HttpResponseBase
from django.urls import URLPattern, re_path
from django.urls.resolvers import RoutePattern

from sms.api.accounts import AccountViewSet
from sms.api.clients import ClientViewSet
from sms.api.formats import bare
from sms.api.numbers import NumberViewSet
from sms.api.openapi.views import DocumentView
from sms.api.views import MessageViewSet, UnknownPath


class ResourcePattern(RoutePattern):
    """A route that does not see suffixes and the trailing slash.

    RestComm's clients put .json on any segment, and follow no redirect on POST.
    """

    def match(self, path: str) -> Any:
        """Match what is left of the path."""
        return super().match(bare(path))


def resource(route: str, view: Callable[..., HttpResponseBase]) -> URLPattern:
    """Make a route of the API."""
    return URLPattern(ResourcePattern(route, is_endpoint=True), view)


READ_OR_CHANGE: dict[str, Any] = {"get": "retrieve", "post": "update", "put": "update"}

urlpatterns = [
    resource("Accounts", AccountViewSet.as_view({"get": "list", "post": "create"})),
    resource("Accounts/<str:account>", AccountViewSet.as_view(READ_OR_CHANGE)),
    resource(
        "Accounts/<str:account>/Clients",
        ClientViewSet.as_view({"get": "list", "post": "create"}),
    ),
    resource(
        "Accounts/<str:account>/Clients/<str:sid>",
        ClientViewSet.as_view({**READ_OR_CHANGE, "delete": "destroy"}),
    ),
    resource(
        "Accounts/<str:account>/IncomingPhoneNumbers",
        NumberViewSet.as_view({"get": "list", "post": "create"}),
    ),
    resource(
        "Accounts/<str:account>/IncomingPhoneNumbers/<str:sid>",
        NumberViewSet.as_view({**READ_OR_CHANGE, "delete": "destroy"}),
    ),
    resource(
        "Accounts/<str:account>/SMS/Messages",
        MessageViewSet.as_view({"get": "list", "post": "create"}),
    ),
    resource(
        "Accounts/<str:account>/SMS/Messages/<str:sid>",
        MessageViewSet.as_view({"get": "retrieve"}),
    ),
    resource("openapi", DocumentView.as_view()),
    re_path("", UnknownPath.as_view()),
]
