"""Which passwords are good enough. The rules are settings.AUTH_PASSWORD_VALIDATORS."""

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError

from accounts.provisioning.refusals import Refused


def check_strength(password: str) -> None:
    """Raises Refused, in RestComm's words. Source: sms-api 8."""
    try:
        validate_password(password)
    except ValidationError:
        raise Refused("Password too weak", error="PASSWORD_TOO_WEAK") from None
