from django.db import migrations, models

from mirror.migration_operations import AddIndexWhileServing


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("notifications", "0010_tell_of_months")]

    operations = [
        AddIndexWhileServing(
            "notification",
            models.Index(
                condition=models.Q(("fleet__isnull", False)),
                fields=["fleet", "month"],
                name="notification_by_month",
            ),
        )
    ]
