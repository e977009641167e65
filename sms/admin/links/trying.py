"""Does the carrier let us in? A worker tries; these pages ask it to, and show what it was told."""

from typing import TYPE_CHECKING

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import reverse

from sms import trials
from sms.admin.links import live, orders
from sms.models import ConnectionTest, Link

if TYPE_CHECKING:
    from sms.admin.links.page import LinkAdmin

_TONES = {
    ConnectionTest.State.CONNECTED: live.GOOD,
    ConnectionTest.State.REFUSED: live.BAD,
    ConnectionTest.State.FAILED: live.BAD,
}


def ask(model_admin: "LinkAdmin", request: HttpRequest, link_id: int | None = None) -> HttpResponse:
    """Have the values of the form tried, saved or not; for who may not change them, the row's.

    What the form holds is checked as if it were saved, and thrown away.
    """
    if not orders.may_operate(request):
        raise PermissionDenied
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    link = get_object_or_404(Link, pk=link_id) if link_id else None
    is_unsaved = False
    if link is None or model_admin.has_change_permission(request, link):
        if link is None and not model_admin.has_add_permission(request):
            raise PermissionDenied
        form = model_admin.get_form(request, link, change=bool(link))(request.POST, instance=link)
        if not form.is_valid():
            return _show(model_admin, request, {"errors": form.errors, "form": form})
        link, is_unsaved = form.instance, form.has_changed()
    if link.kind != Link.Kind.SMPP:
        return _show(model_admin, request, {"is_edge": True})
    test = trials.ask(link, by=request.user.get_username(), is_unsaved=is_unsaved)
    return HttpResponseRedirect(reverse("admin:sms_link_test", args=(test.pk,)))


def show(model_admin: "LinkAdmin", request: HttpRequest, test_id: int) -> HttpResponse:
    """Show how far a test is, or what came of it; the page looks again until it is over."""
    if not model_admin.has_view_permission(request):
        raise PermissionDenied
    test = get_object_or_404(ConnectionTest.objects.select_related("link"), pk=test_id)
    link = live.links().filter(connection_tests=test).first()
    context = {
        "test": test,
        "tone": _TONES.get(ConnectionTest.State(test.state), live.BUSY),
        "standing": live.standing(link) if link else None,
    }
    return _show(model_admin, request, context)


def _show(
    model_admin: "LinkAdmin", request: HttpRequest, context: dict[str, object]
) -> TemplateResponse:
    test = context.get("test")
    name = test.link.name if isinstance(test, ConnectionTest) and test.link else ""
    page = {
        **model_admin.admin_site.each_context(request),
        "title": f"Connection test {name}".strip(),
        "opts": Link._meta,
        "media": model_admin.media,
        **context,
    }
    return TemplateResponse(request, "admin/sms/link/test.html", page)
