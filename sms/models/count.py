"""What all processes have counted together."""

from django.db import models


class Count(models.Model):
    """One number of one meter; it only ever grows. Source: sms/meters.py."""

    name = models.CharField(max_length=64)
    labels = models.CharField(max_length=255, help_text="Their values, as a JSON list.")
    number = models.CharField(max_length=16, blank=True, help_text="Bucket or sum of a timer.")
    value = models.FloatField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["name", "labels", "number"], name="count_key"),
        ]

    def __str__(self) -> str:
        return f"{self.name}{self.labels}{self.number}"
