from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("bookings", "0011_drop_indexes_that_nobody_uses")]

    operations = [
        migrations.AddField(
            model_name="bookingrequest",
            name="price_shown",
            field=models.JSONField(
                blank=True,
                editable=False,
                help_text=(
                    "What it was estimated to cost when it was asked for; empty: nothing was."
                ),
                null=True,
                verbose_name="price shown",
            ),
        ),
    ]
