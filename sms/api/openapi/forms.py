"""Bodies of requests: forms."""

from typing import Any

from django.conf import settings

from accounts.models import Account, PhoneNumber
from sms.api.form import FORM
from sms.submit import ENCODINGS, METHODS
from sms.webhook.url import MAX_LENGTH

Schema = dict[str, Any]


def _field(description: str, **schema: Any) -> Schema:
    return {"type": "string", "description": description, **schema}


def _url(description: str) -> Schema:
    return _field(
        f"{description} An absolute http or https address; empty means none.",
        maxLength=MAX_LENGTH,
        pattern=r"^(https?://[A-Za-z0-9]|$)",
    )


def _words(description: str, words: Any, **schema: Any) -> Schema:
    return _field(f"{description} In any case.", enum=list(words), **schema)


def _name(of: str) -> Schema:
    return _field(f"What people call the {of}.", maxLength=64)


_STRENGTH = "At least 8 characters, and not one of those that everybody takes."

OPEN = [status for status in Account.Status.values if status != Account.Status.CLOSED]

MESSAGE: dict[str, Schema] = {
    "From": _field(
        "An SMS-enabled number, short code or alphanumeric sender of the account, or one of its "
        "clients.",
        minLength=1,
        examples=["19876543212"],
    ),
    "To": _field(
        "A phone number of 3 to 15 digits, with or without `+`; or `client:` and a login.",
        pattern=r"^(\+?[0-9]{3,15}|client:[^\s<>\"]{1,64})$",
        examples=["13216549878", "client:alice"],
    ),
    "Body": _field("The text.", minLength=1, maxLength=settings.SMS_MAX_BODY_LENGTH),
    "StatusCallback": _url("Is told what became of the message. Not called for `client:`."),
    "StatusCallbackMethod": _words("How to call it.", METHODS, default="POST"),
    "Encoding": _words(
        "`UCS-2` makes it UCS-2; otherwise what the text needs is chosen.", ENCODINGS
    ),
}
ACCOUNT: dict[str, Schema] = {
    "FriendlyName": {**_name("account"), "minLength": 1},
    "Password": _field(_STRENGTH, minLength=8),
    "Role": _words(
        "What it may do; one's own unless given. Only an administrator may change it.",
        Account.Role.values,
    ),
    "Status": _words(
        "Goes for all its sub-accounts too. A closed account stays closed, and loses its numbers "
        "and clients; what else comes with `closed` is ignored.",
        Account.Status.values,
    ),
}
NEW_ACCOUNT: dict[str, Schema] = {
    "EmailAddress": _field("Names the account like its sid; no other may have it.", format="email"),
    **ACCOUNT,
    "FriendlyName": _name("account"),  # without one it has its address for a name
    "Status": _words("Whether it may use the platform.", OPEN),
}
CLIENT: dict[str, Schema] = {
    "FriendlyName": _name("client"),
    "Password": _field(_STRENGTH, minLength=8),
    "Status": _words("`1` enabled, `0` disabled.", ["1", "0"]),
}
NEW_CLIENT: dict[str, Schema] = {
    "Login": _field("Unique on the whole platform.", maxLength=64, pattern=r"^[^\s?=@:;<>\"]+$"),
    **CLIENT,
}
NUMBER: dict[str, Schema] = {
    "FriendlyName": _name("number"),
    "SmsCapable": _words("Whether it may send and receive SMS.", ["true", "false"]),
    "SmsUrl": _url("Kept for when an SMS comes in."),
    "SmsMethod": _words("How to call it.", PhoneNumber.Method.values),
    "SmsFallbackUrl": _url("Kept for when the first address fails."),
    "SmsFallbackMethod": _words("How to call it.", PhoneNumber.Method.values),
}
NEW_NUMBER: dict[str, Schema] = {
    "PhoneNumber": _field(
        "A number or short code of 3 to 15 digits, or an alphanumeric sender of up to 11 "
        "characters.",
        pattern=r"^(\+?[0-9]{3,15}|(?=.*[A-Za-z])[A-Za-z0-9 \-_.&]{1,11})$",
        examples=["15005550006"],
    ),
    **NUMBER,
}


def body(fields: dict[str, Schema], *required: str) -> dict[str, Any]:
    """Describe a form, and which of its fields must be there."""
    schema = {
        "type": "object",
        "properties": fields,
        **({"required": list(required)} if required else {}),
    }
    return {"required": bool(required), "content": {FORM: {"schema": schema}}}
