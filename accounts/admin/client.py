"""SIP clients, whose passwords are typed and never shown."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.safestring import SafeString
from unfold.decorators import action
from unfold.widgets import UnfoldAdminPasswordWidget

from accounts.admin import words
from accounts.admin.verbs import VerbAdmin, become
from accounts.models import Client
from accounts.provisioning.clients import (
    ClientSettings,
    create_client,
    remove_client,
    update_client,
)
from accounts.provisioning.passwords import check_strength
from accounts.provisioning.refusals import Refused
from cpaas.pages import Form
from staff.admin.asking import Question, ask


def _password(**options: Any) -> forms.CharField:
    widget = UnfoldAdminPasswordWidget(attrs={"autocomplete": "new-password"})
    return forms.CharField(widget=widget, strip=False, **options)


def _strong(password: str) -> str:
    try:
        check_strength(password)
    except Refused:
        text = "Too weak: at least 8 characters, and none of the common ones."
        raise ValidationError(text) from None
    return password


class NewClientForm(forms.ModelForm[Client]):
    """A client with its first password."""

    password = _password(help_text="What its user types into the softphone; not shown again.")

    class Meta:
        model = Client
        fields = ("account", "login", "password", "friendly_name", "digest", "enabled")

    def clean_password(self) -> str:
        """Refuse a weak one."""
        return _strong(self.cleaned_data["password"])


class PasswordForm(Form):
    """A client's other password."""

    password = _password(label="New password")
    again = _password(label="New password again")

    def clean_password(self) -> str:
        """Refuse a weak one."""
        return _strong(self.cleaned_data["password"])

    def clean(self) -> dict[str, Any]:
        """Refuse a slip of the finger."""
        if self.cleaned_data.get("password") != self.cleaned_data.get("again"):
            self.add_error("again", "The two are not the same.")
        return self.cleaned_data


@admin.register(Client)
class ClientAdmin(VerbAdmin[Client]):
    """Which softphones and browsers an account has."""

    when_empty = "Softphones and browsers that log in to the SIP edge are listed here."
    list_display = ("login", "whose", "friendly_name", "enabled", "date_created")
    list_select_related = ("account",)
    list_filter = ("enabled",)
    search_fields = ("login", "friendly_name", "account__sid", "account__friendly_name")
    search_help_text = "A login, or an account's sid or name."
    autocomplete_fields = ("account",)
    labels = {"friendly_name": "Name", "digest": "Log-in by"}
    help_texts = {
        "login": "What comes after client: in an address, and before the @ in the softphone.",
        "friendly_name": "For people. Empty: the login.",
        "digest": "Which hash of its password it is asked for: MD5, unless all of its devices "
        "know SHA-256.",
        "enabled": "Off: it is refused when it registers again.",
    }
    actions_detail = ("set_password",)
    fields = ("login", "account", "friendly_name", "digest", "enabled", "sid")
    add_fieldsets = (
        (
            None,
            {
                "fields": (("login", "account"), "password", "friendly_name", "digest", "enabled"),
                "description": "A softphone or browser that logs in to the SIP edge, and may then "
                "write to client:login and to numbers in the name of its account.",
            },
        ),
    )

    @admin.display(description="account", ordering="account__friendly_name")
    def whose(self, client: Client) -> SafeString:
        """Name the account that it belongs to."""
        return words.named(client.account)

    def get_readonly_fields(self, request: HttpRequest, obj: Client | None = None) -> Any:
        """Keep a client where it is."""
        return ("sid", "account", "login") if obj else ()

    def get_form(self, request: HttpRequest, obj: Any = None, *args: Any, **kwargs: Any) -> Any:
        """Ask for a password where there is none yet."""
        if obj is None:
            kwargs["form"] = NewClientForm
        return super().get_form(request, obj, *args, **kwargs)

    def save_model(self, request: HttpRequest, obj: Client, form: Any, change: bool) -> None:
        """Create or change a client."""
        settings = ClientSettings(
            friendly_name=obj.friendly_name or obj.login,
            digest=obj.digest,
            enabled=obj.enabled,
            password=None if change else obj.password,
        )
        if change:
            update_client(obj.account_id, obj.sid, settings)
        else:
            become(obj, create_client(obj.account_id, obj.login, settings))

    def delete_model(self, request: HttpRequest, obj: Client) -> None:
        """Take a client away."""
        remove_client(obj.account_id, obj.sid)

    @action(description="Set password", icon="key", url_path="password", permissions=["change"])
    def set_password(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Ask for another password."""
        client = self.get_object(request, object_id)
        if client is None:
            raise PermissionDenied
        form = PasswordForm(request.POST or None)
        if not form.is_valid():
            question = Question(
                f"New password for {client.login}",
                ("Devices that still have the old one are refused when they register again.",),
                "Set password",
            )
            return ask(request, self, question, form=form, about=client)
        password = form.cleaned_data["password"]
        update_client(client.account_id, client.sid, ClientSettings(password=password))
        self.message_user(request, f"{client.login} has a new password.", messages.SUCCESS)
        return HttpResponseRedirect(reverse("admin:accounts_client_change", args=[client.pk]))
