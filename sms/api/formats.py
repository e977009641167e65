"""JSON or XML: what a request asks for, by suffix, Accept header or prefix.

Source: sms-api D2, D3, 1.3.
"""

import re
from enum import StrEnum
from functools import lru_cache

from django.http import HttpRequest


class Format(StrEnum):
    """A representation on the wire."""

    JSON = "application/json"
    XML = "application/xml"


PREFIXES = {
    "/api/2012-04-24/": Format.JSON,
    "/restcomm/2012-04-24/": Format.XML,
    "/2012-04-24/": Format.XML,
}
"""What is answered below each prefix when neither suffix nor Accept says."""

_SUFFIX = re.compile(r"\.(json|xml)(?=/|$)")
_SUFFIXES = {"json": Format.JSON, "xml": Format.XML}


def bare(path: str) -> str:
    """Take .json and .xml off every segment of a path, and a trailing slash."""
    return _SUFFIX.sub("", path).removesuffix("/")


def prefix_of(path: str) -> str | None:
    """Return the API prefix that a path begins with, suffixes aside."""
    plain = _SUFFIX.sub("", path)
    return next((prefix for prefix in PREFIXES if plain.startswith(prefix)), None)


def negotiate(request: HttpRequest) -> Format | None:
    """Choose the format of an answer; None where the client accepts neither."""
    suffixes = _SUFFIX.findall(request.path)
    if suffixes:
        return Format.JSON if "json" in suffixes else _SUFFIXES[suffixes[0]]
    return _accepted(request.META.get("HTTP_ACCEPT", ""), fallback(request))


def insists_on_json(request: HttpRequest) -> bool:
    """Say whether it is JSON that the client names, and not merely gets."""
    named = _SUFFIX.search(request.path) or "json" in request.META.get("HTTP_ACCEPT", "").lower()
    return bool(named) and negotiate(request) is Format.JSON


def fallback(request: HttpRequest) -> Format:
    """Choose the format where the client leaves it open."""
    return PREFIXES.get(prefix_of(request.path) or "", Format.JSON)


@lru_cache(maxsize=256)
def _accepted(header: str, default: Format) -> Format | None:
    """Choose by an Accept header. Source: RFC 9110 §12.5.1."""
    if not header.strip():
        return default
    ranked = sorted(
        (rank for item in header.split(",") if (rank := _rank(item, default))),
        key=lambda rank: rank[:2],
        reverse=True,
    )
    return ranked[0][2] if ranked else None


def _rank(item: str, default: Format) -> tuple[float, bool, Format] | None:
    """Weigh one media range: its quality, whether it names a format, the format."""
    media_type, *parameters = (part.strip().lower() for part in item.split(";"))
    subtype = media_type.partition("/")[2]
    quality = _quality(parameters)
    if quality <= 0:
        return None
    # Like RestComm: text/json, application/hal+json, text/xml... all count.
    for word, format in _SUFFIXES.items():
        if word in subtype:
            return quality, True, format
    return (quality, False, default) if subtype == "*" else None


def _quality(parameters: list[str]) -> float:
    for parameter in parameters:
        if parameter.startswith("q="):
            try:
                return float(parameter[2:])
            except ValueError:
                return 1.0
    return 1.0
