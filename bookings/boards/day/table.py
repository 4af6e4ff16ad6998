"""The table of a day of a site, and that of a week of one charger."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from urllib.parse import urlencode

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext as _

from bookings.boards.day.reading import (
    ONE_DAY,
    Bounds,
    Known,
    by_charger,
    read_known,
    shown_bookings,
    stretch_of,
    week_from,
)
from bookings.boards.day.rows import HourHead, Line, Row, Sheet, clock_heads, hour_heads
from bookings.boards.day.timeline_cells import COLUMNS_A_DAY, passes_of
from bookings.models import Booking
from drivers.models import Fleet
from shell.formats import kw
from sites.facts import BOOKABLE, charger_of, state_of, trouble_of
from sites.models import Evse, Location
from sites.slots.picker.form import longest_minutes
from sites.slots.picker.parts import Clock, day_text, short_day
from sites.slots.picker.texts import clock_change_text

# How often the table looks again: while the operator has something to decide, and else.
SOON, SELDOM = "2s", "60s"
STEP_MINUTES = 15


@dataclass(frozen=True, slots=True)
class Table:
    """A table of time, and what scripts have to know to let people pick from it."""

    rows: tuple[Row, ...]
    heads: tuple[HourHead, ...]
    columns: int
    labels: str
    booking_query: str
    least: int
    most: int
    look_again: str
    problem: str
    read_at: str
    bookings: list[Booking]
    known: Known


def day_table(
    *,
    fleet: Fleet,
    location: Location,
    evses: Sequence[Evse],
    day: date,
    move: str,
    now: datetime,
) -> Table:
    """Return the chargers of a site on a day, hour by hour as the day passes."""
    clock, bounds = Clock(location.zone), Bounds.at(now)
    known = read_known(location, [day], now=now)
    bookings = shown_bookings(fleet, location, days=stretch_of([day], location.zone))
    sheet = Sheet(day, clock=clock, bounds=bounds, params=slot_params(location, move))
    lines = lines_of(location, evses, bookings, known=known, day=day)
    return table_of(
        [sheet.write(line, labels=sheet.labels) for line in lines],
        heads=hour_heads(sheet, now=bounds.exact),
        columns=sheet.ruler.length,
        sheet=sheet,
        move=move,
        bookings=bookings,
        known=known,
        location=location,
    )


def week_table(
    *, fleet: Fleet, location: Location, evse: Evse, day: date, move: str, now: datetime
) -> Table:
    """Return a charger's week from a day on, hour by hour as its clock shows them."""
    zone = location.zone
    clock, bounds, days = Clock(zone), Bounds.at(now), week_from(day)
    known = read_known(location, days, now=now)
    bookings = shown_bookings(fleet, location, days=stretch_of(days, zone), evse=evse)
    params = slot_params(location, move)
    sheets = [
        Sheet(each, clock=clock, bounds=bounds, params=params, passes=passes_of(each, zone))
        for each in days
    ]
    local = clock.local(bounds.exact)
    return table_of(
        [
            sheet.write(
                week_line(evse, sheet.day, bookings, sheet=sheet, known=known),
                labels=sheets[0].labels,
            )
            for sheet in sheets
        ],
        heads=clock_heads(hour_now=local.hour if local.date() in days else None),
        columns=COLUMNS_A_DAY,
        sheet=sheets[0],
        move=move,
        bookings=bookings,
        known=known,
        location=location,
    )


def table_of(
    rows: Iterable[Row],
    *,
    heads: tuple[HourHead, ...],
    columns: int,
    sheet: Sheet,
    move: str,
    bookings: list[Booking],
    known: Known,
    location: Location,
) -> Table:
    """Return a table of rows."""
    read_at = known.read_at
    return Table(
        rows=tuple(rows),
        heads=heads,
        columns=columns,
        labels="|".join(sheet.labels),
        booking_query=f"{reverse('bookings:new')}?{urlencode(slot_params(location, move))}",
        least=settings.BOOKING_MIN_MINUTES // STEP_MINUTES,
        most=longest_minutes() // STEP_MINUTES,
        look_again=SOON if any(booking.is_undecided for booking in bookings) else SELDOM,
        problem=known.problem,
        read_at=f"{sheet.clock.local(read_at):%H:%M:%S}" if read_at else "",
        bookings=bookings,
        known=known,
    )


