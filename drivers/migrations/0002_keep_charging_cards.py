import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("drivers", "0001_create_fleets_and_drivers"),
    ]

    operations = [
        migrations.AddField(
            model_name="driver",
            name="tags_read_at",
            field=models.DateTimeField(blank=True, null=True, verbose_name="cards last read"),
        ),
        migrations.CreateModel(
            name="IdTag",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("ampeco_id", models.BigIntegerField(unique=True, verbose_name="AMPECO id")),
                ("type", models.CharField(max_length=16, verbose_name="type")),
                ("status", models.CharField(max_length=16, verbose_name="status")),
                ("label", models.CharField(blank=True, max_length=100, verbose_name="label")),
                (
                    "last_digits",
                    models.CharField(blank=True, max_length=8, verbose_name="last digits"),
                ),
                (
                    "expires_at",
                    models.DateTimeField(blank=True, null=True, verbose_name="valid until"),
                ),
                (
                    "driver",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="id_tags",
                        to="drivers.driver",
                    ),
                ),
            ],
            options={
                "verbose_name": "charging card",
                "verbose_name_plural": "charging cards",
            },
        ),
    ]
