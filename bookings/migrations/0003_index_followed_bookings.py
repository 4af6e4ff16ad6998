"""Indexes what sweeps look for in tables that are large already."""

from django.db import migrations, models

from mirror.migration_operations import AddIndexWhileServing


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("bookings", "0002_follow_bookings")]

    operations = [
        AddIndexWhileServing(
            model_name="booking",
            index=models.Index(
                condition=models.Q(("replaces__isnull", False)),
                fields=["replaces"],
                name="booking_by_replaced",
            ),
        ),
        AddIndexWhileServing(
            model_name="booking",
            index=models.Index(
                condition=models.Q(("reminder_at__isnull", False)),
                fields=["reminder_at"],
                name="booking_to_remind_of",
            ),
        ),
        AddIndexWhileServing(
            model_name="bookingrequest",
            index=models.Index(
                condition=models.Q(("batch__isnull", False)),
                fields=["batch"],
                name="request_by_batch",
            ),
        ),
    ]
