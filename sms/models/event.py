"""The part of a message's timeline that no other row holds."""

from django.db import models
from django.utils import timezone

from sms.models.message import Message


def event_kinds() -> list[tuple[str, str]]:
    """List the kinds of events; a callable, so that a new one needs no migration."""
    return [(kind.value, kind.label) for kind in Event.Kind]


class Event(models.Model):
    """Something that happened to a message beside its happy path."""

    class Kind(models.TextChoices):
        """What happened."""

        DEFERRED = "deferred", "not taken, will be tried again"
        REFUSED = "refused", "refused for good"
        UNANSWERED = "unanswered", "no answer came: the peer may have it"
        LATE_ANSWER = "late-answer", "an answer came after we had given up"
        RECEIPT = "receipt", "a receipt that changed nothing"
        LEASE_LOST = "lease-lost", "its worker went away"
        ROUTED = "routed", "found a link"
        REROUTED = "rerouted", "moved to another link"
        OVERFLOW = "overflow", "no queue has room for it"
        TOO_EXPENSIVE = "too-expensive", "costs more than the account allows"
        BROKEN = "broken", "cannot be made ready to be sent"
        EXPIRED = "expired", "its validity ended in the queue"
        NO_ROUTE = "no-route", "no link carries the number"
        BLOCKED = "blocked", "the recipient is blocked"
        SUSPENDED = "suspended", "the account may not send"
        REPEATED = "repeated", "staff had callbacks repeated"
        RESENT = "resent", "sent again by staff"
        CANCELLED = "cancelled", "cancelled by staff"
        CLIENT = "client", "the SIP client could not be reached"
        UNROUTED = "unrouted", "no account has the number"
        NOT_TOLD = "not-told", "its application was not told"
        REMARK = "remark", "noticed when it arrived"
        PART_MISSING = "part-missing", "parts of it did not come in time"
        ANSWER = "answer", "its application's answer"
        KEYWORD = "keyword", "the text is a keyword"
        REPLY = "reply", "its application replied"
        PART_LATE = "part-late", "a part of it came after all"

    message = models.ForeignKey(Message, models.CASCADE, related_name="events")
    at = models.DateTimeField(default=timezone.now)
    kind = models.CharField(max_length=16, choices=event_kinds)
    raw = models.CharField(max_length=255, blank=True, help_text="The peer's own words.")

    class Meta:
        ordering = ["at", "id"]

    def __str__(self) -> str:
        return f"{self.kind}: {self.raw}"
