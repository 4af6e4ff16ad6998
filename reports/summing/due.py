"""Which months are to be summed anew, and sums them.

Whatever changes sessions marks their months, and those never summed are summed without a mark.
Bookings are not marked: of the months in which some may still change it is looked whether any has,
and those before are summed once.
"""

import time
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from datetime import time as clock_time

from django.db.models import Min
from django.utils import timezone

from bookings.models import Booking
from charging.models import MonthChange, Session
from charging.services import month_of
from drivers.models import Fleet
from energy.models import Departure
from reports.models import MonthMade
from reports.months import add_months, this_month
from reports.summing.bookings import bookings_near, keep_bookings
from reports.summing.promises import can_be_summed, keep_promises
from reports.summing.sessions import FARTHEST, keep_sessions

# What a run does at most; the next one goes on.
ROUND_SECONDS = 20.0
# Changes are written in transactions that end some time after the instant that they name.
UNDER_WAY = timedelta(minutes=2)
# Departures say nothing when they change, so their months are summed every so often.
PROMISES_EVERY = timedelta(hours=1)
# Months in which bookings may still change: those before are over, and so are their requests.
OPEN_MONTHS = 2
Job = Callable[[], bool]


def sum_due(*, seconds: float = ROUND_SECONDS, now: datetime | None = None) -> int:
    """Sum what is due, until the time is over; return how many months that was."""
    ends_at = time.monotonic() + seconds
    done = 0
    for job in _jobs(now or timezone.now()):
        done += job()
        if time.monotonic() > ends_at:
            break
    return done


def sum_marked(fleet: Fleet, months: list[date]) -> None:
    """Sum what of these months has changed, so that what follows agrees with the sessions."""
    marked = MonthChange.objects.filter(fleet=fleet, month__in=months)
    for month in marked.order_by("month").values_list("month", flat=True):
        keep_sessions(fleet, month)


def _jobs(now: datetime) -> Iterator[Job]:
    for mark in MonthChange.objects.select_related("fleet").order_by("pk"):
        yield lambda mark=mark: keep_sessions(mark.fleet, mark.month, wait=False)  # type: ignore[misc]
    current = this_month(now)
    for fleet in Fleet.objects.filter(is_active=True).order_by("pk"):
        yield from _sessions_jobs(fleet, current)
        yield from _bookings_jobs(fleet, current, now=now)
        yield from _promises_jobs(fleet, current, now=now)


def _sessions_jobs(fleet: Fleet, current: date) -> Iterator[Job]:
    first = Session.objects.filter(fleet=fleet).aggregate(first=Min("started_at"))["first"]
    made = _made(fleet, MonthMade.What.SESSIONS)
    for month in _months_since(first, current):
        if month not in made:
            yield lambda month=month: keep_sessions(fleet, month, wait=False)  # type: ignore[misc]


def _bookings_jobs(fleet: Fleet, current: date, *, now: datetime) -> Iterator[Job]:
    first = Booking.objects.filter(fleet=fleet).aggregate(first=Min("start_at"))["first"]
    made = _made(fleet, MonthMade.What.BOOKINGS)
    for month in _months_since(first, current):
        made_at = made.get(month)
        is_open = month > add_months(current, -OPEN_MONTHS)
        if made_at is None or (is_open and _has_changed(fleet, month, since=made_at - UNDER_WAY)):
            yield lambda month=month: keep_bookings(fleet, month, now=now)  # type: ignore[misc]


def _months_since(first: datetime | None, current: date) -> Iterator[date]:
    """Yield the months from an instant to the current one; none where there is none."""
    if first is None:
        return
    # A site's clock may be in the month before.
    month = month_of((first - FARTHEST).astimezone(UTC).date())
    while month <= current:
        yield month
        month = add_months(month, 1)


def _has_changed(fleet: Fleet, month: date, *, since: datetime) -> bool:
    return bookings_near(fleet, month).filter(changed_at__gte=since).exists()


def _promises_jobs(fleet: Fleet, current: date, *, now: datetime) -> Iterator[Job]:
    made = _made(fleet, MonthMade.What.PROMISES)
    for month in (add_months(current, -1), current):
        made_at = made.get(month)
        if made_at is not None and made_at > now - PROMISES_EVERY:
            continue
        if can_be_summed(month, now=now) and _has_departures(fleet, month):
            yield lambda month=month: keep_promises(fleet, month, now=now)  # type: ignore[misc]


def _has_departures(fleet: Fleet, month: date) -> bool:
    begin, end = (datetime.combine(day, clock_time(), UTC) for day in (month, add_months(month, 1)))
    return Departure.objects.filter(
        vehicle__fleet=fleet, leaves_at__gte=begin - FARTHEST, leaves_at__lt=end + FARTHEST
    ).exists()


def _made(fleet: Fleet, what: MonthMade.What) -> dict[date, datetime]:
    rows = MonthMade.objects.filter(fleet=fleet, what=what, made_at__isnull=False)
    return {row.month: row.made_at for row in rows if row.made_at is not None}
