from django.contrib.postgres.indexes import GinIndex
from django.db import migrations, models

from drivers.models import EnabledFirst
from mirror.migration_operations import AddIndexWhileServing
from mirror.search import Folded


class Migration(migrations.Migration):
    # Indexes are built while people write.
    atomic = False

    dependencies = [
        ("drivers", "0006_let_drivers_start"),
        ("mirror", "0004_find_parts_of_words"),
    ]

    operations = [
        AddIndexWhileServing(
            "driver",
            GinIndex(fields=["search_text"], opclasses=["gin_trgm_ops"], name="driver_by_words"),
        ),
        AddIndexWhileServing(
            "driver",
            models.Index(
                EnabledFirst("status"),
                Folded("search_text"),
                models.F("id"),
                name="driver_as_listed",
            ),
        ),
    ]
