"""Rows by the million, made inside PostgreSQL."""

from django.db import connection

BOOKINGS_SQL = """
INSERT INTO bookings_booking (
    uid, fleet_id, driver_id, location_id, evse_id, start_at, end_at, reference, reference_key, status,
    needs_attention, ampeco_booking_id, slot_key, created_at
)
SELECT
    gen_random_uuid(),
    %(fleet)s,
    (%(drivers)s::bigint[])[1 + n %% array_length(%(drivers)s::bigint[], 1)],
    cp.location_id,
    e.id,
    date_trunc('hour', now()) + (n - %(past)s) * interval '90 seconds',
    date_trunc('hour', now()) + (n - %(past)s) * interval '90 seconds' + interval '2 hours',
    'Job-' || n,
    'JOB-' || n,
    CASE
        WHEN n %% 1000 = 0 THEN 'rejected'
        WHEN n > %(past)s AND n %% 50 = 0 THEN 'requested'
        WHEN n > %(past)s THEN 'accepted'
        WHEN n %% 20 = 0 THEN 'cancelled'
        ELSE 'completed'
    END,
    n %% 1000 = 0 AND n > %(past)s - 5000,
    n,
    '',
    now()
FROM generate_series(1, %(count)s) AS n
JOIN (SELECT id, charge_point_id, row_number() OVER () AS number FROM charging_sites_evse) AS e
  ON e.number = 1 + n %% (SELECT count(*) FROM charging_sites_evse)
JOIN charging_sites_chargepoint AS cp ON cp.id = e.charge_point_id
"""


def make_bookings(*, fleet_id: int, driver_ids: list[int], count: int, upcoming: int) -> None:
    """Insert `count` bookings of a fleet, the last `upcoming` of them in the future."""
    with connection.cursor() as cursor:
        cursor.execute(
            BOOKINGS_SQL,
            {
                "fleet": fleet_id,
                "drivers": driver_ids,
                "count": count,
                "past": count - upcoming,
            },
        )
        cursor.execute("ANALYZE")
