import django.core.validators
import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0003_limits"),
        ("sms", "0004_list_indexes"),
    ]

    operations = [
        migrations.CreateModel(
            name="Block",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "digits",
                    models.CharField(
                        blank=True,
                        help_text="Without +; a prefix may be empty: everybody.",
                        max_length=15,
                        validators=[
                            django.core.validators.RegexValidator(
                                "\\A[0-9]*\\Z", "Digits only, without +."
                            )
                        ],
                    ),
                ),
                (
                    "is_prefix",
                    models.BooleanField(
                        default=False,
                        help_text="Blocks every number that begins with the digits.",
                        verbose_name="prefix",
                    ),
                ),
                (
                    "note",
                    models.CharField(
                        blank=True, help_text="Why, for those who ask later.", max_length=255
                    ),
                ),
                ("added_by", models.CharField(blank=True, editable=False, max_length=150)),
                (
                    "added_at",
                    models.DateTimeField(default=django.utils.timezone.now, editable=False),
                ),
                (
                    "account",
                    models.ForeignKey(
                        blank=True,
                        help_text="Whose messages it stops; not its sub-accounts'. Empty: all.",
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="blocks",
                        to="accounts.account",
                    ),
                ),
            ],
            options={
                "ordering": ["digits", "id"],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("account__isnull", True)),
                        fields=("digits", "is_prefix"),
                        name="block_of_all",
                        violation_error_message="This is blocked already.",
                    ),
                    models.UniqueConstraint(
                        fields=("digits", "is_prefix", "account"),
                        name="block_of_account",
                        violation_error_message="This is blocked already for this account.",
                    ),
                ],
            },
        ),
    ]
