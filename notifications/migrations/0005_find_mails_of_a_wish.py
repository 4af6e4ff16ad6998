from django.db import migrations, models

from mirror.migration_operations import AddIndexWhileServing


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("notifications", "0004_keep_way_back_from_wishes")]

    operations = [
        AddIndexWhileServing(
            "notification",
            models.Index(
                condition=models.Q(("wish_event__isnull", False)),
                fields=["wish_event"],
                name="notification_by_wish_event",
            ),
        )
    ]
