from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("bookings", "0001_create_bookings")]

    operations = [
        # Without a default, of which the bookings that there are would all get the same.
        migrations.AddField(
            "booking",
            "calendar_uid",
            models.CharField(
                db_default="",
                editable=False,
                help_text="The UID of the calendar entry, by which calendars find it again.",
                max_length=300,
                verbose_name="id in calendars",
            ),
        )
    ]
