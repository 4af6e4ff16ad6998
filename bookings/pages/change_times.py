"""When a booking's own charger is free, for whoever looks for another time."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from bookings.actions.candidate import held_by
from bookings.models import Booking
from shell.formats import duration
from sites.periods import STEP, merge, start_of_day, starts_that_fit
from sites.slots.availability import AvailabilityUnknown, read_availability
from sites.slots.picker.form import last_instant
from sites.slots.picker.page import viewer_clock
from sites.slots.picker.parts import ONE_DAY, Clock, Hour, Start, StartWriter, day_text, short_day
from sites.slots.picker.texts import clock_change_text
from sites.slots.rules import Times, within_horizon

NEAREST = 4
MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class NearStart:
    """A free start near one that is not: where it is on another day, `day` names that."""

    start: Start
    day: str


@dataclass(frozen=True, slots=True)
class FreeTimes:
    """The starts that fit at the booking's charger on a day of the site.

    `problem` is a sentence where they are not known, `summary` one where they are. `nearest` are
    those around the wanted start, whatever their day.
    """

    day: str = ""
    zone: str = ""
    viewer_zone: str = ""
    clock_change: str = ""
    problem: str = ""
    summary: str = ""
    hours: tuple[Hour, ...] = ()
    nearest: tuple[NearStart, ...] = ()


def free_times(
    booking: Booking,
    *,
    day: date,
    minutes: int,
    wanted: datetime,
    viewer_zone: ZoneInfo | None,
    now: datetime,
) -> FreeTimes:
    """Return when the booking's charger is free for a length on a day, and around a start.

    Asks AMPECO about the site, unless the cache knows. What the booking itself holds counts as
    free, since the changed booking gives it up.
    """
    if booking.evse is None:
        return FreeTimes(problem=_("Which charger this is, is not known yet."))
    now = now.astimezone(UTC)
    out_of_reach = _day_problem(day, zone=booking.zone, now=now)
    if out_of_reach:
        return FreeTimes(problem=out_of_reach)
    try:
        availability = read_availability(booking.location, day=day, now=now)
    except AvailabilityUnknown as unknown:
        return FreeTimes(problem=unknown.message)
    free = merge([*availability.of(booking.evse), held_by(booking)])
    length = timedelta(minutes=minutes)
    first = now + timedelta(minutes=settings.BOOKING_NOTICE_MINUTES)
    last = last_instant(now) - length
    day_starts = start_of_day(day, booking.zone)
    starts = list(
        starts_that_fit(
            free,
            length=length,
            earliest=max(day_starts, first),
            latest=min(start_of_day(day + ONE_DAY, booking.zone) - STEP, last),
        )
    )
    site = Clock(booking.zone)
    viewer = viewer_clock(viewer_zone.key if viewer_zone else None, zone=booking.zone)
    writer = _writer(booking, day, length, site=site, viewer=viewer)
    return FreeTimes(
        day=day_text(day),
        zone=site.zone_text(day_starts),
        viewer_zone=viewer.zone_text(wanted) if viewer and site.differs(viewer, wanted) else "",
        clock_change=clock_change_text(day, zone=booking.zone),
        summary=_summary(starts, length, day),
        hours=writer.by_hour(writer.write(starts, params={}, what=booking.evse.name)),
        nearest=_nearest(
            list(starts_that_fit(free, length=length, earliest=first, latest=last)),
            wanted,
            booking=booking,
            length=length,
            site=site,
            viewer=viewer,
        ),
    )


def _day_problem(day: date, *, zone: ZoneInfo, now: datetime) -> str:
    if day < now.astimezone(zone).date():
        return _("This day has passed.")
    begin = start_of_day(day, zone)
    return within_horizon(Times(begin, begin, now)) or ""


def _summary(starts: Sequence[datetime], length: timedelta, day: date) -> str:
    words = {"count": len(starts), "length": duration(length), "day": day_text(day)}
    if not starts:
        return _("Not free for %(length)s on %(day)s.") % words
    return (
        ngettext(
            "%(count)d start for %(length)s on %(day)s.",
            "%(count)d starts for %(length)s on %(day)s.",
            len(starts),
        )
        % words
    )


def _nearest(
    starts: Sequence[datetime],
    wanted: datetime,
    *,
    booking: Booking,
    length: timedelta,
    site: Clock,
    viewer: Clock | None,
) -> tuple[NearStart, ...]:
    """Return the free starts closest to the wanted one, in order of time."""
    closest = sorted(sorted(starts, key=lambda at: abs(at - wanted))[:NEAREST])
    wanted_day = site.local(wanted).date()
    near = []
    for at in closest:
        day = site.local(at).date()
        writer = _writer(booking, day, length, site=site, viewer=viewer)
        (start,) = writer.write([at], params={}, what=booking.evse.name if booking.evse else "")
        near.append(NearStart(start, "" if day == wanted_day else short_day(day)))
    return tuple(near)


def _writer(
    booking: Booking, day: date, length: timedelta, *, site: Clock, viewer: Clock | None
) -> StartWriter:
    return StartWriter(
        site=site,
        viewer=viewer,
        length=length,
        booking_url=reverse("bookings:change", args=[booking.pk]),
        day=day,
    )
