from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("bookings", "0013_note_downtime"),
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
                    ("withdrawal-asked", "To be cancelled once the operator decides"),
                    ("move-asked", "Move requested"),
                    ("move-ended", "Not moved"),
                    ("running-late", "Driver running late"),
                    ("charger-reported", "Trouble at the charger"),
                    ("link-revoked", "Driver's link revoked"),
                    ("place-gone", "Charger or site no longer listed"),
                    ("place-moved", "Charger moved to another site"),
                    ("driver-left", "Driver no longer in the fleet"),
                    ("undelivered", "E-mail not delivered"),
                    ("handed-over", "Handed over to a colleague"),
                    ("downtime", "Maintenance planned at the charger"),
                    ("downtime-over", "Maintenance no longer in the way"),
                    ("other-vehicle", "Another vehicle"),
                    ("done", "Marked as done"),
                ],
                max_length=24,
                verbose_name="what",
            ),
        ),
    ]
