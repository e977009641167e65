"""The settings of a link, by subject; a stored secret is kept unless a new one is typed."""

from collections.abc import Iterator
from typing import Any

from django import forms
from django.contrib.admin.widgets import AdminTextareaWidget
from unfold.widgets import UnfoldAdminPasswordToggleWidget, UnfoldAdminTextareaWidget

from sms.admin.links.words import FIELDS, SECTIONS
from sms.models import Link

FIELDSETS: Any = [
    (heading, {"fields": fields, "description": about}) for heading, about, fields in SECTIONS
]


_NO_JSON = (
    "This is not JSON: a table stands in braces, its keys in double quotes, and no comma "
    'behind the last row: {"0x58": {"code": 30001}}'
)


class LinkForm(forms.ModelForm[Link]):
    """A link's settings."""

    password = forms.CharField(
        required=False,
        max_length=8,
        widget=UnfoldAdminPasswordToggleWidget(attrs={"autocomplete": "new-password"}),
    )
    tls_key = forms.CharField(
        required=False,
        widget=UnfoldAdminTextareaWidget(attrs={"autocomplete": "off", "rows": 4}),
    )

    class Meta:
        model = Link
        fields = "__all__"  # noqa: DJ007  # every column is an operator's to set
        # Here, and not where the fields are made: who may only look reads them, too.
        labels = {name: words.label for name, words in FIELDS.items()}
        help_texts = {name: words.help for name, words in FIELDS.items()}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for secret in ("password", "tls_key"):
            self.initial.pop(secret, None)  # a page is no place for it
        for name, field in self.fields.items():
            if words := FIELDS.get(name):
                field.label, field.help_text = words.label, words.help
                if words.needs:
                    field.widget.attrs["data-needs"] = words.needs
            if isinstance(field, forms.JSONField):
                field.error_messages["invalid"] = _NO_JSON
            if isinstance(field.widget, AdminTextareaWidget):
                field.widget.attrs["rows"] = 4

    def clean_password(self) -> str:
        """Keep what is stored where nothing was typed."""
        return self.cleaned_data["password"] or self.instance.password

    def clean_tls_key(self) -> str:
        """Keep what is stored where nothing was typed and a certificate is left to go with it."""
        typed: str = self.cleaned_data["tls_key"]
        return typed or (self.instance.tls_key if self.data.get("tls_cert") else "")


def advice(link: Link) -> Iterator[str]:
    """Say what of a link's settings works, and is rarely meant."""
    if link.kind != Link.Kind.SMPP:
        return
    if link.max_tps and link.max_tps > link.window_size * link.binds * _ANSWERS_A_SECOND:
        within_ms = 1000 * link.window_size * link.binds / link.max_tps
        yield (
            f"{link.max_tps} a second with a window of {link.window_size} asks for answers within "
            f"{within_ms:.0f} ms: a wider window keeps the rate."
        )
    if link.enquire_link_s <= link.response_timeout_s:
        yield (
            f"It asks for a sign of life every {link.enquire_link_s} s, but waits "
            f"{link.response_timeout_s} s for an answer: ask less often than that."
        )
    if link.tls and not link.tls_verify:
        yield "Its certificate is not checked: anybody on the way can pose as the carrier."
    if not link.system_id:
        yield "It has no system_id: hardly a carrier lets somebody in without."


_ANSWERS_A_SECOND = 20
"""Of one place in the window: most carriers answer within 50 ms, and few much sooner."""
