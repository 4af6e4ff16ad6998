from django.db import migrations

from mirror.migration_operations import DropForeignKeyIndexWhileServing


class Migration(migrations.Migration):
    # Indexes are dropped while people write.
    atomic = False

    dependencies = [("drivers", "0001_create_fleets_and_drivers")]

    operations = [
        DropForeignKeyIndexWhileServing("fleetdriver", "fleet"),
        DropForeignKeyIndexWhileServing("fleetmembership", "fleet"),
        DropForeignKeyIndexWhileServing("privateaccess", "driver"),
    ]
