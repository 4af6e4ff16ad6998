"""Which bookings of a list come first of those that a text finds, however many it finds.

PostgreSQL would choose between an index of what is looked for, which finds all of it, and the one
by start, which comes to it sooner or later. Where it guesses wrongly it reads most of the table. So
it is led to what comes first in steps, each a short look into an index that has both.
"""

from datetime import datetime, timedelta

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import BigIntegerField, DateTimeField, Func, QuerySet

from bookings.models import Booking
from bookings.models.reference_index import ByteOrder, Week

WEEK = timedelta(days=7)
# Looked up name by name, as long as that finds no more rows than this.
MOST_BY_NAME = 15_000
# A lateral join is a nested loop: it takes the weeks as they come, and ends with the last row asked
# for. Within a week, rows are in order already.
WEEK_BY_WEEK = """
SELECT found.start_at, found.id
FROM generate_series(({begin}), ({end}), interval '{step}') AS weeks(week)
CROSS JOIN LATERAL ({rows}) AS found(start_at, id)
LIMIT %s
"""
NAME_BY_NAME = """
SELECT found.start_at, found.id
FROM unnest(%s::bigint[]) AS names(id)
CROSS JOIN LATERAL ({rows}) AS found(start_at, id)
ORDER BY found.start_at {direction}, found.id {direction}
LIMIT %s
"""


class ThisWeek(Func):
    """The week that the SQL above has come to."""

    template = "weeks.week"
    output_field = DateTimeField()


class ThisName(Func):
    """The key of what is named that it has come to."""

    template = "names.id"
    output_field = BigIntegerField()


def first_by_reference(
    bookings: QuerySet[Booking],
    beginning: str,
    *,
    among: QuerySet[Booking],
    latest_first: bool,
    count: int,
) -> list[tuple[datetime, int]]:
    """Return start and key of the first bookings of a fleet, in the order of their start.

    `beginning` is that of a reference's key. Very many may begin so, and none of them near the
    beginning of the list: an index has them by week. `among` is all of that time, whatever else the
    list is narrowed to: weeks before and after it are left out.
    """
    order = _order(latest_first=latest_first)
    # Those without a reference are not in the index.
    found = bookings.exclude(reference_key="").order_by(*order)
    found = found.alias(key=ByteOrder("reference_key")).filter(key__startswith=beginning)
    if connection.vendor != "postgresql":
        return list(found.values_list("start_at", "pk")[:count])
    # The start beside its week, so that an index by start and something else may serve as well.
    within = found.alias(week=Week("start_at")).filter(
        week=ThisWeek(), start_at__gte=ThisWeek(), start_at__lt=ThisWeek() + WEEK
    )
    weeks = among.annotate(week=Week("start_at")).values("week")
    parts = {
        "begin": weeks.order_by(order[0])[:1],
        "end": weeks.order_by(order[0]).reverse()[:1],
        "rows": within.values_list("start_at", "pk")[:count],
    }
    try:
        compiled = {name: part.query.sql_with_params() for name, part in parts.items()}
    except EmptyResultSet:
        return []
    sql = WEEK_BY_WEEK.format(
        **{name: sql for name, (sql, _values) in compiled.items()},
        step="-7 days" if latest_first else "7 days",
    )
    values = [value for _sql, values in compiled.values() for value in values]
    with connection.cursor() as cursor:
        cursor.execute(sql, [*values, count])
        return sorted(cursor.fetchall(), reverse=latest_first)


def first_by_name(
    bookings: QuerySet[Booking], name: str, keys: list[int], *, latest_first: bool, count: int
) -> list[tuple[datetime, int]]:
    """Return start and key of the first bookings of a fleet that have one of some sites or drivers.

    `name` is that of the column. The fleet may have been at none of them for years, of which
    nothing is known where the database counts rows by fleet and by site.
    """
    rows = bookings.order_by(*_order(latest_first=latest_first)).values_list("start_at", "pk")
    if connection.vendor != "postgresql" or len(keys) * count > MOST_BY_NAME:
        return list(rows.filter(**{f"{name}__in": keys})[:count])
    try:
        of_one, values = rows.filter(**{name: ThisName()})[:count].query.sql_with_params()
    except EmptyResultSet:
        return []
    sql = NAME_BY_NAME.format(rows=of_one, direction="DESC" if latest_first else "ASC")
    with connection.cursor() as cursor:
        cursor.execute(sql, [keys, *values, count])
        return list(cursor.fetchall())


def _order(*, latest_first: bool) -> tuple[str, str]:
    return ("-start_at", "-pk") if latest_first else ("start_at", "pk")
