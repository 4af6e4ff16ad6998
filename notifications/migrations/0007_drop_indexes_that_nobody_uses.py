from django.db import migrations

from mirror.migration_operations import DropForeignKeyIndexWhileServing


class Migration(migrations.Migration):
    # Indexes are dropped while people write.
    atomic = False

    dependencies = [("notifications", "0006_tell_of_trouble_at_chargers")]

    operations = [
        DropForeignKeyIndexWhileServing("notification", "recipient_user"),
        DropForeignKeyIndexWhileServing("notification", "request"),
        DropForeignKeyIndexWhileServing("notificationpreference", "fleet"),
    ]
