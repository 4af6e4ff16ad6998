"""Adds what it takes to follow bookings: changes, history, sessions, notices, feeds."""

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

import bookings.models.feed


class Migration(migrations.Migration):
    dependencies = [
        ("bookings", "0001_create_bookings"),
        ("charging_sites", "0001_create_sites_mirror"),
        ("drivers", "0002_add_reminder_lead_time"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="BookingEvent",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "at",
                    models.DateTimeField(default=django.utils.timezone.now, verbose_name="when"),
                ),
                (
                    "what",
                    models.CharField(
                        choices=[
                            ("found", "Found at the operator"),
                            ("changed", "Changed at the operator"),
                            ("gone", "No longer known to the operator"),
                            ("withdrawal-asked", "To be cancelled once decided"),
                            ("move-asked", "Move to another place requested"),
                            ("move-ended", "Not moved"),
                            ("running-late", "Driver runs late"),
                            ("link-revoked", "Driver's link revoked"),
                        ],
                        max_length=24,
                        verbose_name="what",
                    ),
                ),
                (
                    "actor",
                    models.CharField(
                        choices=[
                            ("manager", "Fleet manager"),
                            ("staff", "Operator's staff"),
                            ("driver", "Driver"),
                            ("portal", "Portal"),
                            ("operator", "Operator"),
                        ],
                        max_length=16,
                        verbose_name="who",
                    ),
                ),
                (
                    "changes",
                    models.JSONField(blank=True, default=dict, verbose_name="old and new values"),
                ),
                ("note", models.CharField(blank=True, max_length=1000, verbose_name="note")),
            ],
            options={
                "verbose_name": "event of a booking",
                "verbose_name_plural": "history of bookings",
                "ordering": ["at", "id"],
            },
        ),
        migrations.CreateModel(
            name="CalendarFeed",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "secret",
                    models.CharField(
                        default=bookings.models.feed.new_secret,
                        editable=False,
                        max_length=64,
                        unique=True,
                    ),
                ),
                (
                    "created_at",
                    models.DateTimeField(
                        default=django.utils.timezone.now, editable=False, verbose_name="created"
                    ),
                ),
                (
                    "last_read_at",
                    models.DateTimeField(blank=True, null=True, verbose_name="last read"),
                ),
                ("revoked_at", models.DateTimeField(blank=True, null=True, verbose_name="revoked")),
            ],
            options={
                "verbose_name": "calendar feed",
                "verbose_name_plural": "calendar feeds",
                "ordering": ["-created_at", "-pk"],
            },
        ),
        migrations.CreateModel(
            name="ChargingSession",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "ampeco_session_id",
                    models.CharField(max_length=64, unique=True, verbose_name="AMPECO session id"),
                ),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("pending", "Starting"),
                            ("active", "Charging"),
                            ("finished", "Finished"),
                            ("failed", "Failed"),
                            ("expired", "Expired"),
                            ("unknown", "Unknown"),
                        ],
                        default="unknown",
                        max_length=16,
                        verbose_name="status",
                    ),
                ),
                ("started_at", models.DateTimeField(blank=True, null=True, verbose_name="started")),
                ("stopped_at", models.DateTimeField(blank=True, null=True, verbose_name="stopped")),
                (
                    "energy_kwh",
                    models.DecimalField(
                        blank=True,
                        decimal_places=3,
                        max_digits=12,
                        null=True,
                        verbose_name="energy (kWh)",
                    ),
                ),
                (
                    "amount",
                    models.DecimalField(
                        blank=True, decimal_places=4, max_digits=12, null=True, verbose_name="cost"
                    ),
                ),
                ("currency", models.CharField(blank=True, max_length=8, verbose_name="currency")),
                ("read_at", models.DateTimeField(blank=True, null=True, verbose_name="last read")),
                (
                    "refresh_at",
                    models.DateTimeField(blank=True, null=True, verbose_name="next read upstream"),
                ),
            ],
            options={
                "verbose_name": "charging session",
                "verbose_name_plural": "charging sessions",
            },
        ),
        migrations.CreateModel(
            name="NoticePreference",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("approved", "Booking approved"),
                            ("rejected", "Booking rejected"),
                            ("not-placed", "Booking not placed"),
                            ("changed", "Booking changed"),
                            ("change-refused", "Change not made"),
                            ("cancelled", "Booking cancelled"),
                            ("cancel-refused", "Booking not cancelled"),
                            ("moved", "Booking changed by the operator"),
                            ("failed", "Charger could not be held"),
                            ("no-show", "No-show"),
                            ("reminder", "Reminder before the start"),
                            ("running-late", "Driver runs late"),
                        ],
                        max_length=16,
                        verbose_name="kind",
                    ),
                ),
                (
                    "managers",
                    models.CharField(
                        choices=[
                            ("nobody", "No manager"),
                            ("asked", "The manager who asked"),
                            ("all", "All managers"),
                        ],
                        max_length=16,
                        verbose_name="managers",
                    ),
                ),
                ("driver", models.BooleanField(verbose_name="driver")),
            ],
            options={
                "verbose_name": "notification preference",
                "verbose_name_plural": "notification preferences",
            },
        ),
        migrations.AddField(
            model_name="booking",
            name="changed_at",
            field=models.DateTimeField(
                default=django.utils.timezone.now, editable=False, verbose_name="last changed"
            ),
        ),
        migrations.AddField(
            model_name="booking",
            name="link_generation",
            field=models.PositiveIntegerField(
                default=0, editable=False, help_text="Driver's links of an earlier one are revoked."
            ),
        ),
        migrations.AddField(
            model_name="booking",
            name="made_elsewhere",
            field=models.BooleanField(
                default=False,
                help_text="In the operator's app, not in this portal.",
                verbose_name="made elsewhere",
            ),
        ),
        migrations.AddField(
            model_name="booking",
            name="open_change",
            field=models.CharField(
                blank=True,
                choices=[
                    ("update", "Change requested"),
                    ("cancel", "Cancellation requested"),
                    ("move", "Move requested"),
                    ("withdraw", "To be cancelled"),
                ],
                max_length=16,
                verbose_name="asked for and undecided",
            ),
        ),
        migrations.AddField(
            model_name="booking",
            name="reminder_at",
            field=models.DateTimeField(blank=True, null=True, verbose_name="reminder due"),
        ),
        migrations.AddField(
            model_name="booking",
            name="replaces",
            field=models.ForeignKey(
                blank=True,
                db_index=False,
                help_text="The booking that is cancelled once this one is approved.",
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="replacements",
                to="bookings.booking",
                verbose_name="moved from",
            ),
        ),
        migrations.AddField(
            model_name="booking",
            name="version",
            field=models.PositiveIntegerField(
                default=0,
                editable=False,
                help_text="Rises with each change; also the SEQUENCE of the calendar entry.",
                verbose_name="version",
            ),
        ),
        migrations.AddField(
            model_name="bookingrequest",
            name="asked_by",
            field=models.CharField(
                choices=[
                    ("manager", "Fleet manager"),
                    ("staff", "Operator's staff"),
                    ("driver", "Driver"),
                    ("portal", "Portal"),
                    ("operator", "Operator"),
                ],
                default="manager",
                max_length=16,
                verbose_name="asked by",
            ),
        ),
        migrations.AddField(
            model_name="bookingrequest",
            name="batch",
            field=models.UUIDField(
                blank=True,
                editable=False,
                help_text="Names those that were asked for together.",
                null=True,
            ),
        ),
        migrations.AddField(
            model_name="bookingrequest",
            name="previous_driver",
            field=models.ForeignKey(
                blank=True,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="drivers.driver",
            ),
        ),
        migrations.AddField(
            model_name="bookingrequest",
            name="previous_end_at",
            field=models.DateTimeField(blank=True, null=True, verbose_name="end before"),
        ),
        migrations.AddField(
            model_name="bookingrequest",
            name="previous_start_at",
            field=models.DateTimeField(blank=True, null=True, verbose_name="start before"),
        ),
        migrations.AddField(
            model_name="notification",
            name="recipient_driver",
            field=models.ForeignKey(
                blank=True,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to="drivers.driver",
            ),
        ),
        migrations.AlterField(
            model_name="bookingrequest",
            name="failure",
            field=models.CharField(
                blank=True,
                choices=[
                    ("slot-gone", "The slot was taken before the request could be sent."),
                    ("too-late", "The start had passed before the request could be sent."),
                    ("evse-not-bookable", "The charger can no longer be booked."),
                    ("driver-not-allowed", "The driver may no longer book for this fleet."),
                    ("refused", "The operator's system refused the request."),
                    ("withdrawn", "It was withdrawn before it was sent."),
                    ("booking-over", "The booking had ended or was cancelled meanwhile."),
                ],
                max_length=32,
                verbose_name="failure",
            ),
        ),
        migrations.AlterField(
            model_name="bookingrequestevent",
            name="actor",
            field=models.CharField(
                choices=[
                    ("manager", "Fleet manager"),
                    ("staff", "Operator's staff"),
                    ("driver", "Driver"),
                    ("portal", "Portal"),
                    ("operator", "Operator"),
                ],
                max_length=16,
                verbose_name="who",
            ),
        ),
        migrations.AlterField(
            model_name="notification",
            name="kind",
            field=models.CharField(
                choices=[
                    ("approved", "Booking approved"),
                    ("rejected", "Booking rejected"),
                    ("not-placed", "Booking not placed"),
                    ("changed", "Booking changed"),
                    ("change-refused", "Change not made"),
                    ("cancelled", "Booking cancelled"),
                    ("cancel-refused", "Booking not cancelled"),
                    ("moved", "Booking changed by the operator"),
                    ("failed", "Charger could not be held"),
                    ("no-show", "No-show"),
                    ("reminder", "Reminder before the start"),
                    ("running-late", "Driver runs late"),
                ],
                max_length=16,
                verbose_name="kind",
            ),
        ),
        migrations.AlterField(
            model_name="notification",
            name="request",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="notifications",
                to="bookings.bookingrequest",
            ),
        ),
        migrations.AddField(
            model_name="bookingevent",
            name="booking",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="events",
                to="bookings.booking",
            ),
        ),
        migrations.AddField(
            model_name="bookingevent",
            name="driver",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to="drivers.driver",
            ),
        ),
        migrations.AddField(
            model_name="bookingevent",
            name="user",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="notification",
            name="event",
            field=models.ForeignKey(
                blank=True,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="notifications",
                to="bookings.bookingevent",
            ),
        ),
        migrations.AddConstraint(
            model_name="notification",
            constraint=models.UniqueConstraint(
                condition=models.Q(("event__isnull", False)),
                fields=("event", "kind", "recipient_email"),
                name="told_once_of_each_event",
            ),
        ),
        migrations.AddField(
            model_name="calendarfeed",
            name="created_by",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="calendarfeed",
            name="driver",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="+",
                to="drivers.driver",
            ),
        ),
        migrations.AddField(
            model_name="calendarfeed",
            name="fleet",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="calendar_feeds",
                to="drivers.fleet",
            ),
        ),
        migrations.AddField(
            model_name="calendarfeed",
            name="location",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="+",
                to="charging_sites.location",
            ),
        ),
        migrations.AddField(
            model_name="chargingsession",
            name="booking",
            field=models.OneToOneField(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="charging_session",
                to="bookings.booking",
            ),
        ),
        migrations.AddField(
            model_name="noticepreference",
            name="fleet",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="notice_preferences",
                to="drivers.fleet",
            ),
        ),
        migrations.AddIndex(
            model_name="bookingevent",
            index=models.Index(fields=["booking", "at", "id"], name="event_by_booking"),
        ),
        migrations.AddConstraint(
            model_name="calendarfeed",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("location__isnull", True), ("driver__isnull", True), _connector="OR"
                ),
                name="feed_of_one_thing",
            ),
        ),
        migrations.AddIndex(
            model_name="chargingsession",
            index=models.Index(
                condition=models.Q(("refresh_at__isnull", False)),
                fields=["refresh_at"],
                name="session_to_read",
            ),
        ),
        migrations.AddConstraint(
            model_name="noticepreference",
            constraint=models.UniqueConstraint(
                fields=("fleet", "kind"), name="one_preference_a_kind"
            ),
        ),
    ]
