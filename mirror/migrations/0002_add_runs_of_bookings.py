"""Lets runs be of the operator's bookings too."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("mirror", "0001_create_sync_runs")]

    operations = [
        migrations.AlterField(
            model_name="syncrun",
            name="kind",
            field=models.CharField(
                choices=[
                    ("sites-full", "Sites, all"),
                    ("sites-delta", "Sites, changes"),
                    ("drivers", "Drivers"),
                    ("bookings", "Bookings"),
                ],
                max_length=16,
                verbose_name="kind",
            ),
        ),
    ]
