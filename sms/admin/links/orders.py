"""Orders to links: from the list or from a link's page, with a question before an interruption."""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import reverse

from sms import operate
from sms.admin.links import live
from sms.models import Link

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
) -> TemplateResponse:
    """Ask whether an interruption is meant, and say what stands to be interrupted."""
    context = {
        **model_admin.admin_site.each_context(request),
        "title": f"{name.capitalize()} {', '.join(link.name for link in links)}?",
        "opts": Link._meta,
        "name": name,
        "effect": operate.ORDERS[name].effect,
        "standings": [*map(live.standing, live.links().filter(pk__in=[link.pk for link in links]))],
        "again": again,
        "back": reverse("admin:sms_link_changelist")
        if len(links) > 1
        else reverse("admin:sms_link_change", args=(links[0].pk,)),
    }
    return TemplateResponse(request, "admin/sms/link/confirm_order.html", context)
