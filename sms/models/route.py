"""Which link carries which messages."""

from decimal import Decimal

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.db.models import Case, F, When
from django.db.models.functions import Length

from accounts import numbers
from accounts.models import Account
from sms.models.link import Link

READING_ORDER = (
    Length("prefix").desc(),
    "prefix",
    F("account_id").asc(nulls_last=True),
    # Exactly a sender, a beginning of it, every sender.
    Case(When(sender="", then=2), When(sender__endswith="*", then=1), default=0),
    Length("sender").desc(),
    "sender",
    "priority",
    F("weight").desc(),
    "link__name",
)
"""The most specific first; those alike in prefix, account and sender stand together."""

DUPLICATE = "This prefix, account and sender go to this link already."


class RouteQuerySet(models.QuerySet["Route"]):
    """Routes, in our words."""

    def as_read(self) -> "RouteQuerySet":
        """Put them in the order that routing reads them."""
        return self.order_by(*READING_ORDER)


class Route(models.Model):
    """A kind of messages, and one link that may carry it.

    More specific wins: of the routes that fit a message, those with the longest prefix;
    of these, those for its account before those for all; of these, those for exactly its
    sender, then for the longest beginning of it, then for all senders. What is left are
    the candidates: one table row for each link. `sms.routing` chooses among them.
    """

    prefix = models.CharField(
        max_length=15,
        blank=True,
        validators=[RegexValidator(r"\A[0-9]*\Z", "Digits only, without +.")],
        help_text="The recipient's first digits, without +; empty for every number. "
        "Of the routes that fit, the longest prefix wins before anything else.",
    )
    account = models.ForeignKey(
        Account,
        models.CASCADE,
        null=True,
        blank=True,
        related_name="+",
        help_text="For messages of exactly this account, not of its sub-accounts; empty for all. "
        "At one prefix, a route for the account wins over those for all.",
    )
    sender = models.CharField(
        max_length=80,
        blank=True,
        help_text="For messages from this sender, or, with * behind it, from those that begin so; "
        "empty for all. At one prefix and account, exactly the sender wins over the longest "
        "beginning of it, and that over all.",
    )
    link = models.ForeignKey(Link, models.CASCADE, related_name="routes")
    priority = models.PositiveSmallIntegerField(
        default=100,
        validators=[MaxValueValidator(32_767)],
        help_text="Of routes alike in prefix, account and sender, the lowest number that has "
        "a usable link carries the messages.",
    )
    weight = models.PositiveSmallIntegerField(
        default=1,
        validators=[MaxValueValidator(1000)],
        help_text="Its share among routes of one priority: 3 beside 1 gets three quarters. "
        "0: only when the others cannot.",
    )
    price_per_segment = models.DecimalField(
        max_digits=10,
        decimal_places=5,
        default=Decimal(0),
        validators=[MinValueValidator(Decimal(0))],
        help_text="Compared with the account's highest price of a message.",
    )

    objects = RouteQuerySet.as_manager()

    class Meta:
        ordering = ["prefix", "account", "sender", "priority", "-weight"]
        constraints = [
            models.UniqueConstraint(
                fields=["prefix", "sender", "link"],
                condition=models.Q(account__isnull=True),
                name="route_for_all",
                violation_error_message=DUPLICATE,
            ),
            models.UniqueConstraint(
                fields=["prefix", "account", "sender", "link"],
                condition=models.Q(account__isnull=False),
                name="route_for_account",
                violation_error_message=DUPLICATE,
            ),
            models.CheckConstraint(
                condition=models.Q(price_per_segment__gte=0), name="route_price"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.prefix or 'any'} → {self.link}"

    def fits_sender(self, sender_key: str) -> bool:
        """Say whether it is for messages of a sender."""
        if self.sender.endswith("*"):
            return sender_key.startswith(self.sender[:-1])
        return self.sender in ("", sender_key)

    def clean(self) -> None:
        """Put the sender as it is compared. Raises ValidationError."""
        self.sender = self._sender_key()

    def _sender_key(self) -> str:
        beginning = self.sender.strip().removesuffix("*")
        if "*" in beginning:
            raise ValidationError({"sender": "The * stands at the end, and once."})
        if not beginning and self.sender:
            raise ValidationError({"sender": "Leave it empty for all senders."})
        key = numbers.key(beginning)
        return f"{key}*" if self.sender.strip().endswith("*") else key
