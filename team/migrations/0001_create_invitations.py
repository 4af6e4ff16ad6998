"""Creates invitations to the teams of fleets."""

import uuid

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

import team.models


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("drivers", "0004_make_first_managers_admins"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Invitation",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("uid", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ("email", models.EmailField(max_length=254, verbose_name="e-mail")),
                ("name", models.CharField(blank=True, max_length=150, verbose_name="name")),
                (
                    "role",
                    models.CharField(
                        choices=[
                            ("admin", "Fleet admin"),
                            ("manager", "Manager"),
                            ("viewer", "Viewer"),
                        ],
                        max_length=16,
                        verbose_name="role",
                    ),
                ),
                (
                    "language",
                    models.CharField(blank=True, max_length=16, verbose_name="language of mails"),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("open", "Not accepted yet"),
                            ("accepted", "Accepted"),
                            ("revoked", "Revoked"),
                        ],
                        default="open",
                        max_length=16,
                        verbose_name="state",
                    ),
                ),
                (
                    "created_at",
                    models.DateTimeField(
                        default=django.utils.timezone.now, editable=False, verbose_name="invited"
                    ),
                ),
                ("sent_at", models.DateTimeField(blank=True, null=True, verbose_name="last mail")),
                ("mails", models.PositiveSmallIntegerField(default=0, verbose_name="mails")),
                (
                    "expires_at",
                    models.DateTimeField(
                        default=team.models.in_some_days, verbose_name="valid until"
                    ),
                ),
                (
                    "settled_at",
                    models.DateTimeField(blank=True, null=True, verbose_name="accepted or revoked"),
                ),
                (
                    "accepted_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="accepted by",
                    ),
                ),
                (
                    "fleet",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="invitations",
                        to="drivers.fleet",
                    ),
                ),
                (
                    "invited_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="invited by",
                    ),
                ),
            ],
            options={
                "verbose_name": "invitation",
                "verbose_name_plural": "invitations",
                "indexes": [
                    models.Index(fields=["fleet", "-created_at"], name="invitation_by_fleet"),
                    models.Index(fields=["email"], name="invitation_by_email"),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("state", "open")),
                        fields=("fleet", "email"),
                        name="one_open_invitation_a_person",
                    )
                ],
            },
        ),
    ]
