from django.db import migrations, models

from bookings.models.reference_index import ByteOrder, Week
from mirror.migration_operations import AddIndexWhileServing


class Migration(migrations.Migration):
    # Indexes are built while people write.
    atomic = False

    dependencies = [("bookings", "0009_keep_reports_from_chargers")]

    operations = [
        AddIndexWhileServing(
            "booking",
            models.Index(
                models.F("fleet"),
                Week("start_at"),
                ByteOrder("reference_key"),
                models.F("start_at"),
                models.F("id"),
                condition=~models.Q(reference_key=""),
                name="booking_by_week_and_key",
            ),
        ),
        AddIndexWhileServing(
            "booking",
            models.Index(
                fields=["fleet", "status", "start_at"],
                condition=~models.Q(status="completed"),
                name="booking_by_rarer_status",
            ),
        ),
        AddIndexWhileServing(
            "booking", models.Index(fields=["fleet", "end_at"], name="booking_by_its_end")
        ),
        AddIndexWhileServing(
            "booking", models.Index(fields=["driver", "start_at"], name="booking_of_driver")
        ),
    ]
