"""Where SIP clients can be reached."""

from django.db import models
from django.db.models.functions import Now

from accounts.models import Client
from sms.models.link import Link


class BindingQuerySet(models.QuerySet["Binding"]):
    """Bindings, in our words."""

    def live(self) -> "BindingQuerySet":
        """Keep those whose time has not come."""
        return self.filter(expires_at__gt=Now())


class Binding(models.Model):
    """One device of a client, registered at one edge. Source: RFC 3261 §10, RFC 5626 §6."""

    client = models.ForeignKey(Client, models.CASCADE, db_index=False, related_name="bindings")
    link = models.ForeignKey(Link, models.CASCADE, related_name="bindings")
    key = models.CharField(max_length=512, help_text="Its instance and reg-id, or its address.")
    contact = models.CharField(max_length=512, help_text="As the client wrote it.")
    instance = models.CharField(max_length=255, blank=True)
    call_id = models.CharField(max_length=255)
    cseq = models.PositiveBigIntegerField()
    transport = models.CharField(max_length=8)
    source_host = models.CharField(max_length=64)
    source_port = models.PositiveIntegerField()
    connection = models.CharField(max_length=32, blank=True, help_text="Empty for UDP.")
    user_agent = models.CharField(max_length=255, blank=True)
    registered_at = models.DateTimeField()
    expires_at = models.DateTimeField()

    objects = BindingQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["client", "key"], name="binding_of_client"),
        ]
        indexes = [models.Index(fields=["expires_at"], name="binding_expiry")]  # sweep

    def __str__(self) -> str:
        return f"{self.client_id} at {self.contact}"
