import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("bookings", "0005_say_that_a_booking_has_no_number_yet"),
        ("charging_sites", "0001_create_sites_mirror"),
        ("drivers", "0001_create_fleets_and_drivers"),
        ("vehicles", "0001_create_vehicles"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="booking",
            name="vehicle",
            field=models.ForeignKey(
                blank=True,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="bookings",
                to="vehicles.vehicle",
                verbose_name="vehicle",
            ),
        ),
        migrations.AddField(
            model_name="bookingrequest",
            name="wanted_max_power_kw",
            field=models.DecimalField(
                blank=True,
                decimal_places=2,
                max_digits=8,
                null=True,
                verbose_name="maximum power (kW)",
            ),
        ),
        migrations.AddField(
            model_name="bookingrequest",
            name="wanted_parking",
            field=models.JSONField(
                blank=True, db_default={}, default=dict, verbose_name="parking space"
            ),
        ),
    ]
