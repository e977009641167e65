"""From a form on the wire to its parameters, and to a draft. Source: sms-api 1.5, 2.1."""

import re
from urllib.parse import parse_qsl, quote, unquote_to_bytes

from django.conf import settings
from django.core.exceptions import TooManyFieldsSent
from django.http import HttpRequest
from rest_framework.exceptions import UnsupportedMediaType

from sms.api import body
from sms.submit import Draft

FORM = "application/x-www-form-urlencoded"

Form = dict[str, str]
"""Parameters by name; of one that comes twice, the first."""

# What forms are written in, by their Content-Type's `charset`: RestComm's server reads these too.
_CHARSETS = {
    "utf-8": "utf-8",
    "utf8": "utf-8",
    "us-ascii": "utf-8",
    "iso-8859-1": "latin-1",
    "iso-8859-15": "iso8859-15",
    "windows-1252": "cp1252",
}


def read(request: HttpRequest) -> Form:
    """Read a form; Django's own reader takes half of one for the whole, and knows no chunks.

    Raises UnsupportedMediaType, RequestDataTooBig, UnreadablePostError, BodyTooSlow,
    TooManyFieldsSent.
    """
    # Some clients send no type with a form that has no fields.
    if request.content_type != FORM and (request.content_type or not body.is_empty(request)):
        raise _unsupported(f"{request.content_type or 'no Content-Type'} is not read here")
    charset = (request.content_params or {}).get("charset", "utf-8").lower()
    if charset not in _CHARSETS:
        raise _unsupported(f"forms in {charset} are not read here")
    octets = body.read(request)
    if _CHARSETS[charset] == "utf-8":
        octets = _SURROGATES.sub(_joined, octets)
    return _parsed(octets, _CHARSETS[charset])


def _parsed(octets: bytes, encoding: str) -> Form:
    try:
        text = octets.decode(encoding)
    except UnicodeDecodeError:  # octets that should have been escaped
        text = octets.decode("latin-1")
    most = settings.DATA_UPLOAD_MAX_NUMBER_FIELDS
    try:
        fields = parse_qsl(text, keep_blank_values=True, encoding=encoding, max_num_fields=most)
    except ValueError:
        raise TooManyFieldsSent(f"A form may have {most} fields.") from None
    return dict(reversed(fields))  # Django's QueryDict would give the last of two


def _unsupported(reason: str) -> UnsupportedMediaType:
    return UnsupportedMediaType("", detail=f"{reason}: send {FORM}, in UTF-8.")


# Some clients write UTF-16's halves one by one in UTF-8, which knows no such thing.
_SURROGATES = re.compile(rb"(?i)(?:%ED%[AB][0-9A-F]%[89AB][0-9A-F])+")


def _joined(halves: re.Match[bytes]) -> bytes:
    """Make one character of two halves, and U+FFFD of one without the other."""
    units = unquote_to_bytes(halves[0]).decode("utf-8", "surrogatepass")
    text = units.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return quote(text).encode()


def draft(form: Form) -> Draft:
    """Pick what makes a message; other parameters are nobody's."""
    return Draft(
        sender=party(form.get("From")),
        recipient=party(form.get("To")),
        body=form.get("Body"),
        callback_url=form.get("StatusCallback") or "",
        callback_method=form.get("StatusCallbackMethod") or "POST",
        encoding=form.get("Encoding") or "",
    )


def party(value: str | None) -> str | None:
    """Trim, and give back the + of a number that was sent without being escaped."""
    if value is None:
        return None
    trimmed = value.strip()
    lost_plus = value.startswith(" ") and trimmed.isascii() and trimmed.isdigit()
    return f"+{trimmed}" if lost_plus else trimmed
