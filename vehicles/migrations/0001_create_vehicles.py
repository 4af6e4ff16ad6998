import django.core.validators
import django.db.models.deletion
import django.db.models.functions.text
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("charging_sites", "0001_create_sites_mirror"),
        ("drivers", "0001_create_fleets_and_drivers"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Vehicle",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "number",
                    models.CharField(
                        help_text="What your fleet calls it, such as “Van 14”.",
                        max_length=32,
                        verbose_name="number",
                    ),
                ),
                ("plate", models.CharField(blank=True, max_length=16, verbose_name="plate")),
                ("vin", models.CharField(blank=True, max_length=17, verbose_name="VIN")),
                ("make", models.CharField(blank=True, max_length=64, verbose_name="make")),
                ("model", models.CharField(blank=True, max_length=64, verbose_name="model")),
                (
                    "ampeco_type",
                    models.CharField(
                        blank=True,
                        choices=[
                            (
                                "two_and_three_wheel_vehicles_and_quadricycles",
                                "Two- or three-wheeler",
                            ),
                            ("passenger_vehicles", "Car"),
                            ("passenger_vehicles_with_trailer", "Car with trailer"),
                            ("light_duty_vans", "Van"),
                            ("heavy_duty_tractor_units_without_trailer", "Tractor unit"),
                            ("heavy_duty_trucks_without_articulation_point", "Rigid truck"),
                            ("heavy_duty_trucks_with_trailer_attached", "Truck with trailer"),
                            ("buses_or_motor_coaches", "Bus or coach"),
                        ],
                        max_length=64,
                        verbose_name="kind of vehicle",
                    ),
                ),
                (
                    "battery_kwh",
                    models.DecimalField(
                        blank=True,
                        decimal_places=1,
                        max_digits=6,
                        null=True,
                        verbose_name="battery (kWh)",
                    ),
                ),
                (
                    "ac_kw",
                    models.DecimalField(
                        blank=True,
                        decimal_places=1,
                        max_digits=6,
                        null=True,
                        verbose_name="AC power (kW)",
                    ),
                ),
                (
                    "dc_kw",
                    models.DecimalField(
                        blank=True,
                        decimal_places=1,
                        max_digits=6,
                        null=True,
                        verbose_name="DC power (kW)",
                    ),
                ),
                ("plugs", models.JSONField(blank=True, default=list, verbose_name="plugs")),
                (
                    "kwh_per_km",
                    models.DecimalField(
                        blank=True,
                        decimal_places=3,
                        max_digits=5,
                        null=True,
                        verbose_name="consumption (kWh per km)",
                    ),
                ),
                (
                    "reserve_percent",
                    models.PositiveSmallIntegerField(
                        blank=True,
                        help_text="What is to be left in the battery at the end of a trip.",
                        null=True,
                        validators=[
                            django.core.validators.MinValueValidator(0),
                            django.core.validators.MaxValueValidator(90),
                        ],
                        verbose_name="reserve (%)",
                    ),
                ),
                (
                    "weight_kg",
                    models.PositiveIntegerField(blank=True, null=True, verbose_name="weight (kg)"),
                ),
                (
                    "height_cm",
                    models.PositiveIntegerField(blank=True, null=True, verbose_name="height (cm)"),
                ),
                (
                    "length_cm",
                    models.PositiveIntegerField(blank=True, null=True, verbose_name="length (cm)"),
                ),
                (
                    "width_cm",
                    models.PositiveIntegerField(blank=True, null=True, verbose_name="width (cm)"),
                ),
                (
                    "needs_drive_through",
                    models.BooleanField(default=False, verbose_name="needs a drive-through space"),
                ),
                (
                    "needs_refrigeration",
                    models.BooleanField(default=False, verbose_name="needs a refrigeration outlet"),
                ),
                (
                    "carries_dangerous_goods",
                    models.BooleanField(default=False, verbose_name="carries dangerous goods"),
                ),
                (
                    "cost_centre",
                    models.CharField(blank=True, max_length=64, verbose_name="cost centre"),
                ),
                ("retired_at", models.DateTimeField(blank=True, null=True, verbose_name="retired")),
                ("version", models.PositiveIntegerField(default=0, editable=False)),
                (
                    "created_at",
                    models.DateTimeField(
                        default=django.utils.timezone.now, editable=False, verbose_name="created"
                    ),
                ),
                ("search_text", models.TextField(blank=True, editable=False)),
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
                        related_name="vehicles",
                        to="drivers.fleet",
                    ),
                ),
                (
                    "home_site",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="charging_sites.location",
                        verbose_name="home site",
                    ),
                ),
                (
                    "usual_driver",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="usual_vehicles",
                        to="drivers.driver",
                        verbose_name="usual driver",
                    ),
                ),
            ],
            options={
                "verbose_name": "vehicle",
                "verbose_name_plural": "vehicles",
                "indexes": [
                    models.Index(fields=["fleet", "number", "id"], name="vehicle_by_number")
                ],
                "constraints": [
                    models.UniqueConstraint(
                        models.F("fleet"),
                        django.db.models.functions.text.Upper("number"),
                        condition=models.Q(("retired_at", None)),
                        name="vehicle_number_once_a_fleet",
                    )
                ],
            },
        ),
    ]
