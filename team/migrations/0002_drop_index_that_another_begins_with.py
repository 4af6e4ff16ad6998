from django.db import migrations

from mirror.migration_operations import DropForeignKeyIndexWhileServing


class Migration(migrations.Migration):
    # Indexes are dropped while people write.
    atomic = False

    dependencies = [("team", "0001_create_invitations")]

    operations = [
        DropForeignKeyIndexWhileServing("invitation", "fleet"),
    ]
