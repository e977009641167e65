from django.db import migrations, models

import accounts.models


class Migration(migrations.Migration):
    dependencies = [("accounts", "0001_accounts_numbers_clients")]

    operations = [
        migrations.AddField(
            model_name="phonenumber",
            name="sms_fallback_method",
            field=models.CharField(
                choices=[("POST", "Post"), ("GET", "Get")], default="POST", max_length=4
            ),
        ),
        migrations.AddField(
            model_name="phonenumber",
            name="sms_fallback_url",
            field=accounts.models.UrlField(
                blank=True, help_text="Called when the first address fails.", max_length=2048
            ),
        ),
        migrations.AlterField(
            model_name="phonenumber",
            name="sms_url",
            field=accounts.models.UrlField(
                blank=True,
                help_text="Called when an SMS comes in for this number.",
                max_length=2048,
            ),
        ),
    ]
