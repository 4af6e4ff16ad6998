"""On which days of its site's own clock a booking lies, as the database tells it."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db.models import (
    Case,
    Count,
    DateField,
    DateTimeField,
    Expression,
    ExpressionWrapper,
    F,
    Func,
    QuerySet,
    Value,
    When,
    Window,
)
from django.db.models.functions import RowNumber

from bookings.models import Booking
from bookings.selectors import LONGEST_BOOKING
from sites.models import Location

# How far local midnight is from that of UTC: Kiribati is 14 hours ahead, Baker Island 12 behind.
MOST_AHEAD, MOST_BEHIND = timedelta(hours=14), timedelta(hours=12)
INSTANT = timedelta(microseconds=1)


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

    def as_sqlite(self, *args: Any, **kwargs: Any) -> Any:
        """Return the SQL by the function that Django gives SQLite for this.

        It takes a name such as Etc/GMT+5 for a zone and an offset; no site lies in one of those.
        """
        kwargs["template"] = "django_datetime_cast_date(%(expressions)s, 'UTC')"
        return super().as_sql(*args, **kwargs)

    def as_postgresql(self, *args: Any, **kwargs: Any) -> Any:
        kwargs |= {"template": "(%(expressions)s)::date", "arg_joiner": " AT TIME ZONE "}
        return super().as_sql(*args, **kwargs)


def days_of_bookings(
    bookings: QuerySet[Booking], *, first: date, last: date, per_day: int
) -> list[DaysOfBooking]:
    """Return the first bookings of each day from `first` to `last`, in two queries.

    Of those that lie on the very same days at most `per_day` come, by start; so the first ones of
    each day are all among them, and `alike` tells how many there are.
    """
    zone = _zone_of_site()
    # The bounds in UTC come first, so that the index by start is all that is read.
    on_these_days = (
        bookings.filter(
            start_at__gte=_midnight(first) - MOST_AHEAD - LONGEST_BOOKING,
            start_at__lt=_midnight(last + timedelta(days=1)) + MOST_BEHIND,
            end_at__gt=_midnight(first) - MOST_AHEAD,
        )
        .annotate(first_day=LocalDay(F("start_at"), zone), last_day=LocalDay(_last_instant(), zone))
        .filter(last_day__gte=first, first_day__lte=last)
    )
    same_days = [F("first_day"), F("last_day")]
    ranked = on_these_days.annotate(
        place=Window(RowNumber(), partition_by=same_days, order_by=["start_at", "pk"]),
        alike=Window(Count("pk"), partition_by=same_days),
    ).filter(place__lte=per_day)
    rows = ranked.order_by("start_at", "pk").values_list("pk", "first_day", "last_day", "alike")
    return [DaysOfBooking(*row) for row in rows]


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), ZoneInfo("UTC"))


def _last_instant() -> Expression:
    return ExpressionWrapper(F("end_at") - INSTANT, output_field=DateTimeField())


def _zone_of_site() -> Expression:
    """Return the zone as `Location.zone` has it: the default where the operator names none."""
    names = Location.objects.order_by().values_list("timezone", flat=True).distinct()
    return Case(
        When(
            location__timezone__in=[name for name in names if _is_zone(name)],
            then=F("location__timezone"),
        ),
        default=Value(settings.DEFAULT_TIMEZONE),
    )


def _is_zone(name: str) -> bool:
    try:
        return bool(name) and bool(ZoneInfo(name))
    except (ValueError, OSError, KeyError):
        return False
