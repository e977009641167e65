from decimal import Decimal

import django.core.validators
import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0004_highest_price_of_a_message"),
        ("sms", "0007_counts_of_all_processes"),
    ]

    operations = [
        migrations.CreateModel(
            name="Health",
            fields=[
                (
                    "link",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="health",
                        serialize=False,
                        to="sms.link",
                    ),
                ),
                (
                    "circuit",
                    models.CharField(
                        choices=[
                            ("closed", "closed"),
                            ("open", "open"),
                            ("half-open", "half open"),
                        ],
                        default="closed",
                        max_length=16,
                    ),
                ),
                ("reason", models.CharField(blank=True, max_length=255)),
                ("changed_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("retry_at", models.DateTimeField(blank=True, null=True)),
                ("openings", models.PositiveSmallIntegerField(default=0)),
                ("prober", models.CharField(blank=True, max_length=32)),
                ("queue_depth", models.PositiveIntegerField(blank=True, null=True)),
                ("oldest_due_s", models.PositiveIntegerField(default=0)),
                ("is_full", models.BooleanField(default=False)),
                ("is_slow", models.BooleanField(default=False)),
            ],
            options={
                "verbose_name_plural": "health",
            },
        ),
        migrations.AlterModelOptions(
            name="route",
            options={"ordering": ["prefix", "account", "sender", "priority", "-weight"]},
        ),
        migrations.RemoveConstraint(
            model_name="route",
            name="route_prefix_link",
        ),
        migrations.AddField(
            model_name="link",
            name="circuit_errors",
            field=models.PositiveSmallIntegerField(
                default=10,
                help_text="Errors of the peer in a row that open its circuit. 0: none does.",
            ),
        ),
        migrations.AddField(
            model_name="link",
            name="circuit_open_s",
            field=models.PositiveIntegerField(
                default=30,
                help_text=(
                    "Seconds until an open circuit lets probes through; doubled, up "
                    "to 16 times as long, while they fail."
                ),
                validators=[
                    django.core.validators.MinValueValidator(1),
                    django.core.validators.MaxValueValidator(86400),
                ],
            ),
        ),
        migrations.AddField(
            model_name="link",
            name="circuit_percent",
            field=models.PositiveSmallIntegerField(
                default=50,
                help_text=(
                    "Percent of errors among the last answers that open its circuit. 0: none does."
                ),
                validators=[django.core.validators.MaxValueValidator(100)],
            ),
        ),
        migrations.AddField(
            model_name="link",
            name="circuit_probes",
            field=models.PositiveSmallIntegerField(
                default=3,
                help_text="Messages that are sent to try it, all of which must be answered well.",
                validators=[
                    django.core.validators.MinValueValidator(1),
                    django.core.validators.MaxValueValidator(100),
                ],
            ),
        ),
        migrations.AddField(
            model_name="link",
            name="circuit_unanswered",
            field=models.PositiveSmallIntegerField(
                default=5,
                help_text="Silences or broken lines in a row that open its circuit. 0: none does.",
            ),
        ),
        migrations.AddField(
            model_name="link",
            name="circuit_window",
            field=models.PositiveSmallIntegerField(
                default=100,
                help_text="How many last answers that percentage is of.",
                validators=[
                    django.core.validators.MinValueValidator(1),
                    django.core.validators.MaxValueValidator(10000),
                ],
            ),
        ),
        migrations.AddField(
            model_name="link",
            name="max_queue",
            field=models.PositiveIntegerField(
                blank=True,
                help_text=(
                    "Messages that may wait for it; more go elsewhere, or fail with "
                    "30001. Empty: no limit."
                ),
                null=True,
                validators=[django.core.validators.MinValueValidator(1)],
            ),
        ),
        migrations.AddField(
            model_name="link",
            name="slow_after_s",
            field=models.PositiveIntegerField(
                default=60,
                help_text=(
                    "Slow while a message has been due for longer than so many "
                    "seconds; what waited longer goes elsewhere. 0: never."
                ),
            ),
        ),
        migrations.AddField(
            model_name="message",
            name="is_pinned",
            field=models.BooleanField(default=False, editable=False),
        ),
        migrations.AddField(
            model_name="message",
            name="routed_by",
            field=models.CharField(blank=True, editable=False, max_length=255),
        ),
        migrations.AddField(
            model_name="message",
            name="tried_links",
            field=models.CharField(blank=True, editable=False, max_length=255),
        ),
        migrations.AddField(
            model_name="route",
            name="account",
            field=models.ForeignKey(
                blank=True,
                help_text=(
                    "For messages of exactly this account, not of its sub-accounts; "
                    "empty for all. At one prefix, a route for the account wins over "
                    "those for all."
                ),
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="+",
                to="accounts.account",
            ),
        ),
        migrations.AddField(
            model_name="route",
            name="price_per_segment",
            field=models.DecimalField(
                decimal_places=5,
                default=Decimal("0"),
                help_text="Compared with the account's highest price of a message.",
                max_digits=10,
                validators=[django.core.validators.MinValueValidator(Decimal("0"))],
            ),
        ),
        migrations.AddField(
            model_name="route",
            name="sender",
            field=models.CharField(
                blank=True,
                help_text=(
                    "For messages from this sender, or, with * behind it, from those "
                    "that begin so; empty for all. At one prefix and account, exactly"
                    " the sender wins over the longest beginning of it, and that over"
                    " all."
                ),
                max_length=80,
            ),
        ),
        migrations.AddField(
            model_name="route",
            name="weight",
            field=models.PositiveSmallIntegerField(
                default=1,
                help_text=(
                    "Its share among routes of one priority: 3 beside 1 gets three "
                    "quarters. 0: only when the others cannot."
                ),
                validators=[django.core.validators.MaxValueValidator(1000)],
            ),
        ),
        migrations.AlterField(
            model_name="route",
            name="prefix",
            field=models.CharField(
                blank=True,
                help_text=(
                    "The recipient's first digits, without +; empty for every number."
                    " Of the routes that fit, the longest prefix wins before anything"
                    " else."
                ),
                max_length=15,
                validators=[
                    django.core.validators.RegexValidator("\\A[0-9]*\\Z", "Digits only, without +.")
                ],
            ),
        ),
        migrations.AlterField(
            model_name="route",
            name="priority",
            field=models.PositiveSmallIntegerField(
                default=100,
                help_text=(
                    "Of routes alike in prefix, account and sender, the lowest number"
                    " that has a usable link carries the messages."
                ),
                validators=[django.core.validators.MaxValueValidator(32767)],
            ),
        ),
        migrations.AddConstraint(
            model_name="route",
            constraint=models.UniqueConstraint(
                condition=models.Q(("account__isnull", True)),
                fields=("prefix", "sender", "link"),
                name="route_for_all",
                violation_error_message="This prefix, account and sender go to this link already.",
            ),
        ),
        migrations.AddConstraint(
            model_name="route",
            constraint=models.UniqueConstraint(
                condition=models.Q(("account__isnull", False)),
                fields=("prefix", "account", "sender", "link"),
                name="route_for_account",
                violation_error_message="This prefix, account and sender go to this link already.",
            ),
        ),
        migrations.AddConstraint(
            model_name="route",
            constraint=models.CheckConstraint(
                condition=models.Q(("price_per_segment__gte", 0)), name="route_price"
            ),
        ),
        migrations.AddConstraint(
            model_name="health",
            constraint=models.CheckConstraint(
                condition=models.Q(("circuit__in", ["closed", "open", "half-open"])),
                name="health_circuit",
            ),
        ),
    ]
