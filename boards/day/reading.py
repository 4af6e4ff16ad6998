"""What the views of a day and of a week show: which day is meant, what is free, what is booked."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db.models import BigIntegerField, DateTimeField, QuerySet
from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from bookings.models import Booking
from bookings.pages.forms import YEARS
from bookings.selectors import LONGEST_BOOKING, told_in_lists
from drivers.models import Fleet
from maintenance.planned import Planned, PlannedTimes, planned_times
from mirror.written_once import AnyField, written_once
from sites.models import Evse, Location
from sites.periods import Period, local_day, merge, next_step, start_of_day
from sites.selectors import held_at
from sites.slots.availability import AvailabilityUnknown, FreeTimes, read_availability
from sites.slots.clocks import ONE_DAY
from sites.slots.limits import last_instant
from sites.slots.picker.form import parse_day


@dataclass(frozen=True, slots=True)
class ChosenDay:
    """The day that a page shows; `problem` says why it is not the one that was asked for."""

    day: date
    today: date
    problem: str = ""


def read_day(params: QueryDict, *, zone: ZoneInfo, now: datetime) -> ChosenDay:
    """Return the day that a query string names; today, with a sentence, where it makes no sense."""
    today = now.astimezone(zone).date()
    text = params.get("day", "").strip()
    if not text:
        return ChosenDay(today, today)
    day = parse_day(text)
    # A week and the day before and after must fit in, too.
    if day is None or day.year not in YEARS[1:-1]:
        return ChosenDay(today, today, _("This date is not valid, so today is shown."))
    return ChosenDay(day, today)


def horizon_text(days: Period, *, now: datetime) -> str:
    """Return a sentence for days of which none, or not all, can be booked yet; else nothing."""
    last = last_instant(now)
    if days.end_at <= last:
        return ""
    ahead = settings.BOOKING_HORIZON_DAYS
    text = ngettext(
        "Bookings can be made up to %(days)d day ahead.",
        "Bookings can be made up to %(days)d days ahead.",
        ahead,
    ) % {"days": ahead}
    return f"{text} {_('This day cannot be booked yet.')}" if days.start_at >= last else text


@dataclass(slots=True)
class KnownTimes:
    """What the operator told of free time: in which windows, and what, by the EVSE's AMPECO id.

    `planned` is the downtime on those days, which is not free. `problem` is a sentence where
    something could not be read.
    """

    windows: list[Period] = field(default_factory=list)
    free: dict[int, list[Period]] = field(default_factory=lambda: defaultdict(list))
    planned: PlannedTimes = field(default_factory=dict)
    read_at: datetime | None = None
    problem: str = ""

    def of(self, evse: Evse) -> tuple[Period, ...]:
        found = self.free.get(evse.ampeco_id, ())
        # What one answer told is in order already.
        return merge(found) if len(self.windows) > 1 else tuple(found)

    def planned_at(self, evse: Evse) -> tuple[Planned, ...]:
        return self.planned.get(evse.ampeco_id, ())

    def covers(self, period: Period) -> bool:
        return any(
            each.start_at <= period.start_at and period.end_at <= each.end_at
            for each in self.windows
        )


def read_known(
    fleet: Fleet,
    location: Location,
    days: Iterable[date],
    *,
    now: datetime,
    closed: FreeTimes | None = None,
) -> KnownTimes:
    """Return what is free for a fleet on days of a site, with a call for about each week of them.

    `closed` is when the fleet's own limits leave nothing, by the EVSE's AMPECO id. Days that have
    passed, or cannot be booked yet, are not asked for.
    """
    days = list(days)
    if not days:
        return KnownTimes()
    planned = planned_times([location], during=period_of(days, location.zone))
    known = KnownTimes(planned=planned)
    held = held_at(location, fleet_pk=fleet.pk, now=now)
    first = next_step(now.astimezone(UTC))
    for day in days:
        whole = local_day(day, location.zone)
        if whole.end_at <= first or whole.start_at >= last_instant(now):
            continue
        if known.covers(Period(max(whole.start_at, first), whole.end_at)):
            continue
        try:
            told = read_availability(location, day=day, now=now, planned=planned).without(held)
            told = told.without(closed or {})
        except AvailabilityUnknown as unknown:
            known.problem = unknown.message
            break
        known.windows.append(told.window)
        known.read_at = told.read_at
        for evse_id, periods in told.free.items():
            known.free[evse_id].extend(periods)
    return known


def shown_bookings(
    fleet: Fleet, location: Location, *, days: Period, evse: Evse | None = None
) -> list[Booking]:
    """Return a fleet's bookings at a site, or at a charger of it, that touch some days."""
    wanted = {
        "fleet": fleet.pk,
        "location": location.pk,
        "since": days.start_at,
        "until": days.end_at,
        "earliest": days.start_at - LONGEST_BOOKING,
    }
    return _at_charger(**wanted, evse=evse.pk) if evse else _at_site(**wanted)


ON_DAYS: dict[str, AnyField] = {
    "fleet": BigIntegerField(),
    "location": BigIntegerField(),
    "since": DateTimeField(),
    "until": DateTimeField(),
    "earliest": DateTimeField(),
}


@written_once(**ON_DAYS)
def _at_site(**given: Any) -> QuerySet[Booking]:
    return _on_days(**given)


@written_once(**ON_DAYS, evse=BigIntegerField())
def _at_charger(evse: Any, **given: Any) -> QuerySet[Booking]:
    return _on_days(**given).filter(evse=evse)


def _on_days(
    *, fleet: Any, location: Any, since: Any, until: Any, earliest: Any
) -> QuerySet[Booking]:
    bookings = told_in_lists(fleet).filter(
        location=location,
        status__in=frozenset(Booking.Status) - Booking.CALLED_OFF,
        start_at__gt=earliest,
        start_at__lt=until,
        end_at__gt=since,
    )
    return bookings.order_by("start_at", "pk")


def holds(booking: Booking) -> bool:
    has_charged = hasattr(booking, "charging_session") and booking.charging_session.has_ended
    return booking.status in Booking.COMING and not has_charged


def by_charger(bookings: Iterable[Booking]) -> Mapping[int | None, list[Booking]]:
    """Return bookings by their charger's key, None for those that have none yet."""
    found: dict[int | None, list[Booking]] = defaultdict(list)
    for booking in bookings:
        found[booking.evse_id].append(booking)
    return found


def week_from(day: date) -> list[date]:
    return [day + offset * ONE_DAY for offset in range(7)]


def period_of(days: Sequence[date], zone: ZoneInfo) -> Period:
    return Period(start_of_day(days[0], zone), start_of_day(days[-1] + ONE_DAY, zone))
