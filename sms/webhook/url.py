"""What a callback URL must look like, before anybody asks where it leads.

Parsed by yarl, which aiohttp uses too: two parsers that disagree on where the host
ends are how guards are walked around.
"""

import re
from functools import lru_cache

from yarl import URL

MAX_LENGTH = 2048
_REMEMBERED = 512
"""URLs: the same ones come with every message, and are parsed at each step of it."""

# Blanks, control characters, backslashes and lone surrogates.
_FORBIDDEN = re.compile(r"[\x00-\x20\x7f-\x9f\\\ud800-\udfff]")
# RFC 3986 §2: the characters a URL is made of.
_LEGAL = re.compile(r"[A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;=%]*")


@lru_cache(_REMEMBERED)
def parse_url(url: str) -> URL:
    """Parse a URL; one of legal characters keeps its spelling, another is quoted.

    Receivers sign and compare URLs, so `%7E` must not become `~` on the way out.

    Only for what `check_url` accepts.
    """
    return URL(url, encoded=_LEGAL.fullmatch(url) is not None)


def check_url(url: str) -> str | None:
    """Say what is wrong with the form of a callback URL; None when nothing is."""
    if len(url) > MAX_LENGTH:
        return f"the URL is longer than {MAX_LENGTH} characters"
    return _check_form(url)


@lru_cache(_REMEMBERED)
def _check_form(url: str) -> str | None:
    if _FORBIDDEN.search(url):
        return "the URL holds a blank, a backslash or a control character"
    try:
        return _check_parts(parse_url(url), URL(url, encoded=True).raw_authority)
    except (ValueError, IndexError):  # IndexError is yarl's answer to `http://[]@`
        return "the URL is not well formed"


def _check_parts(url: URL, authority: str) -> str | None:
    if url.scheme not in ("http", "https"):
        return "the URL is not an absolute http or https address"
    if not url.raw_host:
        return "the URL has no host"
    # Looked for in the text: an empty user name is no user name to the parser.
    if "@" in authority or url.raw_user is not None:
        return "the URL holds a user name or a password"
    return None


@lru_cache(_REMEMBERED)
def host_of(url: str) -> str:
    """Name the server that a URL leads to, as `host:port`; "" for no URL."""
    if not url:
        return ""
    parsed = parse_url(url)
    # Parsed as it is spelled: `APP.example` and `app.example` are one server all the same.
    return f"{parsed.raw_host}:{parsed.port}".lower()[:255]


def host_if_usable(url: str) -> str:
    """Name the server that a URL leads to; "" also for what cannot be called."""
    return "" if not url or check_url(url) else host_of(url)
