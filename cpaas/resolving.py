"""Finding a path's view once, and remembering it."""

from functools import lru_cache
from typing import Any

from django.urls import ResolverMatch, URLResolver
from django.urls.resolvers import RegexPattern

MOST = 1_000
LONGEST = 200
"""Longer paths are looked up each time: strangers shall not fill our memory with theirs."""


class RememberingResolver(URLResolver):
    """A resolver for paths that come again and again, as a program's do that sends messages.

    Going through the patterns takes a tenth of such a request.
    """

    def __init__(self, prefix: str, urlconf: Any) -> None:
        super().__init__(RegexPattern(prefix), urlconf)
        self._remembered = lru_cache(MOST)(super().resolve)

    def resolve(self, path: str) -> ResolverMatch:
        """Resolve a path. Raises Resolver404, which is not remembered."""
        return self._remembered(path) if len(path) <= LONGEST else super().resolve(path)
