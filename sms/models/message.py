"""A message and its segments."""

from datetime import timedelta

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils import timezone

from accounts.models import Account, SidField
from accounts.numbers import CLIENT_PREFIX
from accounts.sids import new_message_sid
from sms.errors import ErrorCode
from sms.lifecycle import FINAL, Direction, SegmentState, Status
from sms.models.choices import choices, one_of
from sms.text import Encoding


class PartyField(models.CharField[str, str]):
    """Sender or recipient, sorted by code point on every engine. Source: sms-api 3.4."""

    def db_parameters(self, connection):  # type: ignore[no-untyped-def]  # Django's own hook
        """Ask PostgreSQL for the C collation; SQLite's default is by code point already."""
        collation = "C" if connection.vendor == "postgresql" else None
        return {**super().db_parameters(connection), "collation": collation}


def default_expiry():  # type: ignore[no-untyped-def]  # migrations name it
    """Give a message the platform's validity, counted from now."""
    return timezone.now() + timedelta(seconds=settings.SMS_VALIDITY_S)


class MessageQuerySet(models.QuerySet["Message"]):
    """Messages, in our words."""

    def for_account(self, account_id: int) -> "MessageQuerySet":
        """Keep the messages of one account."""
        return self.filter(account_id=account_id)

    def waiting(self) -> "MessageQuerySet":
        """Keep those in a queue that no worker has claimed."""
        return self.filter(due_at__isnull=False, locked_until__isnull=True)

    def abandoned(self) -> "MessageQuerySet":
        """Keep those whose worker let its lease run out."""
        return self.filter(locked_until__lt=Now())  # as leases are written: hosts' clocks differ


SORTED_BY = ("sender", "recipient", "direction", "status")
"""Columns of SortBy, beside the date."""


