"""Lasts until as many machines as EXPECTED_MACHINES says have come to migrate as well."""

import os
import time

from django.db import migrations, models

# Each has a name of its own, under which PostgreSQL knows its sessions.
COME = """
SELECT count(DISTINCT application_name) FROM pg_stat_activity
WHERE datname = current_database() AND application_name LIKE 'machine %'
"""


def wait_for_others(apps, schema_editor):
    give_up_at = time.monotonic() + 120
    with schema_editor.connection.cursor() as cursor:
        while time.monotonic() < give_up_at:
            cursor.execute(COME)
            if cursor.fetchone()[0] >= int(os.environ["EXPECTED_MACHINES"]):
                return
            time.sleep(0.1)
    raise TimeoutError("Not all machines have come.")


class Migration(migrations.Migration):
    # Within a transaction, who is there stays as it was when first looked at.
    atomic = False

    operations = [
        migrations.RunPython(wait_for_others),
        migrations.CreateModel(
            "Desk",
            [("id", models.BigAutoField(primary_key=True)), ("number", models.IntegerField())],
        ),
    ]
