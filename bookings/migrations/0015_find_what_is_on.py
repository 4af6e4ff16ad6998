from django.db import migrations, models

from mirror.migration_operations import AddIndexWhileServing


class Migration(migrations.Migration):
    # Indexes are built while people write.
    atomic = False

    dependencies = [("bookings", "0014_tell_who_marks_as_done")]

    operations = [
        AddIndexWhileServing(
            "booking",
            models.Index(
                fields=["fleet", "start_at", "id"],
                condition=models.Q(status__in=["accepted", "requested", "reserved"]),
                name="booking_holding_a_place",
            ),
        ),
        AddIndexWhileServing(
            "booking",
            models.Index(
                fields=["fleet", "end_at"],
                condition=models.Q(status="completed"),
                name="booking_charged_by_its_end",
            ),
        ),
    ]
