"""From a form on the wire to its parameters, and to a draft. Source: sms-api 1.5, 2.1."""

import re
from urllib.parse import quote, unquote_to_bytes

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, QueryDict
from rest_framework.exceptions import UnsupportedMediaType

from sms.submit import Draft

FORM = "application/x-www-form-urlencoded"


def read(request: HttpRequest) -> QueryDict:
    """Read a form with Django's own parser, which costs a fraction of DRF's.

    Raises UnsupportedMediaType, RequestDataTooBig.
    """
    chunked = bool(request.META.get("HTTP_TRANSFER_ENCODING"))
    empty = not chunked and request.META.get("CONTENT_LENGTH") in (None, "", "0")
    # Some clients send no type with a form that has no fields.
    if request.content_type != FORM and (request.content_type or not empty):
        raise UnsupportedMediaType(request.content_type or "")
    if chunked and request.META.get("wsgi.input_terminated"):
        return _read_chunked(request)
    if _SURROGATES.search(request.body):
        return QueryDict(_SURROGATES.sub(_joined, request.body), encoding="utf-8")
    if request.method == "PUT":  # which Django reads no forms from
        return QueryDict(request.body, encoding="utf-8")
    return request.POST


# Some clients write UTF-16's halves one by one in UTF-8, which knows no such thing.
_SURROGATES = re.compile(rb"(?i)(?:%ED%[AB][0-9A-F]%[89AB][0-9A-F])+")


def _joined(halves: re.Match[bytes]) -> bytes:
    """Make one character of two halves, and U+FFFD of one without the other."""
    units = unquote_to_bytes(halves[0]).decode("utf-8", "surrogatepass")
    text = units.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return quote(text).encode()


def _read_chunked(request: HttpRequest) -> QueryDict:
    """Read a body that came without its length: Django would find it empty."""
    limit = settings.DATA_UPLOAD_MAX_MEMORY_SIZE or 0
    octets = request.META["wsgi.input"].read(limit + 1)
    if len(octets) > limit:
        raise RequestDataTooBig
    return QueryDict(octets, encoding="utf-8")


def draft(form: QueryDict) -> Draft:
    """Pick what makes a message; other parameters are nobody's."""
    return Draft(
        sender=party(first(form, "From")),
        recipient=party(first(form, "To")),
        body=first(form, "Body"),
        callback_url=first(form, "StatusCallback") or "",
        callback_method=first(form, "StatusCallbackMethod") or "POST",
        encoding=first(form, "Encoding") or "",
    )


def first(form: QueryDict, name: str) -> str | None:
    """Return the first value of a parameter; Django's own choice is the last."""
    values = form.getlist(name)
    return values[0] if values else None


def party(value: str | None) -> str | None:
    """Trim, and give back the + of a number that was sent without being escaped."""
    if value is None:
        return None
    trimmed = value.strip()
    lost_plus = value.startswith(" ") and trimmed.isascii() and trimmed.isdigit()
    return f"+{trimmed}" if lost_plus else trimmed
