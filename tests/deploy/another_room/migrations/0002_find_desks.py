from django.db import migrations, models

from mirror.migration_operations import AddIndexWhileServing


class Migration(migrations.Migration):
    # Waits for all that is running in the database: also for those who wait for their turn.
    atomic = False

    dependencies = [("another_room", "0001_wait_for_other_machines")]

    operations = [
        AddIndexWhileServing("desk", models.Index(fields=["number"], name="desk_by_number")),
    ]
