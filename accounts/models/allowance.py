"""What accounts have used of their limits."""

from django.db import models

from accounts.models.account import Account


class Allowance(models.Model):
    """How much of a limit an account has used in the newest window; see `limits`."""

    class Kind(models.TextChoices):
        """What is limited."""

        REQUEST = "request", "API requests a second"
        MESSAGE = "message", "messages a day"

    account = models.ForeignKey(Account, models.CASCADE, db_index=False, related_name="+")
    kind = models.CharField(max_length=16, choices=Kind)
    window_number = models.BigIntegerField(help_text="Counted since 1970, UTC.")
    taken = models.PositiveIntegerField()
    granted = models.PositiveIntegerField(help_text="What the last process got.")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["account", "kind"], name="allowance_kind")]

    def __str__(self) -> str:
        return f"{self.account_id}: {self.kind}"
