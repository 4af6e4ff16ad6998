"""Room for addresses that only the portal can read.

Those that are there are sealed within the hour by the workers (`calendars.feeds.seal_addresses`),
so that the version before can serve until then. Undoing it writes them back as they were.
"""

from django.apps.registry import Apps
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

from calendars.models import PURPOSE, new_secret
from shell.sealing import unseal


def write_addresses_back(apps: Apps, editor: BaseDatabaseSchemaEditor) -> None:
    """Write secrets as the version before reads them; one whose key is lost gets another."""
    feeds = apps.get_model("calendars", "CalendarFeed").objects.using(editor.connection.alias)
    for feed in feeds.exclude(sealed="").iterator():
        feed.secret = unseal(feed.sealed, purpose=PURPOSE) or new_secret()
        feed.save(update_fields=["secret"])


class Migration(migrations.Migration):
    dependencies = [("calendars", "0001_create_feeds")]

    operations = [
        migrations.AddField(
            "calendarfeed",
            "sealed",
            models.TextField(blank=True, db_default="", default="", editable=False),
        ),
        migrations.AlterField(
            "calendarfeed",
            "secret",
            models.CharField(editable=False, max_length=64, unique=True),
        ),
        migrations.RunPython(migrations.RunPython.noop, write_addresses_back),
    ]
