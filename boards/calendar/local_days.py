"""On which days of its site's own clock a booking lies, as the database tells it."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, TypeAlias
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import connection
from django.db.models import (
    Case,
    DateField,
    DateTimeField,
    Expression,
    ExpressionWrapper,
    F,
    Func,
    QuerySet,
    Value,
    When,
)
from django.db.models.expressions import Combinable

from bookings.models import Booking
from bookings.selectors import LONGEST_BOOKING
from mirror.written_once import written_once
from sites.models import Location

# How far local midnight is from that of UTC: Kiribati is 14 hours ahead, Baker Island 12 behind.
MOST_AHEAD, MOST_BEHIND = timedelta(hours=14), timedelta(hours=12)
INSTANT, DAY = timedelta(microseconds=1), timedelta(days=1)

# What of the bookings that lie on some days tells which come first on each.
COLUMNS = ("start_at", "first_day", "last_day")
FIRST_OF_EACH = """
SELECT pk, first_day, last_day, alike
FROM (
  SELECT pk, start_at, first_day, last_day,
    COUNT(*) OVER (PARTITION BY first_day, last_day) AS alike,
    ROW_NUMBER() OVER (PARTITION BY first_day, last_day ORDER BY start_at, pk) AS place
  FROM ({lying}) AS lying
) AS ranked
WHERE place <= %s
ORDER BY start_at, pk
"""

Zones: TypeAlias = dict[str, ZoneInfo]


@dataclass(frozen=True, slots=True)
class DaysOfBooking:
    """A booking on the days of its site; `alike` is how many lie on just these days."""

    pk: int
    first: date
    last: date
    alike: int


class LocalDay(Func):
    """The day of an instant in the zone that another column names."""

    output_field = DateField()
    # By the function that Django gives SQLite for this. It takes a name such as Etc/GMT+5 for a
    # zone and an offset; no site lies in one of those.
    template = "django_datetime_cast_date(%(expressions)s, 'UTC')"
    arg_joiner = ", "


class DayByMidnights(Func):
    """The day of an instant by the midnights of its zone: the day before the first, and so on.

    What lies beside these days counts for the day beside them. In PostgreSQL, a quarter of what
    it takes to look up the zone for each row.
    """

    output_field = DateField()

    def as_postgresql(self, compiler: Any, connection: Any) -> tuple[str, Any]:  # noqa: ARG002
        """Return the SQL for: the day before the first, an instant, the midnights."""
        (before, *first), (instant, *second), (midnights, *third) = (
            (sql, *params) for sql, params in map(compiler.compile, self.get_source_expressions())
        )
        return f"({before}::date + width_bucket({instant}, {midnights}))", [
            *first,
            *second,
            *third,
        ]


class Instants(DateTimeField):
    """Several of them, in their order."""

    def get_db_prep_value(self, value: Any, connection: Any, prepared: bool = False) -> Any:  # noqa: ARG002
        return value


def days_of_bookings(
    bookings: QuerySet[Booking], *, first: date, last: date, per_day: int
) -> list[DaysOfBooking]:
    """Return the first bookings of each day from `first` to `last`, in two queries.

    Of those that lie on the very same days at most `per_day` come, by start; so the first ones of
    each day are all among them, and `alike` tells how many there are.
    """
    day_of = _by_midnights if connection.vendor == "postgresql" else _by_zone
    zones = _zones()
    # By the bounds in UTC, so that the index by start is all that is read. What lies on none of
    # these days is among them, too: to tell takes longer than to leave it out afterwards.
    on_these_days = bookings.filter(
        start_at__gte=_midnight(first) - MOST_AHEAD - LONGEST_BOOKING,
        start_at__lt=_midnight(last + DAY) + MOST_BEHIND,
        end_at__gt=_midnight(first) - MOST_AHEAD,
    ).annotate(
        first_day=day_of(F("start_at"), zones, first, last),
        last_day=day_of(_last_instant(), zones, first, last),
    )
    lying, params = on_these_days.values("pk", *COLUMNS).order_by().query.sql_with_params()
    with connection.cursor() as cursor:
        cursor.execute(FIRST_OF_EACH.format(lying=lying), [*params, per_day])
        return [
            DaysOfBooking(pk, _as_date(first_day), _as_date(last_day), alike)
            for pk, first_day, last_day, alike in cursor.fetchall()
        ]


def _as_date(day: date | str) -> date:
    # SQLite has no dates.
    return date.fromisoformat(day) if isinstance(day, str) else day


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), ZoneInfo("UTC"))


def _last_instant() -> Expression:
    return ExpressionWrapper(F("end_at") - INSTANT, output_field=DateTimeField())


def _by_zone(instant: Combinable, zones: Zones, first: date, last: date) -> Expression:  # noqa: ARG001
    names = [When(location__timezone__in=[*zones], then=F("location__timezone"))]
    return LocalDay(instant, Case(*names, default=Value(settings.DEFAULT_TIMEZONE)))


def _by_midnights(instant: Combinable, zones: Zones, first: date, last: date) -> Expression:
    days = [first + number * DAY for number in range((last - first).days + 2)]

    def midnights(zone: ZoneInfo) -> Value:
        instants = [datetime.combine(day, time(), zone).astimezone(UTC) for day in days]
        return Value(instants, output_field=Instants())

    known = [When(location__timezone=name, then=midnights(zone)) for name, zone in zones.items()]
    of_zone = Case(*known, default=midnights(ZoneInfo(settings.DEFAULT_TIMEZONE)))
    return DayByMidnights(Value(first - DAY, output_field=DateField()), instant, of_zone)


def _zones() -> Zones:
    """Return the zones in which sites lie by their names; it is the default for all others."""
    return {name: ZoneInfo(name) for name in _names() if _is_zone(name)}


@written_once()
def _names() -> QuerySet[Location, str]:
    return Location.objects.order_by().values_list("timezone", flat=True).distinct()


def _is_zone(name: str) -> bool:
    try:
        return bool(name) and bool(ZoneInfo(name))
    except (ValueError, OSError, KeyError):
        return False
