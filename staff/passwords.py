"""What a password of staff needs, beyond what one of an account does."""

from django.core.exceptions import ValidationError

LENGTH = 12


class LongForStaff:
    """Asks for a longer password where a user of the admin is known.

    Accounts have theirs beside a token of 32 digits, and RestComm's rule for them.
    """

    def validate(self, password: str, user: object | None = None) -> None:
        """Raises ValidationError for a short one."""
        if user is not None and len(password) < LENGTH:
            raise ValidationError(self.get_help_text(), code="password_too_short")

    def get_help_text(self) -> str:
        """Say so beside the field."""
        return f"Your password must contain at least {LENGTH} characters."
