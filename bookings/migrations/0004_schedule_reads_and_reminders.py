"""Lets the sweeps find the bookings that were confirmed before they were followed."""

from datetime import timedelta

from django.db import migrations
from django.utils import timezone

BATCH = 1000
LEAD = timedelta(minutes=60)


def schedule(apps, _schema_editor):
    """Give confirmed bookings a next read, and those ahead a reminder."""
    bookings = apps.get_model("bookings", "Booking").objects
    now = timezone.now()
    live = bookings.filter(status__in=["accepted", "reserved"], end_at__gt=now)
    last = 0
    while rows := list(live.filter(pk__gt=last).order_by("pk")[:BATCH]):
        for row in rows:
            row.refresh_at = now
            row.reminder_at = row.start_at - LEAD if row.start_at - LEAD > now else None
        bookings.bulk_update(rows, ["refresh_at", "reminder_at"])
        last = rows[-1].pk


class Migration(migrations.Migration):
    dependencies = [("bookings", "0003_index_followed_bookings")]

    operations = [migrations.RunPython(schedule, migrations.RunPython.noop)]