class Message(models.Model):
    """One SMS, or one message to a client; outbound ones are also the queue.

    Waiting: `due_at` is set, `locked_until` is not. Claimed: both are, and `locked_by`
    names the worker. Done: neither is.
    """

    sid = SidField(default=new_message_sid)
    account = models.ForeignKey(Account, models.PROTECT, db_index=False, related_name="messages")
    direction = models.CharField(max_length=16, choices=choices(Direction))
    status = models.CharField(max_length=16, choices=choices(Status), default=Status.SENDING.value)
    sender = PartyField(max_length=80, help_text="As it was given.")
    sender_key = PartyField(max_length=80, help_text="What it is compared by.")
    recipient = PartyField(max_length=80, help_text="As it was given.")
    recipient_key = PartyField(max_length=80, help_text="What it is compared by.")
    body = models.TextField(blank=True)
    encoding = models.CharField(max_length=8, choices=choices(Encoding), blank=True)
    num_segments = models.PositiveSmallIntegerField(null=True)
    error_code = models.PositiveIntegerField(
        null=True, blank=True, choices=[(code.value, code.text) for code in ErrorCode]
    )
    callback_url = models.CharField(max_length=2048, blank=True)
    callback_method = models.CharField(max_length=4, blank=True)
    callback_host = models.CharField(max_length=255, blank=True, editable=False)
    date_created = models.DateTimeField(default=timezone.now, editable=False)
    date_updated = models.DateTimeField(default=timezone.now, editable=False)
    date_sent = models.DateTimeField(null=True, editable=False)

    link = models.ForeignKey(
        "sms.Link", models.PROTECT, null=True, db_index=False, related_name="messages"
    )
    # By the database's clock, as it is compared: a web host may be ahead of it.
    due_at = models.DateTimeField(null=True, db_default=Now(), editable=False)
    expires_at = models.DateTimeField(default=default_expiry, editable=False)
    locked_by = models.CharField(max_length=32, blank=True, editable=False)
    locked_until = models.DateTimeField(null=True, editable=False)
    attempts = models.PositiveSmallIntegerField(default=0, editable=False)
    refusals = models.PositiveSmallIntegerField(default=0, editable=False)
    """How often a peer said to come again in a while; what a bound of tries counts."""
    retry_code = models.PositiveIntegerField(null=True, editable=False)
    """What the message fails with if its validity ends while it waits."""
    routed_by = models.CharField(max_length=255, blank=True, editable=False)
    """Which link it was given first, by which route, and which were passed over and why.

    In words and on its row: a timeline outlives routes, and costs no second write.
    """
    tried_links = models.CharField(max_length=255, blank=True, editable=False)
    """The ids of the links that it was moved from in this round, between blanks."""
    reference = models.IntegerField(null=True, editable=False)
    """What joins its parts at the handset, 0 to 65535; from its first claim on, on every try."""
    is_pinned = models.BooleanField(default=False, editable=False)
    """To no other link: its peer may have a part of it, or it goes to a client of that edge."""
    resent_from = models.ForeignKey(
        "self",
        models.SET_NULL,
        null=True,
        editable=False,
        db_index=False,
        related_name="copies",
        help_text="The message that an operator sent again as this one.",
    )

    objects = MessageQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["sid"], name="message_sid"),
            one_of("status", Status, name="message_status"),
            one_of("direction", Direction, name="message_direction"),
            models.CheckConstraint(
                condition=~Q(status__in=[s.value for s in Status if s in FINAL])
                | Q(due_at__isnull=True),
                name="message_final_is_not_queued",
            ),
            models.CheckConstraint(
                condition=Q(locked_until__isnull=True) | ~Q(locked_by=""),
                name="message_lease_has_an_owner",
            ),
            # A second click, or a second operator, makes no second copy: whoever wants one more
            # sends the copy again. Finds the copy, too; others are never written here.
            models.UniqueConstraint(
                fields=["resent_from"],
                condition=Q(resent_from__isnull=False),
                name="message_resent_once",
            ),
        ]
        permissions = [
            ("view_body", "Can read the texts of messages"),
            ("resend_message", "Can send messages again"),
            ("cancel_message", "Can cancel messages that wait"),
            ("export_message", "Can export messages as CSV"),
        ]
        indexes = [
            # The list, one for each SortBy (sms/api): a page is a range of one of these.
            # Behind the keys stands what filters ask, so that rows they pass over are
            # never read. Status changes are written to every index as it is.
            models.Index(fields=["account", "date_created", "id"], name="message_by_date"),
            models.Index(
                fields=["account", "sender", "date_created", "id", "status"],
                name="message_by_from",
            ),
            models.Index(
                fields=["account", "recipient", "date_created", "id", "status"],
                name="message_by_to",
            ),
            models.Index(
                fields=["account", "direction", "date_created", "id", "status"],
                name="message_by_direction",
            ),
            models.Index(
                fields=["account", "status", "date_created", "id"], name="message_by_status"
            ),
            # The list's From= and To=, with what they may be sorted by (sms/api/pagination.py).
            models.Index(
                fields=["account", "sender_key", "date_created", "id", *SORTED_BY],
                name="message_by_from_key",
            ),
            models.Index(
                fields=["account", "recipient_key", "date_created", "id", *SORTED_BY],
                name="message_by_to_key",
            ),
            # outbox.claim
            models.Index(
                fields=["link", "due_at", "id"],
                condition=Q(due_at__isnull=False, locked_until__isnull=True),
                name="message_queue",
            ),
            # clients/directory: what waits for a client that has registered. Only messages to
            # clients have no number of segments; others are never written here.
            models.Index(
                fields=["recipient_key"],
                condition=Q(
                    due_at__isnull=False, locked_until__isnull=True, num_segments__isnull=True
                ),
                name="message_for_client",
            ),
            # outbox.renew, sweep
            models.Index(
                fields=["locked_until"],
                condition=Q(locked_until__isnull=False),
                name="message_leases",
            ),
            # sweep: whose validity ended in the queue
            models.Index(
                fields=["expires_at"],
                condition=Q(due_at__isnull=False, locked_until__isnull=True),
                name="message_expiry",
            ),
            # admin: what failed, newest first, whoever sent it; what else is asked for stands
            # behind, so that rows it passes over are never read. What is well is not in it.
            models.Index(
                fields=["sid", "error_code", "status", "link", "account"],
                condition=Q(error_code__isnull=False),
                name="message_failures",
            ),
            # admin: what failed of an account's
            models.Index(
                fields=["account", "date_created", "id", "error_code", "status", "link"],
                condition=Q(error_code__isnull=False),
                name="message_failures_of_account",
            ),
            # admin: what has no link, newest first. That is little: most have one from the start,
            # and are never written here.
            models.Index(
                fields=["sid"], condition=Q(link__isnull=True), name="message_without_link"
            ),
        ]

    def __str__(self) -> str:
        return self.sid

    @property
    def is_to_client(self) -> bool:
        """Say whether it goes to a SIP client instead of the mobile network."""
        return self.recipient.startswith(CLIENT_PREFIX)

    @property
    def error(self) -> ErrorCode | None:
        """Its error code, as one."""
        return None if self.error_code is None else ErrorCode.stored(self.error_code)


class Segment(models.Model):
    """One part of a message, from just before its octets leave to its receipt."""

    # Unchecked, both: outbox.mark writes them out of the message's own row, which its worker
    # holds and whose link is checked. The two checks cost more than the rest of the statement.
    message = models.ForeignKey(
        Message, models.CASCADE, db_index=False, db_constraint=False, related_name="segments"
    )
    number = models.PositiveSmallIntegerField(help_text="1 for the first.")
    link = models.ForeignKey(
        "sms.Link", models.PROTECT, db_index=False, db_constraint=False, related_name="+"
    )
    state = models.CharField(max_length=16, choices=choices(SegmentState))
    attempts = models.PositiveSmallIntegerField(default=1)
    remote_id = models.CharField(max_length=65, blank=True, help_text="As the peer wrote it.")
    remote_key = models.CharField(max_length=65, blank=True, help_text="As it is compared.")
    answer = models.CharField(max_length=255, blank=True, help_text="The peer's word on submit.")
    receipt = models.CharField(max_length=255, blank=True, help_text="The peer's last receipt.")
    error_code = models.PositiveIntegerField(null=True)
    submitted_at = models.DateTimeField()
    answered_at = models.DateTimeField(null=True)
    receipt_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["message", "number"], name="segment_number"),
            one_of("state", SegmentState, name="segment_state"),
        ]
        indexes = [
            # receive: a receipt names its segment by link and id
            models.Index(
                fields=["link", "remote_key"],
                condition=~Q(remote_key=""),
                name="segment_remote_key",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.message_id}/{self.number}"
