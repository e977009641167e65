"""How far the housekeeping of old messages has come."""

from django.db import models


class Retention(models.Model):
    """Up to which message something has been done; one row for each such thing."""

    task = models.CharField(max_length=16, primary_key=True)
    upto = models.BigIntegerField(default=0, help_text="Id of the last message it was done to.")

    def __str__(self) -> str:
        return f"{self.task}: {self.upto}"
