from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("bookings", "0007_find_bookings_of_a_vehicle"),
    ]

    operations = [
        migrations.AddField(
            model_name="booking",
            name="access_methods",
            field=models.JSONField(blank=True, db_default=[], default=list, verbose_name="access"),
        ),
        migrations.AddField(
            model_name="booking",
            name="authorized_tokens",
            field=models.JSONField(blank=True, db_default=[], default=list, verbose_name="tokens"),
        ),
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
                    ("link-revoked", "Driver's link revoked"),
                    ("place-gone", "Charger or site no longer listed"),
                    ("place-moved", "Charger moved to another site"),
                    ("driver-left", "Driver no longer in the fleet"),
                    ("undelivered", "E-mail not delivered"),
                    ("handed-over", "Handed over to a colleague"),
                    ("other-vehicle", "Another vehicle"),
                ],
                max_length=24,
                verbose_name="what",
            ),
        ),
    ]
