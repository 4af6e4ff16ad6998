"""Which bookings of a list come first of those whose reference begins with a text.

An index by reference finds all that begin so, an index by start what comes first. Where very many
begin so, and none of them near the beginning of the list, either has PostgreSQL read a large part
of the table. So it goes through the weeks of the list in their order, until it has enough: each is
a short look into an index by week and reference.
"""

from datetime import datetime, timedelta

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import DateTimeField, Func, QuerySet

from bookings.models import Booking
from bookings.models.reference_index import ByteOrder, Week

WEEK = timedelta(days=7)
# A lateral join is a nested loop: it takes the weeks as they come, and ends with the last row asked
# for. Within a week, rows are in order already.
SQL = """
SELECT found.start_at, found.id
FROM generate_series(({begin}), ({end}), interval '{step}') AS weeks(week)
CROSS JOIN LATERAL ({rows}) AS found(start_at, id)
LIMIT %s
"""


class ThisWeek(Func):
    """The week that the SQL above has come to."""

    template = "weeks.week"
    output_field = DateTimeField()


def first_by_reference(
    bookings: QuerySet[Booking],
    beginning: str,
    *,
    among: QuerySet[Booking],
    latest_first: bool,
    count: int,
) -> list[tuple[datetime, int]]:
    """Return start and key of the first bookings of a fleet, in the order of their start.

    `beginning` is that of a reference's key, `among` all of that time, whatever else the list is
    narrowed to: weeks before and after it are left out.
    """
    order = ("-start_at", "-pk") if latest_first else ("start_at", "pk")
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
    sql = SQL.format(
        **{name: sql for name, (sql, _values) in compiled.items()},
        step="-7 days" if latest_first else "7 days",
    )
    values = [value for _sql, values in compiled.values() for value in values]
    with connection.cursor() as cursor:
        cursor.execute(sql, [*values, count])
        return sorted(cursor.fetchall(), reverse=latest_first)
