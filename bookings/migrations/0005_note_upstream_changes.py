"""Notes when the operator last changed a booking whose charger was read."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("bookings", "0004_schedule_reads_and_reminders")]

    operations = [
        migrations.AddField(
            model_name="booking",
            name="ampeco_updated_at",
            field=models.DateTimeField(blank=True, null=True, verbose_name="changed upstream"),
        ),
    ]
