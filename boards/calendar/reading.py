"""A fleet's bookings by day, week and month, on the days of each booking's own site."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from functools import cached_property
from itertools import groupby
from typing import Literal
from zoneinfo import ZoneInfo

from django.db.models import QuerySet
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from boards.calendar.local_days import DaysOfBooking, days_of_bookings
from bookings.models import Booking
from bookings.selectors import BookingFilter, narrowed_bookings, read_on_boards
from drivers.models import Fleet
from shell.formats import month_name, time_in_zone, zone_label
from shell.kept import kept_by_language
from sites.models import Location
from sites.slots.clocks import short_day

Span = Literal["day", "week", "month"]
SPANS: tuple[Span, ...] = ("day", "week", "month")
# How many bookings of a day are shown; the others are counted.
MOST: dict[Span, int] = {"day": 300, "week": 12, "month": 3}
MOST_BELOW = 20
DAY = timedelta(days=1)


@kept_by_language(512)
def day_with_year(day: date) -> str:
    return date_format(day, pgettext("format", "D j M Y"))


@dataclass(frozen=True, slots=True)
class Entry:
    """A booking on one of the days on which it lies."""

    booking: Booking
    day: date
    began_before: bool
    goes_on: bool
    names_zone: bool = False

    @property
    def hours(self) -> str:
        """The part of the period that lies on this day, such as “08:00–09:00” or “until 06:00”."""
        booking = self.booking
        part = {"began_before": self.began_before, "goes_on": self.goes_on}
        return hours_of(booking.start_at, booking.end_at, booking.zone, **part)


def hours_of(
    start_at: datetime, end_at: datetime, zone: ZoneInfo, *, began_before: bool, goes_on: bool
) -> str:
    start, end = time_in_zone(start_at, zone), time_in_zone(end_at, zone)
    if began_before and goes_on:
        return _("all day")
    if began_before:
        return _("until %(time)s") % {"time": end}
    return _("from %(time)s") % {"time": start} if goes_on else f"{start}–{end}"


@dataclass(frozen=True, slots=True)
class SiteDay:
    """The bookings of a day at one site, and what its zone is called."""

    location: Location
    zone: str
    entries: list[Entry]


@dataclass(frozen=True)
class Day:
    """A day with its bookings by start, as many as are shown, and how many there are."""

    date: date
    entries: list[Entry] = field(default_factory=list)
    count: int = 0
    in_month: bool = True

    @property
    def more(self) -> int:
        return self.count - len(self.entries)

    @property
    def key(self) -> str:
        """What tells the day from the others of a page, in ids."""
        return f"{self.date:%m%d}"

    @cached_property
    def label(self) -> str:
        """The day with its weekday, such as “Sat 21 Nov 2026”."""
        return day_with_year(self.date)

    @cached_property
    def short_label(self) -> str:
        """The day without its year, such as “Sat 21 Nov”."""
        return short_day(self.date)

    @cached_property
    def counted(self) -> str:
        """What a link to the day says: “3 bookings on Sat 21 Nov”."""
        if not self.count:
            return _("No bookings on %(day)s") % {"day": self.short_label}
        text = ngettext("%(count)d booking on %(day)s", "%(count)d bookings on %(day)s", self.count)
        return text % {"count": self.count, "day": self.short_label}

    @property
    def by_site(self) -> list[SiteDay]:
        """The bookings that are shown, grouped by site, the sites by name."""

        def site(entry: Entry) -> tuple[str, int]:
            return entry.booking.location.name, entry.booking.location_id

        groups = [list(found) for _key, found in groupby(sorted(self.entries, key=site), site)]
        return [
            SiteDay(found[0].booking.location, _zone_on(found[0].booking, self.date), found)
            for found in groups
        ]


@dataclass(frozen=True, slots=True)
class Calendar:
    """The days that a page shows; `below` is the chosen one of a month, in more detail."""

    span: Span
    chosen: date
    days: list[Day]
    below: Day | None
    zone: str

    @property
    def weeks(self) -> list[list[Day]]:
        return [self.days[at : at + 7] for at in range(0, len(self.days), 7)]

    @property
    def bookings(self) -> list[Booking]:
        days = [*self.days, self.below] if self.below else self.days
        found = {each.booking.pk: each.booking for day in days for each in day.entries}
        return list(found.values())

    @property
    def is_empty(self) -> bool:
        return not any(day.count for day in self.days)

    @property
    def has_unsettled(self) -> bool:
        return any(booking.is_undecided for booking in self.bookings)


def read_calendar(
    fleet: Fleet, *, span: Span, chosen: date, narrowed: BookingFilter, with_called_off: bool
) -> Calendar:
    """Return the day, week or month around a day, in as many queries however much there is."""
    first, last = bounds(span, chosen)
    rows = narrowed_bookings(fleet, narrowed)
    if not with_called_off and not narrowed.get("status"):
        rows = rows.exclude(status__in=Booking.CALLED_OFF)
    in_detail = {chosen: MOST_BELOW} if span == "month" else {}
    read = _read_days(rows, fleet, first=first, last=last, most=MOST[span], in_detail=in_detail)
    below = next((day for day in read if day.date in in_detail), None)
    days = [replace(day, entries=day.entries[: MOST[span]]) for day in read]
    bookings = [each.booking for day in read for each in day.entries]
    several = len({booking.zone.key for booking in bookings}) > 1
    return Calendar(
        span=span,
        chosen=chosen,
        days=[_marked(day, several, span, chosen) for day in days],
        below=_marked(below, several, "day", chosen) if below else None,
        zone=_zone_of_all(bookings, first, last) if bookings and not several else "",
    )


def bounds(span: Span, chosen: date) -> tuple[date, date]:
    """Return the first and the last day that are shown: of a month, in whole weeks."""
    if span == "day":
        return chosen, chosen
    first = last = chosen
    if span == "month":
        first = chosen.replace(day=1)
        last = (first + timedelta(days=31)).replace(day=1) - DAY
    return first - first.weekday() * DAY, last + (6 - last.weekday()) * DAY


def beside(span: Span, chosen: date) -> tuple[date, date]:
    """Return a day of the period before and one of the period after; at best the same one."""
    if span != "month":
        step = DAY if span == "day" else 7 * DAY
        return chosen - step, chosen + step
    first = chosen.replace(day=1)
    before, after = first - DAY, (first + timedelta(days=62)).replace(day=1) - DAY
    return (
        before.replace(day=min(chosen.day, before.day)),
        after.replace(day=min(chosen.day, after.day)),
    )


def title_of(span: Span, chosen: date) -> str:
    """Return what the period is called, such as “Sat 21 Nov 2026” or “November 2026”."""
    if span == "month":
        return month_name(chosen)
    if span == "day":
        return Day(chosen).label
    first, last = (Day(day).label for day in bounds(span, chosen))
    return f"{first} – {last}"


def _read_days(
    bookings: QuerySet[Booking],
    fleet: Fleet,
    *,
    first: date,
    last: date,
    most: int,
    in_detail: Mapping[date, int],
) -> list[Day]:
    """Return the days with at most so many bookings each, and those in detail with more."""
    per_day = max(most, *in_detail.values(), 0)
    found = days_of_bookings(bookings, first=first, last=last, per_day=per_day)
    counts: Counter[date] = Counter()
    for (begins, ends), alike in {(each.first, each.last): each.alike for each in found}.items():
        counts.update(dict.fromkeys(_days(max(begins, first), min(ends, last)), alike))
    on_day: dict[date, list[DaysOfBooking]] = {day: [] for day in _days(first, last)}
    for each in found:
        for day in _days(max(each.first, first), min(each.last, last)):
            if len(on_day[day]) < in_detail.get(day, most):
                on_day[day].append(each)
    shown = {each.pk for of_day in on_day.values() for each in of_day}
    rows = read_on_boards(fleet, shown)
    return [
        Day(
            date=day,
            entries=[
                Entry(rows[each.pk], day, each.first < day, each.last > day)
                for each in of_day
                # What is erased between the two queries is gone.
                if each.pk in rows
            ],
            count=counts[day],
        )
        for day, of_day in on_day.items()
    ]


def _days(first: date, last: date) -> Iterable[date]:
    return (first + number * DAY for number in range((last - first).days + 1))


def _marked(day: Day, several: bool, span: Span, chosen: date) -> Day:
    entries = [replace(each, names_zone=several) for each in day.entries]
    in_month = span != "month" or day.date.month == chosen.month
    return replace(day, entries=entries, in_month=in_month)


def _zone_on(booking: Booking, day: date) -> str:
    return zone_label(booking.zone, datetime.combine(day, time(12), booking.zone))


def _zone_of_all(bookings: list[Booking], first: date, last: date) -> str:
    """Return what the one zone is called; twice, where clocks change on these days."""
    names = [_zone_on(bookings[0], day) for day in (first, last)]
    if names[0] == names[1]:
        return names[0]
    return _("%(before)s, then %(after)s") % {"before": names[0], "after": names[1]}
