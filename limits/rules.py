"""What each kind of limit says of a booking: pure functions on counted facts, one a kind.

Days and weeks are those of each booking's own site, by its clocks; a booking over midnight counts
on both days with the hours that it has there. Hours are hours as they pass.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from functools import lru_cache
from zoneinfo import ZoneInfo

from limits import sentences
from limits.models import Limit
from sites.periods import Period, covers, gaps, local_day, merge

Kind = Limit.Kind
ONE_DAY = timedelta(days=1)
HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Window:
    """Hours of the day at which bookings may be, on days that begin on `days` (Monday is 0)."""

    days: frozenset[int]
    begins: time
    ends: time


@dataclass(frozen=True, slots=True)
class Rule:
    """A limit as the rules need it; `place` names where it applies, for people.

    `windows` are all of those of which a booking needs to lie in one.
    """

    kind: str
    most: Decimal = Decimal(0)
    windows: tuple[Window, ...] = ()
    closed: Period | None = None
    location: int | None = None
    evses: frozenset[int] = frozenset()
    place: str = ""
    note: str = ""
    by_fleet: bool = False

    @property
    def number(self) -> int:
        return int(self.most)

    @property
    def length(self) -> timedelta:
        """What it allows or wants, where that is in hours."""
        return timedelta(minutes=int(self.most * 60))

    @property
    def counts(self) -> bool:
        """Whether it depends on what else the fleet has booked."""
        return self.kind in COUNTING

    def concerns(self, location: int, evses: frozenset[int] | None) -> bool:
        """Return whether it is about a place; without `evses` any charger there may be meant."""
        if self.location is not None and self.location != location:
            return False
        return not self.evses or evses is None or bool(self.evses & evses)


@dataclass(frozen=True, slots=True)
class Holding:
    """A period that a fleet has, or may come to have, at a place.

    Of the holdings of one `unit` it gets one: what a booking has and what it is to be changed to,
    or a booking and the one that is to replace it. A unit counts once, with what is most of it.
    """

    unit: int
    location: int
    evse: int | None
    zone: ZoneInfo
    period: Period


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be booked, at one of `evses`, instead of `has` if the booking exists already.

    What lies within what it has breaks nothing, as far as a rule is about that place, too.
    """

    period: Period
    location: int
    evses: frozenset[int]
    zone: ZoneInfo
    now: datetime
    has: Holding | None = None

    def as_holding(self, unit: int) -> Holding:
        evse = next(iter(self.evses)) if len(self.evses) == 1 else None
        return Holding(unit, self.location, evse, self.zone, self.period)


def first_breach(rules: Iterable[Rule], wanted: Wanted, holdings: Sequence[Holding]) -> str:
    """Return what the first rule that is broken says; nothing where none is.

    `holdings` are the fleet's others, at least all that touch the wanted days and weeks.
    """
    for rule in rules:
        if rule.concerns(wanted.location, wanted.evses) and not _has_it(rule, wanted):
            others = in_scope(rule, holdings)
            if problem := BREACHES[rule.kind](rule, wanted, others):
                return problem
    return ""


def in_scope(rule: Rule, holdings: Sequence[Holding]) -> Sequence[Holding]:
    if rule.location is None and not rule.evses:
        return holdings
    return [each for each in holdings if rule.concerns(each.location, _at(each))]


def _has_it(rule: Rule, wanted: Wanted) -> bool:
    has = wanted.has
    return (
        has is not None
        and rule.concerns(has.location, _at(has))
        and has.period.start_at <= wanted.period.start_at
        and wanted.period.end_at <= has.period.end_at
    )


def _at(holding: Holding) -> frozenset[int] | None:
    return None if holding.evse is None else frozenset({holding.evse})


# What is used


def most_at_a_time(holdings: Iterable[Holding], within: Period) -> int:
    """Return how many units overlap at the busiest moment of a period."""
    return max((count for _period, count in busy_periods(holdings, within)), default=0)


def busy_periods(holdings: Iterable[Holding], within: Period) -> Iterator[tuple[Period, int]]:
    """Yield the stretches of a period in which something is held, with how many units do."""
    by_unit: dict[int, list[Period]] = defaultdict(list)
    for each in holdings:
        if each.period.start_at < within.end_at and each.period.end_at > within.start_at:
            by_unit[each.unit].append(each.period)
    steps: dict[datetime, int] = defaultdict(int)
    for periods in by_unit.values():
        for period in merge(periods) if len(periods) > 1 else periods:
            steps[max(period.start_at, within.start_at)] += 1
            steps[min(period.end_at, within.end_at)] -= 1
    count, since = 0, within.start_at
    for at in sorted(steps):
        if count and at > since:
            yield Period(since, at), count
        count, since = count + steps[at], at


@lru_cache(maxsize=4096)
def hours_by_day(period: Period, zone: ZoneInfo) -> Mapping[date, timedelta]:
    """Return how much of a period falls on each day of a zone."""
    found: dict[date, timedelta] = {}
    day = period.start_at.astimezone(zone).date()
    while (whole := local_day(day, zone)).start_at < period.end_at:
        found[day] = min(whole.end_at, period.end_at) - max(whole.start_at, period.start_at)
        day += ONE_DAY
    return found


def first_of_week(day: date) -> date:
    return day - timedelta(days=day.weekday())


@lru_cache(maxsize=4096)
def _by_week(period: Period, zone: ZoneInfo) -> Mapping[date, timedelta]:
    found: dict[date, timedelta] = defaultdict(timedelta)
    for day, length in hours_by_day(period, zone).items():
        found[first_of_week(day)] += length
    return found


