"""When a booking's own charger is free, for whoever looks for another time."""

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from bookings.actions.limits import closed_times
from bookings.models import Booking
from shell.formats import duration
from sites.periods import merge, start_of_day
from sites.selectors import held_times
from sites.slots.availability import AvailabilityUnknown, read_availability
from sites.slots.clocks import ONE_DAY, clock_change_text, day_text, short_day
from sites.slots.picker.starts import Hour, PeriodChoice, Start
from sites.slots.prices.costs import Costs
from sites.slots.rules import Times, within_horizon

NEAREST = 4


@dataclass(frozen=True, slots=True)
class ChargerTimes:
    """The starts that fit at the booking's charger on a day of the site.

    `problem` is a sentence where they are not known, `summary` one where they are. `nearest` are
    those around the wanted start, whatever their day.
    """

    zone: str = ""
    viewer_zone: str = ""
    clock_change: str = ""
    problem: str = ""
    summary: str = ""
    hours: tuple[Hour, ...] = ()
    nearest: tuple[Start, ...] = ()


def charger_times(
    booking: Booking,
    *,
    day: date,
    minutes: int,
    wanted: datetime,
    viewer_zone: ZoneInfo | None,
    now: datetime,
    costs: Costs | None = None,
) -> ChargerTimes:
    """Return when the booking's charger is free for a length on a day, and around a start.

    Asks AMPECO about the site, unless the cache knows. What the booking itself holds counts as
    free, since the changed booking gives it up.
    """
    if booking.evse is None:
        return ChargerTimes(problem=_("The charger is not known yet."))
    begin = start_of_day(day, booking.zone)
    if day < now.astimezone(booking.zone).date():
        return ChargerTimes(problem=_("This day has passed."))
    if problem := within_horizon(Times(begin, begin, now)):
        return ChargerTimes(problem=problem)
    try:
        held = held_times(booking.fleet_id, evse=booking.evse_id, but=[booking.pk], now=now)
        closed = closed_times(
            booking.fleet_id, booking.location, [booking.evse], now=now, but=booking
        )
        availability = read_availability(booking.location, day=day, now=now)
        availability = availability.without(held).without(closed)
    except AvailabilityUnknown as unknown:
        return ChargerTimes(problem=unknown.message)
    choice = PeriodChoice(
        booking.zone, length=timedelta(minutes=minutes), now=now, viewer=viewer_zone
    )
    free = merge([*availability.of(booking.evse), booking.period])
    starts = list(choice.starts(free, since=begin, until=start_of_day(day + ONE_DAY, booking.zone)))
    prices = (
        costs.of_starts([booking.evse], starts, choice.length, zone=booking.zone)[1]
        if costs
        else {}
    )
    written = choice.write(starts, what=booking.evse.name, prices=prices)
    closest = sorted(choice.starts(free), key=lambda at: abs(at - wanted))[:NEAREST]
    wanted_day = choice.site.local(wanted).date()
    return ChargerTimes(
        zone=choice.site.zone_text(begin),
        viewer_zone=choice.viewer_zone_text(wanted),
        clock_change=clock_change_text(day, zone=booking.zone),
        summary=_summary(len(written), choice.length, day),
        hours=choice.by_hour(written),
        nearest=tuple(
            replace(start, day="" if each == wanted_day else short_day(each))
            for start in choice.write(sorted(closest), what=booking.evse.name)
            for each in [choice.site.local(start.start_at).date()]
        ),
    )


def _summary(count: int, length: timedelta, day: date) -> str:
    words = {"count": count, "length": duration(length), "day": day_text(day)}
    if not count:
        return _("Not free for %(length)s on %(day)s.") % words
    text = ngettext(
        "%(count)d start time for %(length)s on %(day)s.",
        "%(count)d start times for %(length)s on %(day)s.",
        count,
    )
    return text % words
