"""When chargers are free over two days, drawn as outlines of SVG paths and in words."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _

from maintenance.planned import Planned
from sites.periods import Period, clip, gaps, local_day, merge, start_of_day
from sites.slots.clocks import ONE_DAY, Clock, short_day, weekday
from sites.slots.limits import MINUTE

TICK_HOURS = (6, 12, 18)
# Upper and lower edges on the bar: height tells free from other time, not colour alone.
BAR_HEIGHT = 24
FREE_EDGES = (0, 24)
UNAVAILABLE_EDGES = (10, 14)
MAINTENANCE_EDGES = (6, 18)
PAST_EDGES = (11, 13)


@dataclass(frozen=True, slots=True)
class Bar:
    """When a charger is free over two days: outlines of an SVG path, and the same in words.

    `maintenance` is when it is out of use by plan; that is not `unavailable` besides.
    """

    free: str
    unavailable: str
    text: str
    maintenance: str = ""


@dataclass(frozen=True, slots=True)
class AxisLabel:
    """A label under the bars: `percent` of the way from left to right."""

    percent: str
    text: str


@dataclass(frozen=True, slots=True)
class Scale:
    """What all bars of a page have in common: one unit is a minute of two days as they pass.

    `ticks`, `past` and `now` are outlines of SVG paths; the last two are empty for days to come.
    """

    minutes: str
    ticks: str
    past: str
    now: str
    labels: tuple[AxisLabel, ...]


def two_days(day: date, zone: ZoneInfo) -> Period:
    return Period(start_of_day(day, zone), start_of_day(day + 2 * ONE_DAY, zone))


def scale_of(day: date, *, zone: ZoneInfo, since: datetime) -> Scale:
    """Return how the bars for a day and the next are drawn; before `since` all is past."""
    whole = two_days(day, zone)
    minutes = whole.length // MINUTE
    ticks: list[int] = []
    labels: list[AxisLabel] = []
    for each in (day, day + ONE_DAY):
        begin = (start_of_day(each, zone) - whole.start_at) // MINUTE
        labels.append(AxisLabel(_percent(begin, minutes), weekday(each)))
        for hour in TICK_HOURS:
            at = datetime.combine(each, time(hour), zone).astimezone(UTC)
            ticks.append((at - whole.start_at) // MINUTE)
            labels.append(AxisLabel(_percent(ticks[-1], minutes), f"{hour:02}"))
        if begin:
            ticks.append(begin)
    past = min((since - whole.start_at) // MINUTE, minutes)
    return Scale(
        minutes=str(minutes),
        ticks="".join(f"M{x} 0V{BAR_HEIGHT}" for x in ticks),
        past=_box(0, past, *PAST_EDGES) if past > 0 else "",
        now=f"M{past} 0V{BAR_HEIGHT}" if past > 0 else "",
        labels=tuple(labels),
    )


class BarWriter:
    """Draws and words when chargers are free from `since` over a day and the next."""

    def __init__(self, *, day: date, clock: Clock, since: datetime) -> None:
        self.clock = clock
        self.whole = two_days(day, clock.zone)
        begin = min(max(since, self.whole.start_at), self.whole.end_at - MINUTE)
        self.ahead = Period(begin, self.whole.end_at)
        self.days = [
            (short_day(each), rest)
            for each in (day, day + ONE_DAY)
            for rest in clip([local_day(each, clock.zone)], self.ahead)
        ]

    def write(self, free: Sequence[Period], planned: Sequence[Planned] = ()) -> Bar:
        free = clip(free, self.ahead)
        out_of_use = merge(each for one in planned if (each := one.within(self.ahead)))
        other = gaps((*free, *out_of_use), self.ahead)
        return Bar(
            free=self._boxes(free, *FREE_EDGES),
            unavailable=self._boxes(other, *UNAVAILABLE_EDGES),
            maintenance=self._boxes(out_of_use, *MAINTENANCE_EDGES),
            text=" ".join(
                f"{day}: {free_text(clip(free, rest), within=rest, clock=self.clock)}."
                for day, rest in self.days
            ),
        )

    def _boxes(self, periods: Iterable[Period], top: int, bottom: int) -> str:
        begin = self.whole.start_at
        return "".join(
            _box((each.start_at - begin) // MINUTE, (each.end_at - begin) // MINUTE, top, bottom)
            for each in periods
        )


def _box(left: int, right: int, top: int, bottom: int) -> str:
    return f"M{left} {top}H{right}V{bottom}H{left}z"


def _percent(x: int, whole: int) -> str:
    return f"{100 * x / whole:.2f}%"


def free_text(free: Sequence[Period], *, within: Period, clock: Clock) -> str:
    """Return when a charger is free within (the rest of) a day, in words; `free` is merged."""
    if not free:
        return _("not available")
    if free[0] == within:
        if within.start_at == start_of_day(clock.local(within.start_at).date(), clock.zone):
            return _("free all day")
        return _("free for the rest of the day")
    times = ", ".join(
        f"{clock.text(each.start_at)}–"
        + ("24:00" if each.end_at == within.end_at else clock.text(each.end_at))
        for each in free
    )
    return _("free %(times)s") % {"times": times}
