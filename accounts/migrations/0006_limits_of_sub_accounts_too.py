"""Limits of an account hold for its sub-accounts, too."""

import django.core.validators
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0005_client_digests"),
    ]

    operations = [
        migrations.AlterField(
            model_name="account",
            name="max_messages_per_day",
            field=models.PositiveIntegerField(
                blank=True,
                help_text="Messages of this account and those below it that are accepted in a day "
                "(UTC). Empty: no limit.",
                null=True,
            ),
        ),
        migrations.AlterField(
            model_name="account",
            name="max_requests_per_second",
            field=models.PositiveIntegerField(
                blank=True,
                help_text="API requests with the credentials of this account and those below it. "
                "Empty: no limit.",
                null=True,
                validators=[django.core.validators.MinValueValidator(1)],
            ),
        ),
    ]
