"""What accounts send from, and where inbound messages go."""

from typing import Any

from django.core.exceptions import ValidationError
from django.db import models

from accounts import numbers, sids
from accounts.models.account import Account
from accounts.models.fields import SidField, UrlField, save_along


class PhoneNumber(models.Model):
    """A sender of an account: number, short code, or alphanumeric name."""

    class Kind(models.TextChoices):
        """What form it has."""

        NUMBER = "number", "phone number or short code"
        ALPHANUMERIC = "alphanumeric", "alphanumeric sender"

    class Method(models.TextChoices):
        """HTTP method of a webhook."""

        POST = "POST"
        GET = "GET"

    sid = SidField(default=sids.new_number_sid)
    account = models.ForeignKey(Account, models.CASCADE, related_name="numbers")
    number = models.CharField(max_length=20, help_text="As it was given; compared by digits.")
    key = models.CharField(max_length=20, editable=False)
    kind = models.CharField(max_length=16, choices=Kind, editable=False)
    friendly_name = models.CharField(max_length=64, blank=True)
    sms_enabled = models.BooleanField(default=True, help_text="May send and receive SMS.")
    sms_url = UrlField(help_text="Called when an SMS comes in for this number.")
    sms_method = models.CharField(max_length=4, choices=Method, default=Method.POST)
    sms_fallback_url = UrlField(help_text="Called when the first address fails.")
    sms_fallback_method = models.CharField(max_length=4, choices=Method, default=Method.POST)
    date_created = models.DateTimeField(auto_now_add=True)
    date_updated = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["sid"], name="number_sid"),
            models.UniqueConstraint(
                fields=["key"],
                condition=models.Q(kind="number"),
                name="number_digits",
                violation_error_message="Another account or number has these digits already.",
            ),
            # An alphanumeric sender is nobody's property: every account may register its own.
            models.UniqueConstraint(
                fields=["account", "key"],
                condition=models.Q(kind="alphanumeric"),
                name="number_alphanumeric",
                violation_error_message="The account has this sender already.",
            ),
            models.CheckConstraint(
                condition=models.Q(kind__in=["number", "alphanumeric"]), name="number_kind"
            ),
        ]

    def __str__(self) -> str:
        return self.number

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Keep key and kind beside the number."""
        self._derive()
        save_along(kwargs, "number", "key", "kind")
        super().save(*args, **kwargs)

    def clean(self) -> None:
        """Refuse what is neither number nor sender. Raises ValidationError."""
        is_known = numbers.is_number(self.number) or numbers.is_alphanumeric_sender(self.number)
        if self.number and not is_known:  # without one its field has said what is wrong
            raise ValidationError(
                {"number": "3 to 15 digits, or up to 11 letters, digits, spaces and - _ . &"}
            )
        self._derive()  # the constraints are checked next

    def _derive(self) -> None:
        self.key = numbers.key(self.number)
        self.kind = self.Kind.NUMBER if numbers.is_number(self.number) else self.Kind.ALPHANUMERIC
