"""Orders to links: from the list or from a link's page, with a question before an interruption."""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import reverse

from sms import operate
from sms.admin.links import live
from sms.models import Link
from staff.admin.asking import Question, ask

if TYPE_CHECKING:
    from sms.admin.links.page import LinkAdmin

PERMISSION = "sms.operate_link"

ICONS: Mapping[str, str] = {
    "pause": "pause",
    "drain": "water_drop",
    "resume": "play_arrow",
    "enable": "power",
    "disable": "power_off",
    "rebind": "sync",
}


def may_operate(request: HttpRequest) -> bool:
    """Say whether somebody may give orders to links."""
    return bool(request.user.has_perm(PERMISSION))


def action(name: str) -> Callable[..., HttpResponse | None]:
    """Make the action of the list that gives an order to the links chosen."""

    @admin.action(description=f"{name.capitalize()} the selected links", permissions=["operate"])
    def give(
        model_admin: "LinkAdmin", request: HttpRequest, links: QuerySet[Link]
    ) -> HttpResponse | None:
        chosen = list(links.order_by("name"))
        if _needs_a_yes(request, name):
            again = [("action", name), *(("_selected_action", str(link.pk)) for link in chosen)]
            return _ask(model_admin, request, name, chosen, again)
        _give(model_admin, request, name, chosen)
        return None

    give.__name__ = name
    return give


def give_from_page(model_admin: "LinkAdmin", request: HttpRequest, link_id: int) -> HttpResponse:
    """Give one link an order, from its page."""
    name = request.POST.get("order", "")
    if not may_operate(request):
        raise PermissionDenied
    if name not in operate.ORDERS:
        raise Http404
    link = get_object_or_404(Link, pk=link_id)
    if _needs_a_yes(request, name):
        return _ask(model_admin, request, name, [link], [("order", name)])
    _give(model_admin, request, name, [link])
    return HttpResponseRedirect(reverse("admin:sms_link_change", args=(link.pk,)))


def _needs_a_yes(request: HttpRequest, name: str) -> bool:
    return operate.ORDERS[name].interrupts and "confirmed" not in request.POST


def _give(model_admin: "LinkAdmin", request: HttpRequest, name: str, links: Sequence[Link]) -> None:
    for link in links:
        text = f"Link {link.name} {operate.order(link, name)}."
        is_followed = link.enabled or name in ("enable", "disable")
        level = messages.INFO if is_followed else messages.WARNING
        model_admin.message_user(request, text, level)


def _ask(
    model_admin: "LinkAdmin",
    request: HttpRequest,
    name: str,
    links: Sequence[Link],
    again: Sequence[tuple[str, str]],
) -> HttpResponse:
    """Ask whether an interruption is meant, and say what stands to be interrupted."""
    names = ", ".join(link.name for link in links)
    does = f"The link {names}" if len(links) == 1 else f"Each of the links {names}"
    standings = map(live.standing, live.links().filter(pk__in=[link.pk for link in links]))
    question = Question(
        f"{name.capitalize()} {names}?",
        (f"{does} {operate.ORDERS[name].effect}.",),
        f"Yes, {name}",
        is_grave=True,
        facts=tuple(
            f"{one.link.name}: {one.words}; {one.depth}, {one.in_flight} without an answer yet."
            for one in standings
        ),
        no="No, leave it",
    )
    about = links[0] if len(links) == 1 else None
    return ask(request, model_admin, question, about=about, hidden=[*again, ("confirmed", "1")])
