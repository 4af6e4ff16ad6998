from decimal import Decimal

import django.core.validators
import django.db.models.deletion
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
            name="Limit",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "by_fleet",
                    models.BooleanField(
                        db_default=False,
                        default=False,
                        editable=False,
                        help_text="Its admins have set it for their own fleet.",
                        verbose_name="set by the fleet",
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("at-a-time", "Bookings at the same time"),
                            ("per-day", "Bookings a day"),
                            ("hours-per-day", "Hours a day"),
                            ("hours-per-week", "Hours a week"),
                            ("longest", "Longest booking"),
                            ("notice", "Lead time"),
                            ("window", "Time window"),
                            ("blackout", "Blackout"),
                        ],
                        max_length=16,
                        verbose_name="kind",
                    ),
                ),
                (
                    "most",
                    models.DecimalField(
                        blank=True,
                        decimal_places=2,
                        help_text="How many bookings; or how many hours, also for the longest booking and for how long before the start it must be booked. In quarter hours, such as 1.5.",
                        max_digits=6,
                        null=True,
                        validators=[
                            django.core.validators.MinValueValidator(Decimal(0)),
                            django.core.validators.MaxValueValidator(Decimal(9999)),
                        ],
                        verbose_name="number or hours",
                    ),
                ),
                (
                    "weekdays",
                    models.CharField(
                        blank=True,
                        help_text="Of a time window: on which days it begins.",
                        max_length=7,
                        verbose_name="days",
                    ),
                ),
                (
                    "begins",
                    models.TimeField(
                        blank=True,
                        help_text="Of a time window, by the site's clocks.",
                        null=True,
                        verbose_name="from",
                    ),
                ),
                (
                    "ends",
                    models.TimeField(
                        blank=True,
                        help_text="Of a time window; not after its beginning means on the next day.",
                        null=True,
                        verbose_name="to",
                    ),
                ),
                (
                    "start_at",
                    models.DateTimeField(
                        blank=True, help_text="Of a blackout.", null=True, verbose_name="start"
                    ),
                ),
                (
                    "end_at",
                    models.DateTimeField(
                        blank=True, help_text="Of a blackout.", null=True, verbose_name="end"
                    ),
                ),
                (
                    "note",
                    models.CharField(
                        blank=True,
                        help_text="Fleets read it beside the rule.",
                        max_length=120,
                        verbose_name="why",
                    ),
                ),
                (
                    "created_at",
                    models.DateTimeField(
                        default=django.utils.timezone.now, editable=False, verbose_name="created"
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
                    "evses",
                    models.ManyToManyField(
                        blank=True,
                        help_text="A group of chargers at the site. Empty: all of them.",
                        related_name="limits",
                        to="charging_sites.evse",
                        verbose_name="chargers",
                    ),
                ),
                (
                    "fleet",
                    models.ForeignKey(
                        blank=True,
                        help_text="Empty: for each fleet by itself.",
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="limits",
                        to="drivers.fleet",
                        verbose_name="fleet",
                    ),
                ),
                (
                    "location",
                    models.ForeignKey(
                        blank=True,
                        help_text="Empty: at all sites together.",
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="limits",
                        to="charging_sites.location",
                        verbose_name="site",
                    ),
                ),
            ],
            options={
                "verbose_name": "booking rule",
                "verbose_name_plural": "booking rules",
                "ordering": ["pk"],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("by_fleet", False), ("fleet__isnull", False), _connector="OR"
                        ),
                        name="own_limit_names_fleet",
                    )
                ],
            },
        ),
    ]
