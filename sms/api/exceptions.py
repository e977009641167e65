"""Errors as answers: always a body, always one that the client can parse.

Source: sms-api D15, 2.2.
"""

import logging
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from django.core import exceptions as django
from django.db import InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse, UnreadablePostError
from django.views import defaults
from rest_framework import exceptions as drf
from rest_framework.response import Response

from accounts import limits
from accounts.provisioning.refusals import Missing, Refused, Taken
from sms import idempotency, submit
from sms.api.formats import fallback, negotiate, prefix_of
from sms.api.renderers import RENDERERS
from sms.errors import ErrorCode

logger = logging.getLogger(__name__)

CODES = {"ACCOUNT_NOT_ACTIVE": ErrorCode.ACCOUNT_SUSPENDED, "PHONE_NUMBER_TAKEN": 21452}
"""Numbers of the errors that have one; others carry the HTTP status."""

AWAY = "The service can not answer right now; try again."
BROKEN = "Something went wrong on our side."


def body(status: int, message: str, error: str = "") -> dict[str, Any]:
    """Describe an error; `error` is a word for programs."""
    word = error or HTTPStatus(status).name
    return {"message": message, "error": word, "code": CODES.get(word, status), "status": status}


def handle(error: Exception, context: Mapping[str, Any]) -> Response:
    """Turn whatever a view raised into an answer."""
    if isinstance(error, drf.APIException):
        data = body(error.status_code, _first_text(error.detail), _word(error))
        return Response(data, status=error.status_code, headers=_headers(error))
    if isinstance(error, submit.Rejected):
        return Response(body(400, error.message, error.error), status=400)
    if isinstance(error, Refused):
        status = _REFUSED.get(type(error), 400)
        return Response(body(status, _naming_parameter(error), error.error), status=status)
    if refusal := _REFUSALS.get(type(error)):
        status, word = refusal
        return Response(body(status, str(error), word), status=status, headers=_headers(error))
    status, message = _known(error)
    if status == HTTPStatus.INTERNAL_SERVER_ERROR:
        logger.error("request failed", exc_info=error)
    elif status > HTTPStatus.INTERNAL_SERVER_ERROR:  # one line for each request of an outage
        logger.error("request failed: %s", error)
    return Response(body(status, message), status=status)


_REFUSED: dict[type[Refused], int] = {Taken: 409, Missing: 404}

_PARAMETERS = {
    "friendly_name": "FriendlyName",
    "email": "EmailAddress",
    "password": "Password",
    "status": "Status",
    "login": "Login",
    "number": "PhoneNumber",
    "sms_url": "SmsUrl",
    "sms_fallback_url": "SmsFallbackUrl",
}
"""What the API calls the columns of accounts, clients and numbers."""


def _naming_parameter(error: Refused) -> str:
    name = _PARAMETERS.get(error.field)
    return f"{name}: {error.message}" if name else error.message


_REFUSALS: dict[type[Exception], tuple[int, str]] = {
    limits.QuotaExceeded: (403, "SMS_LIMIT_EXCEEDED"),
    limits.RateExceeded: (429, "TOO_MANY_REQUESTS"),
    idempotency.KeyReused: (422, "IDEMPOTENCY_KEY_REUSED"),
}
"""Exceptions of ours that speak to the client, and their words for programs."""

_KNOWN: tuple[tuple[type[Exception], int, str], ...] = (
    (Http404, 404, "The resource does not exist."),
    (django.PermissionDenied, 403, "Not allowed."),
    (django.RequestDataTooBig, 413, "The request body is too large."),
    (django.SuspiciousOperation, 400, "The request is malformed."),
    (django.BadRequest, 400, "The request is malformed."),
    (UnreadablePostError, 400, "The request body ended early."),
    (OperationalError, 503, AWAY),
    (InterfaceError, 503, AWAY),
)
"""Exceptions of Django that are not our bugs; the first that fits."""


def _known(error: Exception) -> tuple[int, str]:
    for kind, status, message in _KNOWN:
        if isinstance(error, kind):
            return status, message
    return 500, BROKEN


def _first_text(detail: Any) -> str:
    """Return the first text of DRF's nested details."""
    while isinstance(detail, (dict, list)):
        detail = next(iter(detail.values() if isinstance(detail, dict) else detail), BROKEN)
    return str(detail)


def _word(error: drf.APIException) -> str:
    """Name an error by its code, where that was chosen to be read."""
    code = error.get_codes()
    return code if isinstance(code, str) and code.isupper() else ""


def _headers(error: Exception) -> dict[str, str]:
    headers = {}
    if auth_header := getattr(error, "auth_header", None):
        headers["WWW-Authenticate"] = auth_header
    if isinstance(error, limits.RateExceeded):
        headers["Retry-After"] = str(error.retry_after_s)
    return headers


def answer(request: HttpRequest, status: int, message: str) -> HttpResponse:
    """Answer with an error where no view is at work."""
    renderer = RENDERERS[negotiate(request) or fallback(request)]
    content = renderer.render(body(status, message))
    headers = {"Content-Length": str(len(content)), "Content-Type": str(renderer.media_type)}
    return HttpResponse(content, status=status, headers=headers)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer what Django could not read."""
    if not prefix_of(request.path):
        return defaults.bad_request(request, exception)
    status, message = _known(exception)
    return answer(request, status, message)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer for a path that leads nowhere: a program that has its base wrong gets no page."""
    wants_page = "text/html" in request.headers.get("Accept", "")
    # Without its slash a prefix is the API's too.
    if wants_page and not prefix_of(f"{request.path}/"):
        return defaults.page_not_found(request, exception)
    return answer(request, 404, "The resource does not exist.")


def server_error(request: HttpRequest) -> HttpResponse:
    """Answer for a bug of ours; Django has logged its traceback."""
    if not prefix_of(request.path):
        return defaults.server_error(request)
    return answer(request, 500, BROKEN)
