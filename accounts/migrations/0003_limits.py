import django.core.validators
import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0002_fallback_url_of_numbers"),
    ]

    operations = [
        migrations.AddField(
            model_name="account",
            name="max_requests_per_second",
            field=models.PositiveIntegerField(
                blank=True,
                help_text="API requests with this account's credentials. Empty: no limit.",
                null=True,
                validators=[django.core.validators.MinValueValidator(1)],
            ),
        ),
        migrations.AddField(
            model_name="account",
            name="max_messages_per_day",
            field=models.PositiveIntegerField(
                blank=True,
                help_text="Messages of this account that are accepted in a day (UTC). "
                "Empty: no limit.",
                null=True,
            ),
        ),
        migrations.CreateModel(
            name="Allowance",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "account",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="accounts.account",
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("request", "API requests a second"),
                            ("message", "messages a day"),
                        ],
                        max_length=16,
                    ),
                ),
                ("window_number", models.BigIntegerField(help_text="Counted since 1970, UTC.")),
                ("taken", models.PositiveIntegerField()),
                (
                    "granted",
                    models.PositiveIntegerField(help_text="What the last process got."),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("account", "kind"), name="allowance_kind")
                ],
            },
        ),
    ]
