"""A link to a carrier."""

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.db.models.functions import Lower

from accounts.secrets import EncryptedField
from sms.lifecycle import LinkMode
from sms.models.choices import choices, one_of
from sms.models.failover import FailoverSettings
from sms.models.smpp_rules import (
    TABLES,
    check_errs,
    check_network_errors,
    check_statuses,
    smpp_mistakes,
    table_mistakes,
)

_OCTET = [MaxValueValidator(255)]
BINDS_MAX = 32


class LinkQuerySet(models.QuerySet["Link"]):
    """Links, in our words."""

    def enabled(self) -> "LinkQuerySet":
        """Keep those that should have a worker."""
        return self.filter(enabled=True)


def queue_of(name: str) -> str:
    """Name the Celery queue of the link with this name."""
    return f"link.{name}"


def link_kinds() -> list[tuple[str, str]]:
    """List the kinds of links; a callable, so that a new one needs no migration."""
    return [(kind.value, kind.label) for kind in Link.Kind]


class Link(FailoverSettings):
    """A connection to one peer that carries messages."""

    class Kind(models.TextChoices):
        """Which transport speaks to the peer."""

        SMPP = "smpp", "SMPP 3.4"
        SIP = "sip", "SIP edge: registers softphones and browsers"

    class OnUnanswered(models.TextChoices):
        """What to do with a segment whose submission got no answer."""

        FAIL = "fail", "fail it with 30090 (the peer may have it: never sent twice)"
        RESEND = "resend", "send it again (the recipient may get it twice)"

    name = models.CharField(
        max_length=40,
        validators=[RegexValidator(r"\A[a-z0-9][a-z0-9-]*\Z", "Lower-case letters, digits and -.")],
        help_text="Names its queue and worker, as link.NAME.",
    )
    kind = models.CharField(max_length=16, choices=link_kinds, default="smpp")
    enabled = models.BooleanField(default=True)
    mode = models.CharField(
        max_length=8, choices=choices(LinkMode), default=LinkMode.RUN.value, editable=False
    )
    """What an operator ordered; workers look every second (`sms/operate.py`)."""
    generation = models.PositiveIntegerField(default=0, editable=False)
    """Counts the orders to bind anew: a connection of an earlier generation is closed."""
    binds = models.PositiveSmallIntegerField(
        default=1,
        validators=[MinValueValidator(1), MaxValueValidator(BINDS_MAX)],
        help_text="Connections at once, one worker each; they share the rate.",
    )
    host = models.CharField(max_length=255)
    port = models.PositiveIntegerField(
        default=2775, validators=[MinValueValidator(1), MaxValueValidator(65535)]
    )
    ws_port = models.PositiveIntegerField(
        null=True,
        blank=True,
        validators=[MinValueValidator(1), MaxValueValidator(65535)],
        help_text="Of a SIP edge, for WebSocket; empty: none.",
    )
    public_host = models.CharField(
        max_length=255,
        blank=True,
        help_text="Of a SIP edge behind a NAT: the address that clients reach it under.",
    )
    system_id = models.CharField(max_length=15, blank=True)
    password = EncryptedField(blank=True)
    system_type = models.CharField(max_length=12, blank=True)
    address_range = models.CharField(
        max_length=40,
        blank=True,
        default="",
        db_default="",
        help_text="The numbers whose messages we receive, where the carrier asks for them.",
    )
    window_size = models.PositiveSmallIntegerField(
        default=10,
        validators=[MinValueValidator(1), MaxValueValidator(1000)],
        help_text="Requests that may wait for an answer at once.",
    )
    max_tps = models.PositiveIntegerField(
        default=0,
        help_text="Segments a second, all binds together; 0: as fast as the peer takes.",
    )
    response_timeout_s = models.PositiveSmallIntegerField(
        default=10, validators=[MinValueValidator(1), MaxValueValidator(120)]
    )
    enquire_link_s = models.PositiveSmallIntegerField(
        default=30, validators=[MinValueValidator(1), MaxValueValidator(3600)]
    )
    tls = models.BooleanField(default=False, help_text="Speak TLS to the peer.")
    tls_ca = models.TextField(
        blank=True,
        help_text="Certificates of authorities to trust, as PEM; empty: the system's.",
    )
    tls_verify = models.BooleanField(
        default=True, help_text="Check the peer's certificate and that it names the host."
    )
    tls_name = models.CharField(
        max_length=253,
        blank=True,
        help_text="The name to ask for and to find in the certificate; empty: the host.",
    )
    tls_cert = models.TextField(
        blank=True, help_text="Our certificate, with its chain, as PEM; where the peer wants one."
    )
    tls_key = EncryptedField(blank=True, help_text="The private key of our certificate, as PEM.")
    bind_mode = models.CharField(
        max_length=16,
        choices=[
            ("transceiver", "one connection, both ways"),
            ("pair", "a transmitter and a receiver"),
        ],
        default="transceiver",
    )
    service_type = models.CharField(max_length=5, blank=True)
    source_ton = models.PositiveSmallIntegerField(
        null=True, blank=True, validators=_OCTET, help_text="Empty: by the form of the sender."
    )
    source_npi = models.PositiveSmallIntegerField(
        null=True, blank=True, validators=_OCTET, help_text="Empty: by the form of the sender."
    )
    dest_ton = models.PositiveSmallIntegerField(
        null=True, blank=True, validators=_OCTET, help_text="Empty: 1, international."
    )
    dest_npi = models.PositiveSmallIntegerField(
        null=True, blank=True, validators=_OCTET, help_text="Empty: 1, ISDN."
    )
    registered_delivery = models.PositiveSmallIntegerField(
        default=1,
        validators=[MaxValueValidator(31)],
        help_text="0: no receipts, 1: all, 2: of failures; 16 more for states on the way.",
    )
    send_validity = models.BooleanField(
        default=True, help_text="Tell the peer how long a message is worth delivering."
    )
    default_alphabet = models.CharField(
        max_length=8,
        choices=[("gsm", "GSM 03.38"), ("latin1", "ISO 8859-1"), ("ascii", "ASCII")],
        default="gsm",
        help_text="What the peer reads data_coding 0 as.",
    )
    long_messages = models.CharField(
        max_length=8,
        choices=[
            ("udh8", "parts with a header, 8-bit reference"),
            ("udh16", "parts with a header, 16-bit reference"),
            ("sar", "parts with SAR TLVs"),
            ("payload", "whole, as message_payload"),
        ],
        default="udh8",
        help_text="How a text longer than one PDU travels.",
    )
    receipt_id_form = models.CharField(
        max_length=8,
        choices=[
            ("auto", "try every form"),
            ("same", "as in the answer"),
            ("hex-dec", "hexadecimal in the answer, decimal in the receipt"),
            ("dec-hex", "decimal in the answer, hexadecimal in the receipt"),
        ],
        default="auto",
        help_text="How a receipt writes the id that the answer gave.",
    )
    unknown_is_final = models.BooleanField(
        default=False, help_text="A receipt that says UNKNOWN ends the message, undelivered."
    )
    one_receipt_wait_s = models.PositiveIntegerField(
        default=600,
        help_text="Seconds until one receipt with sub:003 settles all parts; 0: never.",
    )
    status_overrides = models.JSONField(
        default=dict,
        blank=True,
        validators=[check_statuses],
        help_text='{"0x401": {"code": 30004}, "0x45": {"code": 30008, "retry_s": [60]}}',
    )
    err_preset = models.CharField(
        max_length=16,
        choices=[
            ("nexmo", "Nexmo's codes"),
            ("gsm", "the GSM network's own errors"),
            ("none", "nothing known: 30008"),
        ],
        default="nexmo",
        help_text="What the err of a receipt means.",
    )
    err_overrides = models.JSONField(
        default=dict,
        blank=True,
        validators=[check_errs],
        help_text='Beside the preset: {"011": 30003, "A1": 30005}',
    )
    network_error_codes = models.JSONField(
        default=dict,
        blank=True,
        validators=[check_network_errors],
        help_text='Beside the table of GSM: {"27": 30003, "2:5": 30005}',
    )
    on_unanswered = models.CharField(max_length=8, choices=OnUnanswered, default=OnUnanswered.FAIL)
    date_created = models.DateTimeField(auto_now_add=True)
    date_updated = models.DateTimeField(auto_now=True)

    objects = LinkQuerySet.as_manager()

    class Meta:
        permissions = [("operate_link", "Can pause, drain, rebind and test links")]
        constraints = [
            models.UniqueConstraint(
                Lower("name"),
                name="link_name",
                violation_error_message="There is a link of this name already.",
            ),
            models.CheckConstraint(
                condition=models.Q(on_unanswered__in=["fail", "resend"]), name="link_on_unanswered"
            ),
            models.CheckConstraint(
                condition=models.Q(window_size__gte=1), name="link_window_is_open"
            ),
            models.CheckConstraint(condition=models.Q(binds__gte=1), name="link_has_a_bind"),
            one_of("mode", LinkMode, name="link_mode"),
            models.CheckConstraint(
                condition=models.Q(port__gte=1, port__lte=65535), name="link_port"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        """Check what no single column can see. Raises ValidationError."""
        self.host = self.host.strip().removeprefix("[").removesuffix("]")
        for column in TABLES:  # Django passes over the validators of what is empty
            if getattr(self, column) in (None, ""):
                setattr(self, column, {})
        if mistakes := table_mistakes(self):
            raise ValidationError(mistakes)
        if self.kind == Link.Kind.SMPP and (mistakes := smpp_mistakes(self)):
            raise ValidationError(mistakes)
        if self.kind == Link.Kind.SIP and self.binds > 1:
            raise ValidationError({"binds": "A SIP edge is one process: it owns its ports."})

    @property
    def queue(self) -> str:
        """Name its Celery queue."""
        return queue_of(self.name)
