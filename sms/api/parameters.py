"""Parameters of a form, one by one: as given, checked, or not given at all."""

from collections.abc import Iterable

from rest_framework.exceptions import ValidationError

from sms import webhook
from sms.api.form import Form

FLAGS = {"true": True, "false": False}


def text(fields: Form, name: str) -> str | None:
    """Return a parameter; None where it is not given. Raises ValidationError."""
    value = fields.get(name)
    if value and "\x00" in value:  # an error to PostgreSQL
        raise ValidationError(f"{name} can not contain NUL characters.")
    return value


def required(fields: Form, name: str, *, label: str = "") -> str:
    """Return a parameter that must be there. Raises ValidationError, in RestComm's words."""
    value = text(fields, name)
    if not value:
        missing = "null" if value is None else "empty"
        raise ValidationError(f"{label or name} can not be {missing}.")
    return value


def choice(fields: Form, name: str, choices: Iterable[str]) -> str | None:
    """Return which of the choices is given, in any case. Raises ValidationError."""
    value = text(fields, name)
    if value is None:
        return None
    known = {word.casefold(): word for word in choices}
    if value.casefold() not in known:
        raise ValidationError(f"{name} must be one of {', '.join(known.values())}.")
    return known[value.casefold()]


def flag(fields: Form, name: str) -> bool | None:
    """Return a true or false parameter. Raises ValidationError."""
    word = choice(fields, name, FLAGS)
    return None if word is None else FLAGS[word]


def url(fields: Form, name: str) -> str | None:
    """Return an address, or the empty text, which takes one away. Raises ValidationError."""
    value = text(fields, name)
    if value and (reason := webhook.check_url(value)):
        raise ValidationError(f"{name} is not usable: {reason}")
    return value
