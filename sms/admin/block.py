"""The operators' block list."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.forms import ModelForm
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from unfold.decorators import action
from unfold.widgets import UnfoldAdminTextareaWidget, UnfoldAdminTextInputWidget

from accounts import numbers
from accounts.admin.words import named
from accounts.models import Account
from cpaas.pages import Form, ModelAdmin
from sms import barring
from sms.models import Block
from staff.admin.asking import Question, ask

MOST = 20_000
"""Numbers of one import: more takes longer than a page should."""
_SHOWN = 10


def tell(page: "admin.ModelAdmin[Any]", request: HttpRequest, taken: barring.Taken) -> None:
    """Say what became of a list."""
    known = f" {taken.known:,} stood there already." if taken.known else ""
    page.message_user(request, f"{taken.added:,} added.{known}", messages.SUCCESS)
    if taken.refused:
        some = ", ".join(taken.refused[:_SHOWN])
        more = f" and {len(taken.refused) - _SHOWN} more" if len(taken.refused) > _SHOWN else ""
        page.message_user(request, f"No numbers, so left out: {some}{more}", messages.WARNING)


def numbers_field(label: str, help_text: str) -> forms.CharField:
    """Make the field that a list is pasted into."""
    return forms.CharField(label=label, help_text=help_text, widget=UnfoldAdminTextareaWidget())


def clean_list(text: str) -> list[str]:
    """Split what was pasted. Raises ValidationError for too much of it."""
    numbers = barring.split(text)
    if len(numbers) > MOST:
        raise forms.ValidationError(f"{len(numbers):,} are too many at once: at most {MOST:,}.")
    return numbers


class ImportForm(Form):
    """Many numbers at once."""

    numbers = numbers_field(
        "Numbers", "One a line, or separated by commas; 4915* blocks all that begin so."
    )
    account = forms.CharField(
        label="Account sid",
        required=False,
        widget=UnfoldAdminTextInputWidget(),
        help_text="Whose messages they stop. Empty: those of all accounts.",
    )
    note = forms.CharField(
        required=False,
        max_length=255,
        widget=UnfoldAdminTextInputWidget(),
        help_text="Why, for those who ask later.",
    )

    def clean_numbers(self) -> list[str]:
        """Read the list."""
        return clean_list(self.cleaned_data["numbers"])

    def clean_account(self) -> Account | None:
        """Find the account."""
        sid = self.cleaned_data["account"].strip()
        account = Account.objects.filter(sid=sid).first() if sid else None
        if sid and account is None:
            raise forms.ValidationError("There is no such account.")
        return account


class BlockForm(forms.ModelForm[Block]):
    """One number, however it is written."""

    digits = forms.CharField(
        label="Number",
        required=False,
        widget=UnfoldAdminTextInputWidget(),
        help_text="As +49 151 2345678. With the switch below: how numbers begin, and empty for "
        "all of them.",
    )

    class Meta:
        model = Block
        fields = ("digits", "is_prefix", "account", "note")
        labels = {"is_prefix": "All numbers that begin so"}
        help_texts = {"is_prefix": ""}

    def clean_digits(self) -> str:
        """Reduce it to what is compared."""
        return numbers.key(self.cleaned_data["digits"])


@admin.register(Block)
class BlockAdmin(ModelAdmin[Block]):
    """Recipients that nothing is sent to."""

    when_empty = "Nobody is blocked: messages go to every number that routes reach."
    list_display = ("pattern", "whose", "note", "added_by", "added_at")
    list_select_related = ("account",)
    list_filter = ("is_prefix",)
    list_per_page = 50
    search_fields = ("digits", "note", "account__sid", "account__friendly_name")
    search_help_text = "Digits, words of the note, or an account's sid or name."
    autocomplete_fields = ("account",)
    fields = ("digits", "is_prefix", "account", "note", ("added_by", "added_at"))
    readonly_fields = ("added_by", "added_at")
    actions_list = ("import_numbers",)
    form = BlockForm

    @admin.display(description="stops messages of", ordering="account")
    def whose(self, block: Block) -> str:
        """Name the account, or all."""
        return named(block.account) if block.account else "all accounts"

    def save_model(
        self, request: HttpRequest, obj: Block, form: ModelForm[Block], change: bool
    ) -> None:
        """Note who blocks."""
        obj.added_by = obj.added_by or request.user.get_username()
        super().save_model(request, obj, form, change)

    def get_fields(self, request: HttpRequest, obj: Block | None = None) -> Any:
        """Say who added it once somebody has."""
        return self.fields if obj else self.fields[:-1]

    def get_readonly_fields(self, request: HttpRequest, obj: Block | None = None) -> Any:
        """Keep what is blocked as it is: another number is another block."""
        return (*self.readonly_fields, "digits", "is_prefix") if obj else self.readonly_fields

    def get_actions(self, request: HttpRequest) -> Any:
        """Call it what it does."""
        actions: dict[str, Any] = super().get_actions(request)
        if "delete_selected" in actions:
            lift, name, _ = actions["delete_selected"]
            actions["delete_selected"] = (lift, name, "Lift the selected blocks")
        return actions

    @action(description="Block many", icon="playlist_add", url_path="many", permissions=["add"])
    def import_numbers(self, request: HttpRequest) -> HttpResponse:
        """Ask for a list, and block what it holds."""
        form = ImportForm(request.POST or None)
        if not form.is_valid():
            question = Question(
                "Block many numbers",
                (
                    "Messages to them are accepted and fail with 30004, also those that wait now. "
                    "What is blocked already stays as it is.",
                ),
                "Block",
            )
            return ask(request, self, question, form=form)
        asked = form.cleaned_data
        taken = barring.block(
            asked["numbers"],
            account=asked["account"],
            note=asked["note"],
            by=request.user.get_username(),
        )
        tell(self, request, taken)
        return HttpResponseRedirect(reverse("admin:sms_block_changelist"))
