"""From dicts to octets."""

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from xml.sax.saxutils import escape, quoteattr  # nosec B406

import orjson
from rest_framework.renderers import BaseRenderer

from sms.api.formats import Format, bare

Data = Mapping[str, Any]


class Listing(list[Data]):
    """A list that JSON shows bare, and XML below an element of this name."""

    def __init__(self, name: str, items: Iterable[Data]) -> None:
        super().__init__(items)
        self.name = name


class JSONRenderer(BaseRenderer):
    """JSON by orjson, in ASCII.

    JSON needs no charset, but clients that miss one read Latin-1: RestComm's Java SDK does.
    """

    media_type = Format.JSON.value
    format = "json"
    charset = None  # the header says application/json and nothing more

    def render(
        self,
        data: Data | Listing | None,
        accepted_media_type: str | None = None,
        renderer_context: Mapping[str, Any] | None = None,
    ) -> bytes:
        """Write a representation."""
        octets = b"" if data is None else orjson.dumps(data)
        return octets if octets.isascii() else _escaped(octets)


def _escaped(octets: bytes) -> bytes:
    return json.dumps(orjson.loads(octets), separators=(",", ":")).encode()


class XMLRenderer(BaseRenderer):
    """XML in RestComm's shapes. Source: sms-api 1.4."""

    media_type = Format.XML.value
    format = "xml"
    charset = None

    def render(
        self,
        data: Data | Listing | None,
        accepted_media_type: str | None = None,
        renderer_context: Mapping[str, Any] | None = None,
    ) -> bytes:
        """Write a representation; its keys say what it is."""
        if data is None:
            return b""
        return f"<RestcommResponse>{_body(data)}</RestcommResponse>".encode()


RENDERERS: dict[Format, BaseRenderer] = {
    Format.JSON: JSONRenderer(),
    Format.XML: XMLRenderer(),
}
"""They hold no state: one of each serves every request."""

_BEFORE_ERROR = {
    "Sid": "sid",
    "DateCreated": "date_created",
    "DateUpdated": "date_updated",
    "DateSent": "date_sent",
    "AccountSid": "account_sid",
    "From": "from",
    "To": "to",
    "Body": "body",
    "Status": "status",
    "Direction": "direction",
}
_PAGES = {"messages": "SMSMessages", "incomingPhoneNumbers": "IncomingPhoneNumbers"}
_RESOURCES = {"AC": "Account", "CL": "Client", "PN": "IncomingPhoneNumber"}
_NAMES = {
    "sms_messages": "SMSMessages",
    "voice_capable": "Voice",
    "sms_capable": "Sms",
    "mms_capable": "Mms",
    "fax_capable": "Fax",
}
"""Elements that are not called like their JSON keys."""
ATTRIBUTES = {
    "page": "page",
    "numpages": "num_pages",
    "pagesize": "page_size",
    "total": "total",
    "start": "start",
    "end": "end",
    "uri": "uri",
    "firstpageuri": "first_page_uri",
    "previouspageuri": "previous_page_uri",
    "nextpageuri": "next_page_uri",
    "lastpageuri": "last_page_uri",
}
"""Attributes of a page, and their JSON keys."""
# XML 1.0 has no way to write these, not even escaped (§2.2).
_UNWRITABLE = dict.fromkeys(
    [*(code for code in range(0x20) if code not in (0x9, 0xA, 0xD)), 0xFFFE, 0xFFFF], "\ufffd"
)


def _text(value: object) -> str:
    text = "" if value is None else str(value)
    # A bare CR would be read back as LF (§2.11).
    return escape(text.translate(_UNWRITABLE), {"\r": "&#13;"})


def _element(name: str, value: object) -> str:
    return f"<{name}>{_text(value)}</{name}>"


def _message(data: Data) -> str:
    return f"<SMSMessage>{''.join(_children(data))}</SMSMessage>"


def _children(data: Data) -> Iterator[str]:
    for name, key in _BEFORE_ERROR.items():
        yield _element(name, data.get(key))
    if "num_segments" in data:
        yield _element("NumSegments", data["num_segments"])
    if data.get("error_code") is not None:
        code = _element("ErrorCode", data["error_code"])
        yield f"<Error>{code}{_element('ErrorMessage', data['error_message'])}</Error>"
    for name, key in {"Price": "price", "PriceUnit": "price_unit"}.items():
        if key in data:
            yield _element(name, data[key])
    yield _element("ApiVersion", data["api_version"])
    yield _element("Uri", str(data["uri"]).removesuffix(".json"))


def _page(data: Data) -> str:
    attributes = "".join(f" {name}={quoteattr(str(data[key]))}" for name, key in ATTRIBUTES.items())
    key = next(key for key in _PAGES if key in data)
    rows = "".join(map(_resource, data[key]))
    return f"<{_PAGES[key]}{attributes}>{rows}</{_PAGES[key]}>"


def _error(data: Data) -> str:
    return _element("Message", data["message"]) + _element("Error", data["error"])


def _body(data: Data | Listing) -> str:
    if isinstance(data, Listing):
        return f"<{data.name}>{''.join(map(_resource, data))}</{data.name}>"
    return next((shape(data) for key, shape in _SHAPES.items() if key in data), "")


def _resource(data: Data) -> str:
    """Write one thing; the first letters of its sid say which."""
    name = _RESOURCES.get(str(data["sid"])[:2])
    return _tree(name, data) if name else _message(data)


def _tree(name: str, value: object, *, is_uri: bool = False) -> str:
    """Write a value and all below it; what is null is left out."""
    is_uri = is_uri or name in ("Uri", "SubresourceUris")
    if value is None:
        return ""
    if isinstance(value, Mapping):
        below = (_tree(element_name(key), item, is_uri=is_uri) for key, item in value.items())
        return f"<{name}>{''.join(below)}</{name}>"
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return _element(name, bare(text) if is_uri else text)


def element_name(key: str) -> str:
    """Name the element that a JSON key becomes."""
    return _NAMES.get(key) or "".join(word.capitalize() for word in key.split("_"))


_SHAPES = {**dict.fromkeys(_PAGES, _page), "sid": _resource, "message": _error}
