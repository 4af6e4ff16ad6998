from django.db import migrations

from mirror.migration_operations import UseExtension


class Migration(migrations.Migration):
    dependencies = [("mirror", "0003_count_more_runs")]

    operations = [UseExtension("pg_trgm")]
