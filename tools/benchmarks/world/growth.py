"""Rows by the million, made by PostgreSQL itself: what there is, ten times over."""

from django.db import connection, models

from bookings.models import Booking
from drivers.models import Driver, Fleet, FleetDriver
from mirror.migration_lock import without_limits
from sites.models import ChargePoint, Evse, Location
from tools.benchmarks.world.data import without_indexes

# Between the numbers of what is copied and those of its copies.
STEP = 100_000_000
# Who searches for a copy by its name finds that alone.
NAMED = "' x' || n || 'x'"
SPAN_DAYS = 3 * 365
AHEAD_DAYS = 14

Model = type[models.Model]


def copy_sites(times: int) -> None:
    """Make so many copies of each site, with its charge points and EVSEs."""
    name = {
        "name": f"old.name || {NAMED}",
        "search_text": f"old.search_text || {NAMED}",
    }
    _copy(Location, times, ampeco_id=f"old.ampeco_id + n * {STEP}::bigint", **name)
    parents: tuple[tuple[Model, str, Model], ...] = (
        (ChargePoint, "location", Location),
        (Evse, "charge_point", ChargePoint),
    )
    for model, parent, of_what in parents:
        table = of_what._meta.db_table
        _copy(
            model,
            times,
            ampeco_id=f"old.ampeco_id + n * {STEP}::bigint",
            **{f"{parent}_id": _copy_of(table, "ampeco_id", f"old.{parent}_id")},
        )


def copy_drivers(fleet: Fleet, times: int) -> None:
    """Make so many copies of each driver of a fleet, as drivers of it."""
    changes = {
        "ampeco_user_id": f"old.ampeco_user_id + n * {STEP}::bigint",
        "email": "n || old.email",
        "last_name": f"old.last_name || {NAMED}",
        "search_text": f"old.search_text || {NAMED}",
    }
    its_own = f"old.id IN (SELECT driver_id FROM drivers_fleetdriver WHERE fleet_id = {fleet.pk})"
    _copy(Driver, times, where=its_own, **changes)
    driver = _copy_of("drivers_driver", "ampeco_user_id", "old.driver_id")
    _copy(FleetDriver, times, where=f"old.fleet_id = {fleet.pk}", driver_id=driver)


def add_fleets(fleet: Fleet, count: int) -> None:
    """Make so many fleets more, each without members or drivers of its own."""
    first = Fleet.objects.count()
    Fleet.objects.bulk_create(
        Fleet(
            name=f"Fleet {first + n}",
            ampeco_partner_id=fleet.ampeco_partner_id + (first + n) * STEP,
        )
        for n in range(count)
    )


def fill_bookings(fleet: Fleet, *, count: int) -> None:
    """Make so many bookings over three years in place of all: half of them a fleet's."""
    parents = {
        "drivers": (
            "SELECT driver_id, row_number() OVER (ORDER BY driver_id) - 1 AS nth"
            f" FROM drivers_fleetdriver WHERE fleet_id = {fleet.pk}"
        ),
        "places": (
            "SELECT evse.id AS evse_id, point.location_id,"
            " row_number() OVER (ORDER BY evse.id) - 1 AS nth"
            " FROM charging_sites_evse AS evse JOIN charging_sites_chargepoint AS point"
            " ON point.id = evse.charge_point_id"
        ),
        "fleets": (
            "SELECT id AS fleet_id, row_number() OVER (ORDER BY id) - 1 AS nth"
            f" FROM drivers_fleet WHERE id <> {fleet.pk}"
        ),
    }
    starts = (
        f"date_trunc('minute', now()) + interval '{AHEAD_DAYS} days'"
        f" - interval '{SPAN_DAYS} days' * (1 - n / {count}::float)"
    )
    status = (
        "CASE WHEN n % 1000 = 0 THEN 'rejected' WHEN start_at > now() THEN 'accepted'"
        " WHEN n % 20 = 1 THEN 'cancelled' ELSE 'completed' END"
    )
    columns = {
        "uid": "gen_random_uuid()",
        "fleet_id": f"CASE WHEN n % 2 = 0 THEN {fleet.pk} ELSE fleets.fleet_id END",
        "driver_id": "drivers.driver_id",
        "location_id": "places.location_id",
        "evse_id": "places.evse_id",
        "start_at": "start_at",
        "end_at": "start_at + interval '2 hours'",
        "reference": "'Job-' || n",
        "reference_key": "'JOB-' || n",
        "status": status,
        "needs_attention": f"n % 1000 = 0 AND n > {count} - 100000",
        "ampeco_booking_id": "1000000 + n",
        **dict.fromkeys(("slot_key", "open_change"), "''"),
        **dict.fromkeys(("created_at", "changed_at"), "now()"),
        "made_elsewhere": "false",
        **dict.fromkeys(("version", "link_generation"), "0"),
    }
    with connection.cursor() as cursor, without_limits(connection):
        cursor.execute("SET max_parallel_maintenance_workers = 0")
        cursor.execute("TRUNCATE bookings_booking CASCADE")
        with without_indexes():
            cursor.execute(
                f"INSERT INTO bookings_booking ({', '.join(columns)})"
                f" SELECT {', '.join(columns.values())}"
                f" FROM (SELECT n, {starts} AS start_at"
                f" FROM generate_series(0, {count - 1}) AS n) AS numbers"
                + "".join(
                    f" JOIN ({rows}) AS {name} ON {name}.nth ="
                    f" n / 2 % (SELECT count(*) FROM ({rows}) AS all_of_them)"
                    for name, rows in parents.items()
                )
            )
        cursor.execute("VACUUM ANALYZE")


def middle_of(fleet: Fleet, *, count: int) -> Booking:
    return Booking.objects.get(fleet=fleet, reference=f"Job-{count // 4 * 2}")


def _copy(model: Model, times: int, *, where: str = "true", **changes: str) -> None:
    columns = {
        str(field.column): f'old."{field.column}"'
        for field in model._meta.concrete_fields
        if not field.primary_key
    }
    columns |= changes
    table = model._meta.db_table
    with connection.cursor() as cursor, without_limits(connection):
        cursor.execute(
            f"INSERT INTO {table} ({', '.join(columns)}) SELECT {', '.join(columns.values())}"
            f" FROM {table} AS old, generate_series(1, {times}) AS n WHERE {where}"
        )


def _copy_of(table: str, number: str, key: str) -> str:
    """Return the key of the nth copy of a row, found by the number that the operator gave it."""
    return (
        f"(SELECT new.id FROM {table} AS new WHERE new.{number} ="
        f" (SELECT first.{number} FROM {table} AS first WHERE first.id = {key})"
        f" + n * {STEP}::bigint)"
    )
