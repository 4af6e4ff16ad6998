"""Makes the longest-standing manager of each fleet its admin.

Among managers whose accounts are switched on, if there are any. A fleet of viewers alone gets none.
"""

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.models import Exists, OuterRef, Subquery


def make_admins(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Give each fleet that has managers and no admin its first one."""
    memberships = apps.get_model("drivers", "FleetMembership").objects.using(
        schema_editor.connection.alias
    )
    fleets = apps.get_model("drivers", "Fleet").objects.using(schema_editor.connection.alias)
    managers = memberships.filter(fleet=OuterRef("pk"), role="manager")
    firsts = (
        fleets.filter(~Exists(managers.filter(is_admin=True)))
        .annotate(
            first=Subquery(
                managers.order_by("-user__is_active", "created_at", "pk").values("pk")[:1]
            )
        )
        .filter(first__isnull=False)
    )
    memberships.filter(pk__in=firsts.values("first")).update(is_admin=True)


class Migration(migrations.Migration):
    dependencies = [
        ("drivers", "0003_add_fleet_admins"),
    ]

    operations = [
        migrations.RunPython(make_admins, migrations.RunPython.noop),
    ]
