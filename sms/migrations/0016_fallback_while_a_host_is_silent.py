"""A callback knows where its fallback URL leads: asked while its own host does not answer."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("sms", "0015_references_of_long_messages"),
    ]

    operations = [
        migrations.AddField(
            model_name="callback",
            name="spare_host",
            field=models.CharField(
                blank=True,
                db_default="",
                default="",
                help_text="Host and port of the fallback URL, "
                "while that is not the one to be asked.",
                max_length=255,
            ),
        ),
        migrations.AddIndex(
            model_name="callback",
            index=models.Index(
                condition=models.Q(
                    ("locked_until__isnull", True),
                    ("state", "pending"),
                    models.Q(("spare_host", ""), _negated=True),
                ),
                fields=["host", "id"],
                name="callback_spare",
            ),
        ),
    ]
