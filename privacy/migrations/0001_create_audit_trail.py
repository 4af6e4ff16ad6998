import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("drivers", "0002_add_reminder_lead_time"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="ClearedBookings",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("ended_before", models.DateTimeField(verbose_name="bookings that ended before")),
                (
                    "fleet",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="drivers.fleet",
                    ),
                ),
            ],
            options={
                "verbose_name": "cleared bookings of a fleet",
                "verbose_name_plural": "cleared bookings of fleets",
                "default_permissions": (),
            },
        ),
        migrations.CreateModel(
            name="AuditEntry",
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
                    "actor",
                    models.CharField(
                        choices=[
                            ("staff", "Operator’s staff"),
                            ("command-line", "Command line"),
                            ("portal", "Portal"),
                            ("unknown", "Somebody not signed in"),
                        ],
                        max_length=16,
                        verbose_name="who",
                    ),
                ),
                (
                    "action",
                    models.CharField(
                        choices=[
                            ("added", "Added"),
                            ("changed", "Changed"),
                            ("deleted", "Deleted"),
                            ("acted", "Action"),
                            ("signed-in", "Signed in"),
                            ("sign-in-failed", "Sign-in failed"),
                            ("signed-out", "Signed out"),
                            ("exported", "Personal data exported"),
                            ("erased", "Personal data erased"),
                            ("cleared", "Old data cleared"),
                        ],
                        max_length=16,
                        verbose_name="what",
                    ),
                ),
                (
                    "name",
                    models.CharField(
                        blank=True,
                        help_text="Of the back office, or command",
                        max_length=100,
                        verbose_name="which action",
                    ),
                ),
                (
                    "object_type",
                    models.CharField(blank=True, max_length=64, verbose_name="kind of object"),
                ),
                ("object_id", models.CharField(blank=True, max_length=64, verbose_name="object")),
                (
                    "changes",
                    models.JSONField(blank=True, default=dict, verbose_name="old and new values"),
                ),
                ("counts", models.JSONField(blank=True, default=dict, verbose_name="numbers")),
                (
                    "request_id",
                    models.CharField(blank=True, max_length=64, verbose_name="request id"),
                ),
                (
                    "address",
                    models.GenericIPAddressField(blank=True, null=True, verbose_name="address"),
                ),
                (
                    "user",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="person",
                    ),
                ),
            ],
            options={
                "verbose_name": "entry of the audit trail",
                "verbose_name_plural": "audit trail",
                "permissions": [
                    ("export_person", "Can export what is kept of a person"),
                    ("erase_person", "Can erase what is kept of a person"),
                ],
                "default_permissions": ("view",),
                "indexes": [
                    models.Index(fields=["user", "id"], name="audit_by_person"),
                    models.Index(fields=["object_type", "object_id", "id"], name="audit_by_object"),
                    models.Index(fields=["action", "id"], name="audit_by_action"),
                ],
            },
        ),
    ]
