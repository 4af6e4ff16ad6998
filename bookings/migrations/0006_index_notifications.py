"""Indexes what a fleet looks for among its mails, and names those that were not worth sending."""

from django.db import migrations, models
from django.db.models.functions import Upper

from mirror.migration_operations import AddIndexWhileServing


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("bookings", "0005_note_upstream_changes")]

    operations = [
        migrations.AlterField(
            model_name="notification",
            name="state",
            field=models.CharField(
                choices=[
                    ("queued", "Waiting"),
                    ("sent", "Sent"),
                    ("given-up", "Could not be delivered"),
                    ("dropped", "Not sent"),
                ],
                default="queued",
                max_length=16,
                verbose_name="state",
            ),
        ),
        AddIndexWhileServing(
            model_name="notification",
            index=models.Index(fields=["kind", "id"], name="notification_by_kind"),
        ),
        AddIndexWhileServing(
            model_name="notification",
            index=models.Index(
                fields=["state", "id"],
                condition=models.Q(("state", "sent"), _negated=True),
                name="notification_not_sent",
            ),
        ),
        AddIndexWhileServing(
            model_name="notification",
            index=models.Index(Upper("recipient_email"), "id", name="notification_by_recipient"),
        ),
    ]
