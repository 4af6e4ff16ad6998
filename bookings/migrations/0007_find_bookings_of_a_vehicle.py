from django.db import migrations, models

from mirror.migration_operations import AddIndexWhileServing


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("bookings", "0006_name_vehicles")]

    operations = [
        AddIndexWhileServing(
            "booking",
            models.Index(
                condition=models.Q(("vehicle__isnull", False)),
                fields=["vehicle", "start_at"],
                name="booking_by_vehicle",
            ),
        )
    ]
