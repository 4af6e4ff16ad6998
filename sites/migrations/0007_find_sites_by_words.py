from django.contrib.postgres.indexes import GinIndex
from django.db import migrations

from mirror.migration_operations import AddIndexWhileServing


class Migration(migrations.Migration):
    # Indexes are built while people write.
    atomic = False

    dependencies = [
        ("charging_sites", "0006_show_sites_of_other_operators"),
        ("mirror", "0004_find_parts_of_words"),
    ]

    operations = [
        AddIndexWhileServing(
            "location",
            GinIndex(fields=["search_text"], opclasses=["gin_trgm_ops"], name="location_by_words"),
        ),
    ]
