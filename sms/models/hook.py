"""Where the telling of an inbound message to its number's application stands."""

from django.db import models

from sms.models.message import Message


class Hook(models.Model):
    """The URLs for one inbound message, and what the answers have come to so far.

    Its callback's row says where the next request goes and when; this one says what that
    request is. Copied from the number, so that a later change does not mix two applications.
    """

    message = models.OneToOneField(Message, models.CASCADE, primary_key=True, related_name="hook")
    url = models.CharField(max_length=2048)
    method = models.CharField(max_length=4)
    fallback_url = models.CharField(max_length=2048, blank=True)
    fallback_method = models.CharField(max_length=4, blank=True)
    parameters = models.JSONField(default=list, help_text="More to tell, as pairs.")
    is_fallback = models.BooleanField(default=False)
    hops = models.PositiveSmallIntegerField(default=0, help_text="URLs that answers led to.")
    replies = models.PositiveSmallIntegerField(default=0)
    rounds = models.PositiveSmallIntegerField(default=0, help_text="Failures of all its URLs.")
    reply = models.ForeignKey(
        Message,
        models.SET_NULL,
        null=True,
        related_name="+",
        help_text="That the next request is about, instead of the message itself.",
    )

    def __str__(self) -> str:
        return f"{self.message_id}: {self.url}"

    def begin_again(self) -> None:
        """Forget how far its answers had led."""
        self.hops, self.replies, self.reply = 0, 0, None
