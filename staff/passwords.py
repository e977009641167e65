"""How long a password has to be."""

from django.core.exceptions import ValidationError

LENGTH = 12
ACCOUNTS_LENGTH = 8


class LongEnough:
    """Asks for a longer password where a user of the admin is known.

    Accounts have theirs beside a token of 32 digits, and RestComm's rule for them.
    """

    def validate(self, password: str, user: object | None = None) -> None:
        """Raises ValidationError for a short one."""
        length = ACCOUNTS_LENGTH if user is None else LENGTH
        if len(password) < length:
            text = f"This password is too short: it needs at least {length} characters."
            raise ValidationError(text, code="password_too_short")

    def get_help_text(self) -> str:
        """Say so beside the field, which is one of staff."""
        return f"At least {LENGTH} characters."