def slot_params(location: Location, move: str) -> dict[str, str]:
    """Return what links to the form for a booking have in common."""
    return {"site": str(location.pk)} | ({"move": move} if move else {})


def lines_of(
    location: Location,
    evses: Sequence[Evse],
    bookings: Iterable[Booking],
    *,
    known: Known,
    day: date,
) -> list[Line]:
    """Return what the rows of a day are about: each charger, and what has none of these.

    A booking keeps its row where the fleet does not see its charger any more.
    """
    booked = by_charger(bookings)
    shown = {evse.pk for evse in evses}
    gone = [pk for pk in booked if pk is not None and pk not in shown]
    lines = [
        charger_line(
            evse,
            booked.get(evse.pk, ()),
            known=known,
            url=f"{week_url(location, evse)}?day={day.isoformat()}",
        )
        for evse in evses
    ]
    if gone:
        lines += [
            empty_line(f"gone-{evse.pk}", evse.name, _("No longer there"), booked[evse.pk])
            for evse in Evse.objects.filter(pk__in=gone).order_by("pk")
        ]
    if None in booked:
        name = _("Any charger that fits")
        lines.append(empty_line("any", name, _("Not assigned yet"), booked[None]))
    return lines


def week_url(location: Location, evse: Evse) -> str:
    """Return the address of a charger's week."""
    return reverse("sites:charger_week", args=[location.pk, evse.pk])


def closed_text(evse: Evse) -> str:
    """Return why a charger cannot be booked; nothing where it can."""
    state, label = state_of(evse)
    return "" if state == BOOKABLE else label


def charger_line(evse: Evse, bookings: Sequence[Booking], *, known: Known, url: str) -> Line:
    """Return what a charger's row is about."""
    closed = closed_text(evse)
    offers = (charger_of(evse).connectors, kw(evse.max_power_kw))
    return Line(
        key=str(evse.pk),
        name=evse.name,
        says=evse.name,
        evse=str(evse.pk),
        closed=closed,
        windows=known.windows,
        free=known.of(evse),
        bookings=bookings,
        url=url,
        facts=" · ".join(part for part in offers if part),
        trouble=trouble_of(evse) or (f"{closed}." if closed else ""),
    )


def empty_line(key: str, name: str, closed: str, bookings: Sequence[Booking]) -> Line:
    """Return a row that holds bookings only: there is nothing to pick."""
    return Line(
        key=key,
        name=name,
        says=name,
        evse="",
        closed=closed,
        windows=(),
        free=(),
        bookings=bookings,
    )


def week_line(
    evse: Evse, day: date, bookings: Iterable[Booking], *, sheet: Sheet, known: Known
) -> Line:
    """Return what a day's row in the week of a charger is about."""
    whole = sheet.ruler.whole
    return Line(
        key=f"{evse.pk}-{day:%d}",
        name=short_day(day),
        says=evse.name,
        evse=str(evse.pk),
        closed=closed_text(evse),
        windows=known.windows,
        free=known.of(evse),
        bookings=[
            each
            for each in bookings
            if each.start_at < whole.end_at and each.end_at > whole.start_at
        ],
        url=f"{reverse('sites:day', args=[evse.charge_point.location_id])}?day={day.isoformat()}",
        facts=clock_change_text(day, zone=sheet.clock.zone),
    )


@dataclass(frozen=True, slots=True)
class Turn:
    """Where a page leads: to what lies before and after, and to today."""

    title: str
    day: date
    earlier: str
    later: str
    is_today: bool


def turn_day(day: date, *, today: date) -> Turn:
    """Return the ways from a day."""
    return Turn(
        title=f"{day_text(day)} {day.year}",
        day=day,
        earlier=(day - ONE_DAY).isoformat(),
        later=(day + ONE_DAY).isoformat(),
        is_today=day == today,
    )


def turn_week(day: date, *, today: date) -> Turn:
    """Return the ways from a week."""
    days = week_from(day)
    return Turn(
        title=_("%(first)s to %(last)s")
        % {"first": short_day(days[0]), "last": f"{short_day(days[-1])} {days[-1].year}"},
        day=day,
        earlier=(day - 7 * ONE_DAY).isoformat(),
        later=(day + 7 * ONE_DAY).isoformat(),
        is_today=day == today,
    )
