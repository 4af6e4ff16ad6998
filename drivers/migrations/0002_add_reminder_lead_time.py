"""Adds how long before the start a fleet wants reminders."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("drivers", "0001_create_fleets_and_drivers"),
    ]

    operations = [
        migrations.AddField(
            model_name="fleet",
            name="reminder_minutes",
            field=models.PositiveSmallIntegerField(
                default=60,
                help_text="How long before the start the reminder goes out; 0 for no reminder.",
                verbose_name="reminder before the start (minutes)",
            ),
        ),
    ]
