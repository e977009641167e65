"""Where a page stands, as the side bar calls it: Network › Links › acme.

A library of template tags, which `unfold/helpers/header_title.html` loads.
"""

from collections.abc import Sequence
from typing import Any

from django.http import HttpRequest
from django.template import Library

from cpaas.appearance import place

register = Library()

Part = dict[str, Any]


@register.simple_tag
def crumbs(request: HttpRequest, parts: Sequence[Part]) -> list[Part]:
    """Put our words for Unfold's parts: an app, the list of a model, and a row where one is shown.

    A row that has a `short_name` is called by that.
    """
    here = place(request.path)
    if here is None:  # of Django's own pages, such as the one that changes a password
        return [dict(part, title=str(part["title"]).capitalize()) for part in parts]
    section, page = here
    told = [{"title": section}, {"title": page["title"], "link": page["link"]}]
    for row in parts[2:]:
        told.append({"title": getattr(row["title"], "short_name", row["title"])})
    if request.resolver_match and str(request.resolver_match.url_name).endswith("_add"):
        told.append({"title": f"New in {page['title']}"})
    return [part for part in told if part["title"]]
