"""Orders about an account, each behind a question: suspend, resume, close, a new token."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from unfold.decorators import action
from unfold.enums import ActionVariant
from unfold.widgets import UnfoldAdminRadioSelectWidget

from accounts.admin.verbs import VerbAdmin
from accounts.models import Account
from accounts.provisioning.accounts import AccountSettings, update_account
from accounts.provisioning.refusals import Refused
from accounts.provisioning.tokens import rotate_token
from cpaas.pages import Form
from staff.admin.asking import Question, ask

Status = Account.Status
HOUR_S = 3600
GRACES: Final = (
    (0, "At once: it may be in wrong hands"),
    (HOUR_S, "In an hour"),
    (24 * HOUR_S, "In a day"),
    (7 * 24 * HOUR_S, "In a week"),
)


@dataclass(frozen=True, slots=True)
class Switch:
    """An order that gives an account, and those below it, another status."""

    since: frozenset[str]
    """The status that it must have."""
    question: Question
    done: str


SWITCHES: Final[Mapping[str, Switch]] = {
    Status.SUSPENDED: Switch(
        frozenset({Status.ACTIVE}),
        Question(
            "Suspend {}",
            (
                "Nothing more is sent or accepted for this account and all accounts below it.",
                "The API answers 403, on this host at once and on others within seconds. What "
                "waits in the queue fails with 30002 when its turn comes. Inbound messages are "
                "still stored.",
                "It can be resumed at any time; what has failed stays failed.",
            ),
            "Suspend",
            is_grave=True,
        ),
        "{} is suspended, with all accounts below it.",
    ),
    Status.ACTIVE: Switch(
        frozenset({Status.SUSPENDED}),
        Question(
            "Resume {}",
            (
                "This account and all accounts below it may send again, those too that were "
                "suspended by themselves.",
            ),
            "Resume",
        ),
        "{} may send again.",
    ),
    Status.CLOSED: Switch(
        frozenset({Status.ACTIVE, Status.SUSPENDED}),
        Question(
            "Close {}",
            (
                "This is final: a closed account never opens again.",
                "All accounts below it close as well. Their numbers and SIP clients are removed "
                "and free for others; their messages stay on record.",
            ),
            "Close for ever",
            is_grave=True,
        ),
        "{} is closed.",
    ),
}


class GraceForm(Form):
    """When the old token ends."""

    grace_s = forms.TypedChoiceField(
        label="The old token ends",
        help_text="Only one goes on for a while: one that was replaced before it ends now.",
        coerce=int,
        choices=GRACES,
        initial=0,
        widget=UnfoldAdminRadioSelectWidget,
    )


class AccountOrders(VerbAdmin[Account]):
    """The buttons above an account."""

    actions_detail = ("suspend", "resume", "rotate", "close")

    @action(description="Suspend", icon="pause", url_path="suspend", permissions=["suspend"])
    def suspend(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Stop it and those below it."""
        return self._switch(request, object_id, Status.SUSPENDED)

    @action(
        description="Resume",
        icon="play_arrow",
        url_path="resume",
        permissions=["resume"],
        variant=ActionVariant.PRIMARY,
    )
    def resume(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Let it and those below it go on."""
        return self._switch(request, object_id, Status.ACTIVE)

    @action(
        description="Close",
        icon="cancel",
        url_path="close",
        permissions=["close"],
        variant=ActionVariant.DANGER,
    )
    def close(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """End it and those below it."""
        return self._switch(request, object_id, Status.CLOSED)

    @action(description="New token", icon="key", url_path="token", permissions=["rotate"])
    def rotate(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Make another token, and show it once."""
        account = self._account(request, object_id)
        form = GraceForm(request.POST or None)
        if not form.is_valid():
            question = Question(
                f"New token for {account.friendly_name}",
                ("The new token is shown once, on the next page, and opens at once.",),
                "Make a new token",
            )
            return ask(request, self, question, form=form, about=account)
        account = rotate_token(account.pk, grace_s=form.cleaned_data["grace_s"])
        until = account.old_token_until
        ends = f"at {until:%Y-%m-%d %H:%M} UTC" if until else "now"
        return self.show_token(request, account, f"The old token ends {ends}.")

    def show_token(self, request: HttpRequest, account: Account, says: str) -> HttpResponse:
        """Show a token in the answer itself: kept nowhere, neither here nor by the browser."""
        back = reverse("admin:accounts_account_change", args=[account.pk])
        context = {
            **self.admin_site.each_context(request),
            "title": f"Token of {account.friendly_name}",
            "account": account,
            "token": account.auth_token,
            "says": says,
            "back": back,
        }
        return render(request, "accounts/token.html", context)  # the admin caches no page

    def has_suspend_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        """Say whether the button stands there."""
        return self._may_become(request, object_id, Status.SUSPENDED)

    def has_resume_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        """Say whether the button stands there."""
        return self._may_become(request, object_id, Status.ACTIVE)

    def has_close_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        """Say whether the button stands there."""
        return self._may_become(request, object_id, Status.CLOSED)

    def has_rotate_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        """Say whether the button stands there: a closed account needs no token."""
        return self._may_become(request, object_id, Status.CLOSED)

    def _may_become(self, request: HttpRequest, object_id: Any, status: str) -> bool:
        if not self.has_change_permission(request):
            return False
        since = SWITCHES[status].since
        pk = str(object_id)  # whatever stands in the address
        return pk.isdecimal() and Account.objects.filter(pk=pk, status__in=since).exists()

    def _account(self, request: HttpRequest, object_id: str) -> Account:
        account = self.get_object(request, object_id)
        if account is None:
            raise PermissionDenied
        return account

    def _switch(self, request: HttpRequest, object_id: str, status: str) -> HttpResponse:
        account = self._account(request, object_id)
        switch = SWITCHES[status]
        asked = switch.question
        title = asked.title.format(account.friendly_name)
        if request.method != "POST":
            question = Question(title, asked.says, asked.button, is_grave=asked.is_grave)
            return ask(request, self, question, about=account)
        try:
            update_account(account.pk, AccountSettings(status=status))
            self.message_user(request, switch.done.format(account), messages.SUCCESS)
        except Refused as refusal:
            self.message_user(request, str(refusal), messages.ERROR)
        return HttpResponseRedirect(reverse("admin:accounts_account_change", args=[account.pk]))
