"""Opt-outs: who wants no more messages from which number."""

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.safestring import SafeString
from unfold.decorators import action
from unfold.widgets import UnfoldAdminTextInputWidget

from accounts.admin.words import named
from accounts.models import PhoneNumber
from cpaas.pages import Form, ModelAdmin
from sms import barring
from sms.admin.block import clean_list, numbers_field, tell
from sms.models import OptOut
from staff.admin.asking import Question, ask


class StopForm(Form):
    """People who asked for it in another way than by STOP."""

    number = forms.CharField(
        label="Our number",
        widget=UnfoldAdminTextInputWidget(),
        help_text="Which of our numbers they want nothing from.",
    )
    people = numbers_field("Their numbers", "One a line, or separated by commas.")

    def clean_number(self) -> PhoneNumber:
        """Find the number."""
        number = barring.number_of(self.cleaned_data["number"])
        if number is None:
            raise forms.ValidationError("No account has this number.")
        return number

    def clean_people(self) -> list[str]:
        """Read the list."""
        return clean_list(self.cleaned_data["people"])


@admin.register(OptOut)
class OptOutAdmin(ModelAdmin[OptOut]):
    """To look at, to add for people who called or wrote, and to lift: START does the same."""

    when_empty = "Nobody has written STOP."
    list_display = ("person", "number", "whose", "word", "since")
    list_select_related = ("account",)
    list_per_page = 50
    search_fields = ("person", "number", "account__sid", "account__friendly_name")
    search_help_text = "Digits of either number, or an account's sid or name."
    ordering = ("-id",)
    fields = ("account", "number", "person", "word", "since")
    actions_list = ("stop",)

    @admin.display(description="account", ordering="account__friendly_name")
    def whose(self, optout: OptOut) -> SafeString:
        """Name the account that has the number."""
        return named(optout.account)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """People write STOP; whoever asks otherwise is added by the button of the list."""
        return False

    def has_stop_permission(self, request: HttpRequest) -> bool:
        """Say who may add."""
        return bool(request.user.has_perm("sms.add_optout"))

    def has_change_permission(self, request: HttpRequest, obj: OptOut | None = None) -> bool:
        """What somebody wrote stays as it was."""
        return False

    def response_delete(
        self, request: HttpRequest, obj_display: str, obj_id: int
    ) -> HttpResponseRedirect:
        """Lead back to the list: Django does only where rows may be changed."""
        super().response_delete(request, obj_display, obj_id)
        return HttpResponseRedirect(reverse("admin:sms_optout_changelist"))

    def get_actions(self, request: HttpRequest) -> Any:
        """Call it what it does."""
        actions: dict[str, Any] = super().get_actions(request)
        if "delete_selected" in actions:
            lift, name, _ = actions["delete_selected"]
            actions["delete_selected"] = (lift, name, "Lift the selected opt-outs")
        return actions

    @action(
        description="Stop for somebody",
        icon="do_not_disturb_on",
        url_path="stop",
        permissions=["stop"],
    )
    def stop(self, request: HttpRequest) -> HttpResponse:
        """Ask for a number and people, and stop messages between them."""
        form = StopForm(request.POST or None)
        if not form.is_valid():
            question = Question(
                "Stop messages for people",
                (
                    "For those who asked by telephone or letter. They get nothing more from this "
                    "number: messages fail with 30004, until they write START or this is lifted.",
                ),
                "Stop",
            )
            return ask(request, self, question, form=form)
        tell(
            self, request, barring.opt_out(form.cleaned_data["number"], form.cleaned_data["people"])
        )
        return HttpResponseRedirect(reverse("admin:sms_optout_changelist"))
