"""The starts that somebody can choose from, with their texts and links."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from shell.formats import abbreviation, happens_twice, instant
from sites.periods import STEP, Period
from sites.slots.clocks import Clock, day_text, viewer_clock, weekday
from sites.slots.limits import MINUTE, BookingLimits

MOST_HIGHLIGHTED = 6


@dataclass(frozen=True, slots=True)
class Start:
    """A period that can be asked for, in the site's time.

    `viewer` is the start in the viewer's time, where that differs; `chargers` says how many are
    free, where any of several will do, and `price` what it costs, where starts differ in that;
    `spoken` says all of it. `day` is named where it is another
    one than that which the page is about.
    """

    start_at: datetime
    begins: str
    ends: str
    viewer: str
    chargers: str
    spoken: str
    url: str
    day: str = ""
    price: str = ""


@dataclass(frozen=True, slots=True)
class Hour:
    """The starts within one hour of the clock."""

    label: str
    starts: tuple[Start, ...]


class _Words(NamedTuple):
    """What a start says whatever the charger; `query` is the end of its link's query string."""

    begins: str
    ends: str
    viewer: str
    spoken: str
    day: str
    query: str


class PeriodChoice:
    """The periods of one length that can be chosen at a site, in its time and the viewer's.

    Chargers share most of their starts, so what these have in common is written only once.
    """

    def __init__(
        self,
        zone: ZoneInfo,
        *,
        length: timedelta,
        now: datetime,
        viewer: ZoneInfo | None = None,
        url: str = "",
    ) -> None:
        self.site = Clock(zone)
        self.viewer = viewer_clock(viewer, zone=zone)
        self.length = length
        self.limits = BookingLimits.at(now)
        self.url = url
        self._words: dict[datetime, _Words] = {}
        self._days: dict[date, str] = {}

    def starts(
        self,
        free: Iterable[Period],
        *,
        since: datetime | None = None,
        until: datetime | None = None,
    ) -> Iterator[datetime]:
        return self.limits.starts(free, length=self.length, since=since, until=until)

    def write(
        self,
        starts: Iterable[datetime],
        *,
        what: str,
        query: str = "",
        chargers: Mapping[datetime, str] | None = None,
        prices: Mapping[datetime, str] | None = None,
    ) -> list[Start]:
        """Return the starts with their links; `query` and `what` say which charger is meant.

        `chargers` says how many are free at each start, where any of several will do, `prices` what
        each costs.
        """
        address = f"{self.url}?{query}"
        written = []
        for start_at in starts:
            words = self._say(start_at)
            count = chargers[start_at] if chargers else ""
            price = prices.get(start_at, "") if prices else ""
            spoken = (words.spoken, count, what, words.day, price)
            written.append(
                Start(
                    start_at=start_at,
                    begins=words.begins,
                    ends=words.ends,
                    viewer=words.viewer,
                    chargers=count,
                    spoken=", ".join(filter(None, spoken)),
                    url=address + words.query,
                    price=price,
                )
            )
        return written

    def by_hour(self, starts: Iterable[Start]) -> tuple[Hour, ...]:
        """Return the starts by the hour of the site's clock; an hour shown twice stays two."""
        hours: dict[str, list[Start]] = {}
        for start in starts:
            local = self.site.local(start.start_at)
            label = f"{local:%H}:00"
            if happens_twice(local):
                label = f"{label} {abbreviation(local)}"
            hours.setdefault(label, []).append(start)
        return tuple(Hour(label, tuple(each)) for label, each in hours.items())

    def viewer_zone_text(self, *instants: datetime) -> str:
        viewer = self.viewer
        if viewer is None or not any(self.site.differs(viewer, at) for at in instants):
            return ""
        return viewer.zone_text(instants[0])

    def _say(self, start_at: datetime) -> _Words:
        if start_at in self._words:
            return self._words[start_at]
        period = Period(start_at, start_at + self.length)
        begins, ends = self.site.text(start_at), self.site.end_text(period)
        viewer = self._viewer_text(period)
        spoken = f"{begins} – {ends}"
        day = self.site.local(start_at).date()
        if day not in self._days:
            self._days[day] = day_text(day)
        # The link names the instant, which no change of clocks moves.
        start = instant(start_at).replace(":", "%3A")
        self._words[start_at] = words = _Words(
            begins=begins,
            ends=ends,
            viewer=viewer,
            spoken=f"{spoken}, {viewer}" if viewer else spoken,
            day=self._days[day],
            query=f"&start={start}&minutes={self.length // MINUTE}",
        )
        return words

    def _viewer_text(self, period: Period) -> str:
        """Return the start in the viewer's time, if its clock shows another one in this period.

        The zone's letters tell it from the site's; the weekday stands there where it is another.
        """
        clock = self.viewer
        if clock is None or not any(
            self.site.differs(clock, at) for at in (period.start_at, period.end_at)
        ):
            return ""
        local = clock.local(period.start_at)
        text = f"{local:%H:%M} {abbreviation(local)}"
        if local.date() == self.site.local(period.start_at).date():
            return text
        return f"{weekday(local.date())} {text}"


def highlighted_starts(starts: Sequence[datetime], *, clock: Clock) -> list[datetime]:
    """Return the few starts that say most: where free time begins, then each full hour."""
    if len(starts) <= MOST_HIGHLIGHTED:
        return list(starts)
    few: list[datetime] = []
    previous = None
    for start_at in starts:
        if previous is None or start_at - previous != STEP or not clock.local(start_at).minute:
            few.append(start_at)
            if len(few) == MOST_HIGHLIGHTED:
                break
        previous = start_at
    return few
