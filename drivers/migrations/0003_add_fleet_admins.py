"""Adds who of a fleet's managers looks after its team."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("drivers", "0002_add_reminder_lead_time"),
    ]

    operations = [
        migrations.AddField(
            model_name="fleetmembership",
            name="is_admin",
            field=models.BooleanField(
                db_default=False,
                default=False,
                help_text="A manager who also decides who belongs to the team.",
                verbose_name="fleet admin",
            ),
        ),
    ]
