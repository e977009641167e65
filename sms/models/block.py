"""Whom the platform sends nothing to, by the word of an operator."""

from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Q
from django.utils import timezone

from accounts import numbers
from accounts.models import Account

WILDCARD = "*"
"""Stands behind the digits of a prefix, where a block is written as one word."""


class BlockQuerySet(models.QuerySet["Block"]):
    """Blocks, in our words."""

    def of(self, pattern: str, account: Account | None) -> "BlockQuerySet":
        """Keep the block that is written so, of one account or of all."""
        digits, is_prefix = parse(pattern)
        return self.filter(digits=digits, is_prefix=is_prefix, account=account)


class Block(models.Model):
    """A recipient, or all that begin alike, to whom nothing is sent: error 30004."""

    digits = models.CharField(
        max_length=15,
        blank=True,
        validators=[RegexValidator(r"\A[0-9]*\Z", "Digits only, without +.")],
        help_text="Without +; a prefix may be empty: everybody.",
    )
    is_prefix = models.BooleanField(
        "prefix", default=False, help_text="Blocks every number that begins with the digits."
    )
    account = models.ForeignKey(
        Account,
        models.CASCADE,
        null=True,
        blank=True,
        related_name="blocks",
        help_text="Whose messages it stops; not its sub-accounts'. Empty: all.",
    )
    note = models.CharField(max_length=255, blank=True, help_text="Why, for those who ask later.")
    added_by = models.CharField(max_length=150, blank=True, editable=False)
    added_at = models.DateTimeField(default=timezone.now, editable=False)

    objects = BlockQuerySet.as_manager()

    class Meta:
        ordering = ["digits", "id"]
        constraints = [
            # Also the index by which blocking.py finds the blocks of a recipient. Two, since
            # a missing account equals no other.
            models.UniqueConstraint(
                fields=["digits", "is_prefix"],
                condition=Q(account__isnull=True),
                name="block_of_all",
                violation_error_message="This is blocked already.",
            ),
            models.UniqueConstraint(
                fields=["digits", "is_prefix", "account"],
                name="block_of_account",
                violation_error_message="This is blocked already for this account.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.pattern} for {self.account}" if self.account else self.pattern

    @property
    def pattern(self) -> str:
        """Write the number, or the prefix with a star behind it."""
        return pattern(self.digits, is_prefix=self.is_prefix)

    def clean(self) -> None:
        """Refuse a number that no message may go to anyway. Raises ValidationError."""
        if not self.is_prefix and not numbers.is_number(self.digits):
            raise ValidationError({"digits": "A number has 3 to 15 digits; a prefix may be short."})


def pattern(digits: str, *, is_prefix: bool) -> str:
    """Write a number, or a prefix with a star behind it."""
    return digits + WILDCARD if is_prefix else digits


def parse(pattern: str) -> tuple[str, bool]:
    """Read a number, or a prefix with a star behind it: its digits, and whether it is one."""
    bare = pattern.removesuffix(WILDCARD)
    return numbers.key(bare), bare != pattern


def written(pattern: str, **fields: Any) -> Block:
    """Make the block that is written so, unsaved."""
    digits, is_prefix = parse(pattern)
    return Block(digits=digits, is_prefix=is_prefix, **fields)
