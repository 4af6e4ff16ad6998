"""Gives the bookings that there are the UID under which they are in calendars already."""

import secrets
from urllib.parse import urlsplit

from django.conf import settings
from django.db import migrations, models

AT_ONCE = 500


def keep(apps, schema_editor):
    host = urlsplit(settings.SITE_URL).hostname or "localhost"
    rows = apps.get_model("bookings", "Booking").objects.using(schema_editor.connection.alias)
    without = rows.filter(calendar_uid="").order_by("pk").only("uid")
    last = 0
    while batch := list(without.filter(pk__gt=last)[:AT_ONCE]):
        for booking in batch:
            booking.calendar_uid = f"{booking.uid}@{host}"
        rows.bulk_update(batch, ["calendar_uid"])
        last = batch[-1].pk


class Migration(migrations.Migration):
    # So that nobody who changes a booking waits for all of them.
    atomic = False

    dependencies = [("bookings", "0002_add_calendar_uids")]

    operations = [
        migrations.RunPython(keep, migrations.RunPython.noop),
        migrations.AlterField(
            "booking",
            "calendar_uid",
            models.CharField(
                db_default="",
                default=secrets.token_hex,
                editable=False,
                help_text="The UID of the calendar entry, by which calendars find it again.",
                max_length=300,
                verbose_name="id in calendars",
            ),
        ),
    ]
