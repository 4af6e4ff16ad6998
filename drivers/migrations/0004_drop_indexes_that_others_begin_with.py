from django.db import migrations

from mirror.migration_operations import DropForeignKeyIndexWhileServing


class Migration(migrations.Migration):
    # Indexes are dropped while people write.
    atomic = False

    dependencies = [("drivers", "0003_let_drivers_help_themselves")]

    operations = [
        DropForeignKeyIndexWhileServing("fleetdriver", "fleet"),
        DropForeignKeyIndexWhileServing("fleetmembership", "fleet"),
        DropForeignKeyIndexWhileServing("privateaccess", "driver"),
    ]
