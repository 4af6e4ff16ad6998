"""Sessions by the million, made by the database itself."""

from django.db import connection, transaction

from charging.models import CostCentre, Session
from drivers.models import Fleet
from mirror.migration_lock import without_limits

# Cost centres and currencies that they are spread over.
CENTRES = 20
DAYS = 365


def fill_sessions(fleet: Fleet, *, count: int) -> None:
    """Make so many sessions of a fleet over the last year, in place of all that there are.

    They are spread over its drivers, its vehicles and all chargers, in two currencies.
    """
    CostCentre.objects.bulk_create(
        [CostCentre(fleet=fleet, code=f"CC {number}") for number in range(CENTRES)],
        ignore_conflicts=True,
    )
    parents = {
        "drivers": ("drivers_fleetdriver", "driver_id", f"WHERE fleet_id = {fleet.pk}"),
        "vehicles": ("vehicles_vehicle", "id", f"WHERE fleet_id = {fleet.pk}"),
        "centres": ("charging_costcentre", "id", f"WHERE fleet_id = {fleet.pk}"),
    }
    joins = "".join(
        f" LEFT JOIN (SELECT {key} AS pk, row_number() OVER (ORDER BY {key}) - 1 AS nth"
        f" FROM {table} {where}) AS {name}"
        f" ON {name}.nth = n % (SELECT greatest(count(*), 1) FROM {table} {where})"
        for name, (table, key, where) in parents.items()
    )
    places = (
        " JOIN (SELECT evse.id AS evse_id, point.location_id,"
        " row_number() OVER (ORDER BY evse.id) - 1 AS nth FROM charging_sites_evse AS evse"
        " JOIN charging_sites_chargepoint AS point ON point.id = evse.charge_point_id) AS places"
        " ON places.nth = n * 7 % (SELECT count(*) FROM charging_sites_evse)"
    )
    start = f"date_trunc('minute', now()) - interval '1 minute' * (n * {DAYS * 1440} / {count})"
    columns = {
        "ampeco_id": "'bench-' || n",
        "fleet_id": str(fleet.pk),
        "driver_id": "drivers.pk",
        "vehicle_id": "CASE WHEN n % 5 = 0 THEN NULL ELSE vehicles.pk END",
        "cost_centre_id": "CASE WHEN n % 3 = 0 THEN NULL ELSE centres.pk END",
        "evse_id": "places.evse_id",
        "location_id": "places.location_id",
        "assigned_by_hand": "false",
        "status": "'finished'",
        "started_at": "started_at",
        "stopped_at": "started_at + interval '50 minutes'",
        "local_day": "(started_at AT TIME ZONE 'UTC')::date",
        "energy_kwh": "(n % 60000) / 1000.0",
        "amount": "(n % 6000) / 100.0",
        "amount_without_tax": "(n % 5000) / 100.0",
        "currency": "CASE WHEN n % 4 = 0 THEN 'USD' ELSE 'EUR' END",
        "price_breakdown": "'[]'",
        "payment": "CASE WHEN n % 10 = 0 THEN 'open' ELSE 'paid' END",
        "synced_at": "now()",
        **dict.fromkeys(("reference", "stop_reason", "billing_status", "id_tag_end"), "''"),
    }
    table = Session._meta.db_table
    with connection.cursor() as cursor, transaction.atomic(), without_limits(connection):
        cursor.execute(f"TRUNCATE {table} CASCADE")
        cursor.execute(
            f"INSERT INTO {table} ({', '.join(columns)}) SELECT {', '.join(columns.values())}"
            f" FROM (SELECT n, {start} AS started_at"
            f" FROM generate_series(0::bigint, {count - 1}::bigint) AS n) AS numbers{joins}{places}"
        )
    with connection.cursor() as cursor:
        # As the database does by itself, minutes after so many rows have come.
        cursor.execute(f"VACUUM ANALYZE {table}")
