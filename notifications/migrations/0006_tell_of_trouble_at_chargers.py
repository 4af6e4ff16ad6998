from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("notifications", "0005_find_mails_of_a_wish"),
    ]

    operations = [
        migrations.AlterField(
            model_name="notification",
            name="kind",
            field=models.CharField(
                choices=[
                    ("approved", "Booking approved"),
                    ("rejected", "Booking rejected"),
                    ("not-placed", "Booking could not be made"),
                    ("changed", "Booking changed"),
                    ("change-refused", "Change not made"),
                    ("cancelled", "Booking cancelled"),
                    ("cancel-refused", "Booking not cancelled"),
                    ("moved", "Booking changed by the operator"),
                    ("failed", "Charger could not be held"),
                    ("no-show", "No-show"),
                    ("reminder", "Reminder before the start"),
                    ("running-late", "Driver running late"),
                    ("offered", "Offer from the waiting list"),
                    ("wait-ended", "Waiting ended without a booking"),
                    ("charger-trouble", "Charger blocked or broken"),
                ],
                max_length=16,
                verbose_name="kind",
            ),
        ),
        migrations.AlterField(
            model_name="notificationpreference",
            name="kind",
            field=models.CharField(
                choices=[
                    ("approved", "Booking approved"),
                    ("rejected", "Booking rejected"),
                    ("not-placed", "Booking could not be made"),
                    ("changed", "Booking changed"),
                    ("change-refused", "Change not made"),
                    ("cancelled", "Booking cancelled"),
                    ("cancel-refused", "Booking not cancelled"),
                    ("moved", "Booking changed by the operator"),
                    ("failed", "Charger could not be held"),
                    ("no-show", "No-show"),
                    ("reminder", "Reminder before the start"),
                    ("running-late", "Driver running late"),
                    ("offered", "Offer from the waiting list"),
                    ("wait-ended", "Waiting ended without a booking"),
                    ("charger-trouble", "Charger blocked or broken"),
                ],
                max_length=16,
                verbose_name="kind",
            ),
        ),
    ]
