"""Mirrors an operator once in a process; where another test begins alike, its rows come at once.

Hundreds of tests begin with a mirrored operator, which took sixty statements and was up to a third
of what they cost. The calls to the operator are made each time, so that what went over the wire
and what the client knows is as after the mirroring. How that comes to its rows is for the tests of
the mirrors, which do not begin with it.
"""

import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import connection
from django.db.models import Model
from django.utils.timezone import now

from ampeco.client import AmpecoClient
from drivers.models import Driver, Fleet, FleetDriver, PrivateAccess
from drivers.sync import sync_fleet_drivers
from mirror.models import SyncRun
from sandbox.world.world import World
from sites.mirroring import full_walk
from sites.models import ChargePoint, Connector, Evse, Location, ParkingSpace

# What stands on others comes after them.
MODELS: tuple[type[Model], ...] = (
    *(SyncRun, Location, ChargePoint, Evse, Connector),
    *(Driver, FleetDriver, PrivateAccess),
)
TIME = re.compile(r"datetime\.datetime\([^()]*\)")
WHEN_CHANGED = "ampeco_updated_at"

Rows = list[tuple[type[Model], list[dict[str, Any]]]]
# By what the operator would tell: when it was mirrored, for which fleet, and the rows.
_kept: dict[str, tuple[datetime, int, Rows]] = {}


def mirror(world: World, fleet: Fleet, client: AmpecoClient) -> None:
    """Mirror the operator's sites and the fleet's drivers, as their first runs do."""
    untouched = not _have_rows()
    told = what_it_tells(world, fleet)
    if untouched and told in _kept:
        _write_again(*_kept[told], fleet=fleet, changed=_when_changed(fleet, client))
        return
    at = now()
    full_walk.sync_sites(client=client, full=True)
    sync_fleet_drivers(fleet, client=client)
    if untouched and not ParkingSpace.objects.exists():
        rows = [(model, list(model._default_manager.order_by("pk").values())) for model in MODELS]
        _kept[told] = (at, fleet.pk, rows)


def what_it_tells(world: World, fleet: Fleet) -> str:
    """Return all that decides what is mirrored but times, which are of each test's own."""
    kept = {
        name: value
        for name, value in vars(world).items()
        if isinstance(value, dict | bool | int | float | str)
    }
    found = (kept, world.faults, fleet.ampeco_partner_id, settings.SHOW_ROAMING_SITES)
    return TIME.sub("", repr(found))


def _have_rows() -> bool:
    tables = [connection.ops.quote_name(model._meta.db_table) for model in MODELS]
    any_row = " OR ".join(f"EXISTS (SELECT 1 FROM {table})" for table in tables)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {any_row}")
        return bool(cursor.fetchone()[0])


def _when_changed(fleet: Fleet, client: AmpecoClient) -> dict[type[Model], dict[int, Any]]:
    """Read the operator's lists as the mirrors do; return when what is on them has changed."""
    lists: dict[type[Model], Iterator[Any]] = {
        Location: client.location_pages(),
        ChargePoint: client.charge_point_pages(),
        Evse: client.evse_pages(),
        ParkingSpace: client.parking_space_pages(),
        Driver: client.partner_user_pages(fleet.ampeco_partner_id),
    }
    return {
        model: {
            one.id: getattr(one, "last_updated_at", None) for page in pages for one in page.items
        }
        for model, pages in lists.items()
    }


def _write_again(
    at: datetime, of_fleet: int, rows: Rows, *, fleet: Fleet, changed: dict[type[Model], Any]
) -> None:
    later = now() - at
    keys: dict[tuple[type[Model], int], int] = {(Fleet, of_fleet): fleet.pk}
    for model, kept in rows:
        to = {
            field.attname: field.related_model for field in model._meta.fields if field.remote_field
        }
        made = []
        for row in kept:
            values = {}
            for name, value in row.items():
                if name == WHEN_CHANGED:
                    values[name] = changed[model][row["ampeco_id"]]
                elif to.get(name) and value is not None:
                    values[name] = keys[to[name], value]
                elif isinstance(value, datetime):
                    values[name] = value + later
                elif name != "id":
                    values[name] = value
            made.append(model(**values))
        model._default_manager.bulk_create(made)
        keys |= {(model, row["id"]): one.pk for row, one in zip(kept, made, strict=True)}