def hours_used(holdings: Iterable[Holding], *, weekly: bool) -> dict[date, timedelta]:
    """Return how much is held on each day, or in each week by its Monday."""
    split = _by_week if weekly else hours_by_day
    by_unit: dict[int, Mapping[date, timedelta]] = {}
    for each in holdings:
        lengths = split(each.period, each.zone)
        if each.unit in by_unit:
            other, none = by_unit[each.unit], timedelta()
            days = other.keys() | lengths.keys()
            lengths = {day: max(lengths.get(day, none), other.get(day, none)) for day in days}
        by_unit[each.unit] = lengths
    used: dict[date, timedelta] = defaultdict(timedelta)
    for lengths in by_unit.values():
        for day, length in lengths.items():
            used[day] += length
    return used


def bookings_by_day(holdings: Iterable[Holding]) -> dict[date, int]:
    """Return how many bookings begin on each day."""
    units: dict[date, set[int]] = defaultdict(set)
    for each in holdings:
        units[each.period.start_at.astimezone(each.zone).date()].add(each.unit)
    return {day: len(found) for day, found in units.items()}


def open_periods(windows: Iterable[Window], days: Period, zone: ZoneInfo) -> tuple[Period, ...]:
    """Return when the windows are open over some days, and a little around them."""
    first, last = (at.astimezone(zone).date() for at in (days.start_at, days.end_at))
    found = []
    day = first - ONE_DAY
    while day <= last + ONE_DAY:
        for window in windows:
            if day.weekday() in window.days:
                until = day if window.ends > window.begins else day + ONE_DAY
                start_at = datetime.combine(day, window.begins, zone).astimezone(UTC)
                end_at = datetime.combine(until, window.ends, zone).astimezone(UTC)
                if start_at < end_at:
                    found.append(Period(start_at, end_at))
        day += ONE_DAY
    return merge(found)


# One function a kind: what it says where it is broken, or nothing


def at_a_time(rule: Rule, wanted: Wanted, others: Sequence[Holding]) -> str:
    used = most_at_a_time(others, wanted.period)
    return sentences.too_many_at_once(rule, used + 1) if used >= rule.number else ""


def per_day(rule: Rule, wanted: Wanted, others: Sequence[Holding]) -> str:
    day = wanted.period.start_at.astimezone(wanted.zone).date()
    used = bookings_by_day(others).get(day, 0)
    return sentences.too_many_a_day(rule, used + 1, day) if used >= rule.number else ""


def hours_per_day(rule: Rule, wanted: Wanted, others: Sequence[Holding]) -> str:
    return _hours(rule, wanted, others, weekly=False)


def hours_per_week(rule: Rule, wanted: Wanted, others: Sequence[Holding]) -> str:
    return _hours(rule, wanted, others, weekly=True)


def _hours(rule: Rule, wanted: Wanted, others: Sequence[Holding], *, weekly: bool) -> str:
    used = hours_used(others, weekly=weekly)
    for day, length in hours_used([wanted.as_holding(0)], weekly=weekly).items():
        if used[day] + length > rule.length:
            left = max(rule.length - used[day], timedelta())
            return sentences.too_many_hours(rule, left, day, weekly=weekly)
    return ""


def longest(rule: Rule, wanted: Wanted, _others: Sequence[Holding]) -> str:
    return sentences.too_long(rule) if wanted.period.length > rule.length else ""


def notice(rule: Rule, wanted: Wanted, _others: Sequence[Holding]) -> str:
    has = wanted.has
    if has is not None and wanted.period.start_at == has.period.start_at:
        return ""
    return sentences.too_soon(rule) if wanted.period.start_at < wanted.now + rule.length else ""


def window(rule: Rule, wanted: Wanted, _others: Sequence[Holding]) -> str:
    if covers(open_periods(rule.windows, wanted.period, wanted.zone), wanted.period):
        return ""
    return sentences.outside_window(rule)


def blackout(rule: Rule, wanted: Wanted, _others: Sequence[Holding]) -> str:
    closed = rule.closed
    if closed is None or not overlap(closed, wanted.period):
        return ""
    return sentences.blacked_out(rule, wanted.zone)


def overlap(one: Period, other: Period) -> bool:
    return one.start_at < other.end_at and other.start_at < one.end_at


Breach = Callable[[Rule, Wanted, Sequence[Holding]], str]
BREACHES: dict[str, Breach] = {
    Kind.BLACKOUT: blackout,
    Kind.LONGEST: longest,
    Kind.NOTICE: notice,
    Kind.WINDOW: window,
    Kind.AT_A_TIME: at_a_time,
    Kind.PER_DAY: per_day,
    Kind.HOURS_PER_DAY: hours_per_day,
    Kind.HOURS_PER_WEEK: hours_per_week,
}
COUNTING = frozenset({Kind.AT_A_TIME, Kind.PER_DAY, Kind.HOURS_PER_DAY, Kind.HOURS_PER_WEEK})


def closed_periods(
    rule: Rule, days: Period, *, zone: ZoneInfo, now: datetime, others: Sequence[Holding]
) -> tuple[Period, ...]:
    """Return when a rule lets nothing be booked, whatever the length; `others` in its scope."""
    if rule.kind == Kind.BLACKOUT:
        return (rule.closed,) if rule.closed and overlap(rule.closed, days) else ()
    if rule.kind == Kind.WINDOW:
        return gaps(open_periods(rule.windows, days, zone), days)
    if rule.kind == Kind.NOTICE:
        begin = min(days.start_at, now.astimezone(UTC))
        return (Period(begin, now.astimezone(UTC) + rule.length),)
    if rule.kind == Kind.AT_A_TIME:
        if not rule.number:
            return (days,)
        return merge(each for each, count in busy_periods(others, days) if count >= rule.number)
    return ()
