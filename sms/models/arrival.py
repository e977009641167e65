"""What peers handed in, for as long as they may hand it in once more."""

import hashlib
import json
from collections.abc import Mapping

from django.db import models
from django.utils import timezone

from sms.models.link import Link
from sms.models.message import Message


def arrival_key(*identity: object) -> str:
    """Reduce what makes two segments parts of one message, or one segment, to a column."""
    return hashlib.sha256(
        "\n".join(map(str, identity)).encode("utf-8", "surrogatepass")
    ).hexdigest()


class Arrival(models.Model):
    """One inbound message on its way to being whole, or just gone by.

    It is the lock under which the parts of a message meet, whichever bind and worker they
    come over, and the memory by which a segment that is delivered again makes no second
    message. Open: parts are missing. Done: its message is there.
    """

    key = models.CharField(max_length=64)
    sender = models.CharField(max_length=80)
    recipient = models.CharField(max_length=80)
    parts = models.PositiveSmallIntegerField()
    texts = models.TextField(
        default="{}", help_text="By number of the part; JSON in ASCII, for halves of characters."
    )
    headers = models.JSONField(default=list)
    remark = models.CharField(max_length=255, blank=True)
    session = models.CharField(max_length=64, blank=True, help_text="That it came over last.")
    link = models.ForeignKey(Link, models.CASCADE, null=True, db_index=False, related_name="+")
    message = models.ForeignKey(Message, models.CASCADE, null=True, related_name="+")
    first_at = models.DateTimeField(default=timezone.now)
    done_at = models.DateTimeField(null=True)
    due_at = models.DateTimeField(
        default=timezone.now, help_text="When it has waited long enough, or is forgotten."
    )

    class Meta:
        constraints = [models.UniqueConstraint(fields=["key"], name="arrival_key")]
        indexes = [models.Index(fields=["due_at"], name="arrival_due")]  # sweep

    def __str__(self) -> str:
        return f"{len(self.known())} of {self.parts} parts"

    def known(self) -> dict[int, str]:
        """Return the texts that came so far, by number."""
        return {int(number): text for number, text in json.loads(self.texts).items()}

    def keep(self, texts: Mapping[int, str]) -> None:
        """Remember the texts that came so far."""
        self.texts = json.dumps(texts)
