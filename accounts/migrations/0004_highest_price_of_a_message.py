import django.core.validators
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0003_limits"),
    ]

    operations = [
        migrations.AddField(
            model_name="account",
            name="max_price",
            field=models.DecimalField(
                blank=True,
                decimal_places=5,
                help_text=(
                    "What one message of this account may cost, all its segments "
                    "together, by the price of its route. Empty: no limit."
                ),
                max_digits=10,
                null=True,
                validators=[django.core.validators.MinValueValidator(0)],
            ),
        ),
    ]
