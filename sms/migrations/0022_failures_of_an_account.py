from django.db import migrations, models

from sms.partitions.indexing import AddIndex


class Migration(migrations.Migration):
    atomic = False  # built while everybody reads and writes

    dependencies = [
        ("accounts", "0007_old_token_goes_on"),
        ("sms", "0021_unchecked_keys_of_hot_rows"),
    ]

    operations = [
        AddIndex(
            model_name="message",
            index=models.Index(
                condition=models.Q(("error_code__isnull", False)),
                fields=["account", "date_created", "id", "error_code", "status", "link"],
                name="message_failures_of_account",
            ),
        ),
        AddIndex(
            model_name="message",
            index=models.Index(
                condition=models.Q(("link__isnull", True)),
                fields=["sid"],
                name="message_without_link",
            ),
        ),
    ]
