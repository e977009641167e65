"""Which link carries which numbers."""

from django.core.validators import RegexValidator
from django.db import models

from sms.models.link import Link


class Route(models.Model):
    """A prefix of the recipient's digits, and the link that carries it.

    The longest prefix that fits wins; among routes of one prefix the lowest priority.
    """

    prefix = models.CharField(
        max_length=15,
        blank=True,
        validators=[RegexValidator(r"\A[0-9]*\Z", "Digits only, without +.")],
        help_text="Digits without +; empty for every number.",
    )
    link = models.ForeignKey(Link, models.CASCADE, related_name="routes")
    priority = models.PositiveSmallIntegerField(default=100, help_text="The lowest is used.")

    class Meta:
        ordering = ["prefix", "priority"]
        constraints = [
            models.UniqueConstraint(
                fields=["prefix", "link"],
                name="route_prefix_link",
                violation_error_message="This prefix goes to this link already.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.prefix or 'any'} -> {self.link}"
