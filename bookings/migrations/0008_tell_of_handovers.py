"""Lets a booking's history tell that it was handed over to a colleague."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("bookings", "0007_note_possible_doubles"),
    ]

    operations = [
        migrations.AlterField(
            model_name="bookingevent",
            name="what",
            field=models.CharField(
                choices=[
                    ("found", "Found at the operator"),
                    ("changed", "Changed at the operator"),
                    ("gone", "No longer known to the operator"),
                    ("withdrawal-asked", "To be cancelled once decided"),
                    ("move-asked", "Move to another place requested"),
                    ("move-ended", "Not moved"),
                    ("running-late", "Driver runs late"),
                    ("link-revoked", "Driver's link revoked"),
                    ("handed-over", "Handed over to a colleague"),
                ],
                max_length=24,
                verbose_name="what",
            ),
        ),
    ]
