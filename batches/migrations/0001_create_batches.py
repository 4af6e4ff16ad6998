import uuid

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("bookings", "0007_find_bookings_of_a_vehicle"),
        ("charging_sites", "0001_create_sites_mirror"),
        ("drivers", "0001_create_fleets_and_drivers"),
        ("vehicles", "0001_create_vehicles"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Batch",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("name", models.CharField(blank=True, max_length=80, verbose_name="name")),
                (
                    "source",
                    models.CharField(
                        choices=[
                            ("block", "Chargers of a day"),
                            ("vehicles", "Vehicles"),
                            ("file", "File"),
                            ("series", "Series"),
                            ("copy", "Earlier bookings"),
                        ],
                        max_length=16,
                        verbose_name="made from",
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[("draft", "Draft"), ("sent", "Sent"), ("discarded", "Discarded")],
                        default="draft",
                        max_length=16,
                        verbose_name="state",
                    ),
                ),
                (
                    "version",
                    models.PositiveIntegerField(
                        default=0, editable=False, help_text="Rises with each change of the table."
                    ),
                ),
                ("file_digest", models.CharField(blank=True, editable=False, max_length=64)),
                (
                    "created_at",
                    models.DateTimeField(
                        default=django.utils.timezone.now, editable=False, verbose_name="created"
                    ),
                ),
                (
                    "changed_at",
                    models.DateTimeField(
                        default=django.utils.timezone.now,
                        editable=False,
                        verbose_name="last changed",
                    ),
                ),
                (
                    "sent_at",
                    models.DateTimeField(
                        blank=True, editable=False, null=True, verbose_name="sent"
                    ),
                ),
                (
                    "created_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "fleet",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="batches",
                        to="drivers.fleet",
                    ),
                ),
            ],
            options={
                "verbose_name": "table of bookings",
                "verbose_name_plural": "tables of bookings",
            },
        ),
        migrations.CreateModel(
            name="BatchRow",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("position", models.PositiveIntegerField()),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("proposed", "Proposed"),
                            ("left-out", "Left out"),
                            ("asked", "Asked for"),
                            ("refused", "Not asked for"),
                        ],
                        default="proposed",
                        max_length=16,
                        verbose_name="state",
                    ),
                ),
                ("start_at", models.DateTimeField(blank=True, null=True, verbose_name="start")),
                ("end_at", models.DateTimeField(blank=True, null=True, verbose_name="end")),
                (
                    "reference",
                    models.CharField(blank=True, max_length=64, verbose_name="reference"),
                ),
                ("given", models.JSONField(blank=True, default=dict)),
                ("problem", models.CharField(blank=True, max_length=1000, verbose_name="problem")),
                (
                    "submission_key",
                    models.UUIDField(default=uuid.uuid4, editable=False, unique=True),
                ),
                (
                    "batch",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="rows",
                        to="batches.batch",
                    ),
                ),
                (
                    "booking",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="batch_rows",
                        to="bookings.booking",
                    ),
                ),
                (
                    "driver",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="drivers.driver",
                    ),
                ),
                (
                    "evse",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="charging_sites.evse",
                    ),
                ),
                (
                    "location",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="charging_sites.location",
                    ),
                ),
                (
                    "vehicle",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="vehicles.vehicle",
                    ),
                ),
            ],
            options={
                "verbose_name": "row of a table",
                "verbose_name_plural": "rows of tables",
                "ordering": ["position", "pk"],
            },
        ),
        migrations.AddIndex(
            model_name="batch",
            index=models.Index(fields=["fleet", "state", "-created_at"], name="batch_by_state"),
        ),
        migrations.AddConstraint(
            model_name="batchrow",
            constraint=models.UniqueConstraint(
                fields=("batch", "position"), name="batch_row_once_a_position"
            ),
        ),
    ]
