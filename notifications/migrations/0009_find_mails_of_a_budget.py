from django.db import migrations, models

from mirror.migration_operations import AddIndexWhileServing


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("notifications", "0008_tell_of_budgets")]

    operations = [
        AddIndexWhileServing(
            "notification",
            models.Index(
                condition=models.Q(("budget_warning__isnull", False)),
                fields=["budget_warning"],
                name="notification_by_budget",
            ),
        )
    ]
