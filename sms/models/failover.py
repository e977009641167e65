"""When messages leave a link for another: what an operator sets, and what is observed."""

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils import timezone

from sms.lifecycle import CircuitState
from sms.models.choices import choices, one_of

_PERCENT = [MaxValueValidator(100)]


class FailoverSettings(models.Model):
    """The columns of a link that say when routing passes it over. See `sms.routing`."""

    max_queue = models.PositiveIntegerField(
        null=True,
        blank=True,
        validators=[MinValueValidator(1)],
        help_text="Messages that may wait for it; more go elsewhere, or fail with 30001. "
        "Empty: no limit.",
    )
    slow_after_s = models.PositiveIntegerField(
        default=60,
        help_text="Slow while a message has been due for longer than so many seconds; "
        "what waited longer goes elsewhere. 0: never.",
    )
    circuit_errors = models.PositiveSmallIntegerField(
        default=10,
        help_text="Errors of the peer in a row that open its circuit. 0: none does.",
    )
    circuit_unanswered = models.PositiveSmallIntegerField(
        default=5,
        help_text="Silences or broken lines in a row that open its circuit. 0: none does.",
    )
    circuit_percent = models.PositiveSmallIntegerField(
        default=50,
        validators=_PERCENT,
        help_text="Percent of errors among the last answers that open its circuit. 0: none does.",
    )
    circuit_window = models.PositiveSmallIntegerField(
        default=100,
        validators=[MinValueValidator(1), MaxValueValidator(10_000)],
        help_text="How many last answers that percentage is of.",
    )
    circuit_open_s = models.PositiveIntegerField(
        default=30,
        validators=[MinValueValidator(1), MaxValueValidator(86_400)],
        help_text="Seconds until an open circuit lets probes through; "
        "doubled, up to 16 times as long, while they fail.",
    )
    circuit_probes = models.PositiveSmallIntegerField(
        default=3,
        validators=[MinValueValidator(1), MaxValueValidator(100)],
        help_text="Messages that are sent to try it, all of which must be answered well.",
    )

    class Meta:
        abstract = True


FAILOVER_SETTINGS = tuple(field.name for field in FailoverSettings._meta.local_fields)


class Health(models.Model):
    """How a link does: its circuit, which workers guard, and its backlog, measured by the sweep.

    Apart from the link, whose row belongs to operators. A link without one is well.
    """

    link = models.OneToOneField("sms.Link", models.CASCADE, primary_key=True, related_name="health")
    circuit = models.CharField(
        max_length=16, choices=choices(CircuitState), default=CircuitState.CLOSED.value
    )
    reason = models.CharField(max_length=255, blank=True)
    changed_at = models.DateTimeField(default=timezone.now)
    retry_at = models.DateTimeField(null=True, blank=True)
    """Open: when probes may go. Half open: when their worker counts as gone."""
    openings = models.PositiveSmallIntegerField(default=0)
    """How often it opened since it was closed last; each doubles the wait."""
    prober = models.CharField(max_length=32, blank=True)
    """The worker whose probes decide."""
    queue_depth = models.PositiveIntegerField(null=True, blank=True)
    """Messages that wait for it, counted up to its limit; None without one."""
    oldest_due_s = models.PositiveIntegerField(default=0)
    """For how long the first of its queue has been due."""
    is_full = models.BooleanField(default=False)
    is_slow = models.BooleanField(default=False)

    class Meta:
        constraints = [one_of("circuit", CircuitState, name="health_circuit")]
        verbose_name_plural = "health"

    def __str__(self) -> str:
        return f"{self.link}: circuit {self.circuit}"
