"""Who wants no more messages from which of our numbers, by their own word."""

from collections.abc import Iterable

from django.db import models
from django.utils import timezone

from accounts import numbers
from accounts.models import Account
from sms.models.message import Message


class OptOutQuerySet(models.QuerySet["OptOut"]):
    """Opt-outs, in our words."""

    def between(self, account_id: int, ours: str, theirs: str) -> "OptOutQuerySet":
        """Keep the one of a person for a number, however the two are written."""
        return self.filter(
            account_id=account_id, number=numbers.key(ours), person=numbers.key(theirs)
        )

    def of_people(self, keys: Iterable[str]) -> "OptOutQuerySet":
        """Keep those of some people, as `numbers.key` writes them."""
        return self.filter(person__in=keys)


class OptOut(models.Model):
    """A person who is sent nothing from a number any more: error 30004, until START."""

    account = models.ForeignKey(Account, models.CASCADE, db_index=False, related_name="optouts")
    number = models.CharField(max_length=80, help_text="Ours; digits only.")
    person = models.CharField(max_length=80, help_text="Who said so; digits only.")
    word = models.CharField(max_length=40, help_text="What they wrote.")
    message = models.ForeignKey(
        Message, models.SET_NULL, null=True, blank=True, editable=False, related_name="+"
    )
    since = models.DateTimeField(default=timezone.now)

    objects = OptOutQuerySet.as_manager()

    class Meta:
        verbose_name = "opt-out"
        constraints = [
            # Also the index by which blocking.py finds them: a batch names few people.
            models.UniqueConstraint(fields=["person", "number", "account"], name="optout_pair"),
        ]

    def __str__(self) -> str:
        return f"{self.person} from {self.number}"


class KeywordReply(models.Model):
    """Marks a message that answers STOP, START or HELP: no opt-out stops it."""

    message = models.OneToOneField(Message, models.CASCADE, primary_key=True, related_name="+")
    word = models.CharField(max_length=8)

    def __str__(self) -> str:
        return f"{self.message_id}: {self.word}"
