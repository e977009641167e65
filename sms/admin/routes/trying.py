"""Try a number: which link a message would take now, and why. Nothing is sent."""

from typing import TYPE_CHECKING, Any

from django import forms
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from unfold.widgets import UnfoldAdminTextareaWidget, UnfoldAdminTextInputWidget

from accounts.models import Account
from cpaas.pages import Form
from sms.foretell import Foretold, foretell
from sms.models import Message, Route
from sms.routing import Fate

if TYPE_CHECKING:
    from sms.admin.routes.page import RouteAdmin

_TONES = {
    Fate.TAKES: "success",
    Fate.STANDS_BY: "default",
    Fate.WAITS: "warning",
    Fate.PASSED_OVER: "danger",
}


class TryForm(Form):
    """A message that is not sent."""

    account = forms.CharField(
        max_length=254,
        widget=UnfoldAdminTextInputWidget,
        help_text="Its sid, its e-mail address or its name.",
    )
    sender = forms.CharField(
        max_length=80, widget=UnfoldAdminTextInputWidget, help_text="A number or name of it."
    )
    recipient = forms.CharField(
        max_length=80,
        widget=UnfoldAdminTextInputWidget,
        help_text="+49 1573 …, or client: and a login.",
    )
    body = forms.CharField(
        label="Text",
        required=False,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 3}),
        help_text="Only counts where routes have prices and the account a limit: by segments.",
    )
    segments = forms.IntegerField(
        required=False, initial=1, min_value=1, max_value=255, widget=forms.HiddenInput
    )

    def clean_recipient(self) -> str:
        """Take a number as it was pasted."""
        return "".join(str(self.cleaned_data["recipient"]).split())

    def clean_account(self) -> Account:
        """Find the account. Raises ValidationError."""
        name = self.cleaned_data["account"].strip()
        found = Account.objects.named(name).first()
        if found is None:
            alike = list(Account.objects.filter(friendly_name__iexact=name)[:2])
            if len(alike) > 1:
                raise forms.ValidationError("Several accounts have this name: write the sid.")
            found = alike[0] if alike else None
        if found is None:
            raise forms.ValidationError("There is no such account.")
        return found


def page(model_admin: "RouteAdmin", request: HttpRequest) -> HttpResponse:
    """Ask for a message, and tell where it would go; `?message=SM…` asks about one like that."""
    if not model_admin.has_view_permission(request):
        raise PermissionDenied
    asked = request.POST if request.method == "POST" else _like_message(request)
    form = TryForm(asked, label_suffix="")
    foretold = _answer(form) if asked is not None and form.is_valid() else None
    candidates = foretold.candidates if foretold else ()
    context = {
        **model_admin.admin_site.each_context(request),
        "title": "Try a number",
        "opts": Route._meta,
        "form": form,
        "foretold": foretold,
        "candidates": [
            (one, _TONES[one.fate], foretold.standings.get(one.way.link_id, ""))
            for one in candidates
            if foretold
        ],
    }
    return TemplateResponse(request, "admin/sms/route/try.html", context)


def _answer(form: TryForm) -> Foretold:
    asked = form.cleaned_data
    return foretell(
        asked["account"],
        sender=asked["sender"].strip(),
        recipient=asked["recipient"],
        body=asked["body"],
        segments=asked["segments"] or 1,
    )


def _like_message(request: HttpRequest) -> dict[str, Any] | None:
    """Fill the form as a message was, for whoever may see messages; None to begin empty."""
    sid = request.GET.get("message", "")
    if not sid or not request.user.has_perm("sms.view_message"):
        return None
    message = Message.objects.select_related("account").filter(sid=sid).first()
    if message is None:
        return None
    return {
        "account": message.account.sid,
        "sender": message.sender,
        "recipient": message.recipient,
        "segments": message.num_segments or 1,
    }
