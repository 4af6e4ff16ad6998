from django.db import migrations

from mirror.migration_operations import DropForeignKeyIndexWhileServing


class Migration(migrations.Migration):
    # Indexes are dropped while people write.
    atomic = False

    dependencies = [("charging_sites", "0002_mirror_parking_spaces")]

    operations = [
        DropForeignKeyIndexWhileServing("connector", "evse"),
        DropForeignKeyIndexWhileServing("favouritesite", "user"),
    ]
