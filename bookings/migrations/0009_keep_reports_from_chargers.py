import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("bookings", "0008_remember_how_to_start"),
        ("charging_sites", "0001_create_sites_mirror"),
        ("drivers", "0003_let_drivers_help_themselves"),
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
                    ("other-vehicle", "Another vehicle"),
                ],
                max_length=24,
                verbose_name="what",
            ),
        ),
        migrations.CreateModel(
            name="ChargerReport",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "what",
                    models.CharField(
                        choices=[
                            ("blocked", "Another vehicle blocks the charger"),
                            ("broken", "The charger does not work"),
                            ("no-access", "The charger cannot be reached"),
                            ("other", "Something else is wrong"),
                        ],
                        max_length=16,
                        verbose_name="what",
                    ),
                ),
                ("message", models.CharField(blank=True, max_length=200, verbose_name="message")),
                (
                    "at",
                    models.DateTimeField(default=django.utils.timezone.now, verbose_name="when"),
                ),
                (
                    "booking",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="reports",
                        to="bookings.booking",
                    ),
                ),
                (
                    "driver",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="drivers.driver",
                    ),
                ),
                (
                    "event",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="report",
                        to="bookings.bookingevent",
                    ),
                ),
                (
                    "evse",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="charging_sites.evse",
                    ),
                ),
            ],
            options={
                "verbose_name": "report from a charger",
                "verbose_name_plural": "reports from chargers",
                "ordering": ["at", "id"],
            },
        ),
    ]
