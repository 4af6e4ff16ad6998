import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("charging_sites", "0001_create_sites_mirror"),
        ("mirror", "0001_create_sync_runs"),
    ]

    operations = [
        migrations.CreateModel(
            name="ParkingSpace",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("ampeco_id", models.BigIntegerField(unique=True, verbose_name="AMPECO id")),
                (
                    "ampeco_updated_at",
                    models.DateTimeField(blank=True, null=True, verbose_name="changed upstream"),
                ),
                ("synced_at", models.DateTimeField(verbose_name="last read")),
                (
                    "retired_at",
                    models.DateTimeField(blank=True, null=True, verbose_name="vanished upstream"),
                ),
                ("label", models.CharField(blank=True, max_length=255, verbose_name="label")),
                ("status", models.CharField(max_length=16, verbose_name="status")),
                (
                    "is_accessible",
                    models.BooleanField(default=False, verbose_name="for people with disabilities"),
                ),
                (
                    "evses",
                    models.ManyToManyField(
                        related_name="parking_spaces",
                        to="charging_sites.evse",
                        verbose_name="EVSEs",
                    ),
                ),
                (
                    "location",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="parking_spaces",
                        to="charging_sites.location",
                    ),
                ),
                (
                    "seen_in_run",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="mirror.syncrun",
                    ),
                ),
            ],
            options={
                "verbose_name": "parking space",
                "verbose_name_plural": "parking spaces",
            },
        ),
        migrations.CreateModel(
            name="ParkingLimits",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "max_weight_kg",
                    models.PositiveIntegerField(
                        blank=True, null=True, verbose_name="heaviest (kg)"
                    ),
                ),
                (
                    "max_height_cm",
                    models.PositiveIntegerField(blank=True, null=True, verbose_name="highest (cm)"),
                ),
                (
                    "max_length_cm",
                    models.PositiveIntegerField(blank=True, null=True, verbose_name="longest (cm)"),
                ),
                (
                    "max_width_cm",
                    models.PositiveIntegerField(blank=True, null=True, verbose_name="widest (cm)"),
                ),
                (
                    "vehicle_types",
                    models.JSONField(blank=True, default=list, verbose_name="kinds of vehicles"),
                ),
                (
                    "drive_through",
                    models.BooleanField(blank=True, null=True, verbose_name="drive-through"),
                ),
                (
                    "refrigeration_outlet",
                    models.BooleanField(blank=True, null=True, verbose_name="refrigeration outlet"),
                ),
                (
                    "dangerous_goods",
                    models.BooleanField(
                        blank=True, null=True, verbose_name="dangerous goods allowed"
                    ),
                ),
                (
                    "space",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="limits",
                        to="charging_sites.parkingspace",
                    ),
                ),
            ],
            options={
                "verbose_name": "limits of a parking space",
                "verbose_name_plural": "limits of parking spaces",
            },
        ),
    ]
