import django.db.models.deletion
import django.db.models.functions.text
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("charging_sites", "0002_mirror_parking_spaces"),
        ("drivers", "0002_keep_charging_cards"),
        ("vehicles", "0001_create_vehicles"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="BayMemory",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("needs", models.JSONField(default=dict, verbose_name="needs")),
                ("needs_key", models.CharField(max_length=64)),
                ("approved", models.PositiveIntegerField(default=0, verbose_name="approved")),
                ("refused", models.PositiveIntegerField(default=0, verbose_name="refused")),
                (
                    "last_reason",
                    models.CharField(
                        blank=True, max_length=1000, verbose_name="operator's last reason"
                    ),
                ),
                (
                    "refused_at",
                    models.DateTimeField(blank=True, null=True, verbose_name="last refused"),
                ),
                (
                    "changed_at",
                    models.DateTimeField(
                        default=django.utils.timezone.now, verbose_name="last decided"
                    ),
                ),
            ],
            options={
                "verbose_name": "bay memory",
                "verbose_name_plural": "bay memories",
            },
        ),
        migrations.AddField(
            model_name="vehicle",
            name="number_key",
            field=models.CharField(blank=True, db_default="", editable=False, max_length=200),
        ),
        migrations.AddConstraint(
            model_name="vehicle",
            constraint=models.UniqueConstraint(
                models.F("fleet"),
                django.db.models.functions.text.Upper("plate"),
                condition=models.Q(("retired_at", None), models.Q(("plate", ""), _negated=True)),
                name="vehicle_plate_once_a_fleet",
            ),
        ),
        migrations.AddField(
            model_name="baymemory",
            name="fleet",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="+",
                to="drivers.fleet",
            ),
        ),
        migrations.AddField(
            model_name="baymemory",
            name="location",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="bay_memories",
                to="charging_sites.location",
            ),
        ),
        migrations.AddIndex(
            model_name="baymemory",
            index=models.Index(fields=["fleet", "needs_key"], name="bay_memory_by_need"),
        ),
        migrations.AddConstraint(
            model_name="baymemory",
            constraint=models.UniqueConstraint(
                fields=("fleet", "location", "needs_key"), name="bay_memory_once_a_need"
            ),
        ),
    ]
