"""What the slot picker shows, ready for a template: plain rows, texts and lengths."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from shell.formats import abbreviation, happens_twice, zone_label
from sites.periods import Interval, clip, gaps, local_day, start_of_day

MINUTE = timedelta(minutes=1)
ONE_DAY = timedelta(days=1)
TICK_HOURS = (6, 12, 18)
# Upper and lower edges on the bar: height tells free from other time, not colour alone.
BAR_HEIGHT = 24
FREE_EDGES = (0, 24)
UNAVAILABLE_EDGES = (10, 14)
PAST_EDGES = (11, 13)


class Clock:
    """Writes instants as the clocks of one zone show them; each text is made only once."""

    def __init__(self, zone: ZoneInfo) -> None:
        self.zone = zone
        self._locals: dict[datetime, datetime] = {}
        self._texts: dict[datetime, str] = {}

    def local(self, at: datetime) -> datetime:
        """Return the instant in this zone."""
        if at not in self._locals:
            self._locals[at] = at.astimezone(self.zone)
        return self._locals[at]

    def text(self, at: datetime) -> str:
        """Return the time as “18:00”, with the zone's letters where the clock shows it twice."""
        if at not in self._texts:
            local = self.local(at)
            twice = happens_twice(local)
            self._texts[at] = f"{local:%H:%M} {abbreviation(local)}" if twice else f"{local:%H:%M}"
        return self._texts[at]

    def end_text(self, stay: Interval) -> str:
        """Return when a stay ends, and whether that is on a later day: “06:00 +1 day”."""
        text = self.text(stay.end_at)
        days = (self.local(stay.end_at).date() - self.local(stay.start_at).date()).days
        if not days:
            return text
        later = ngettext("+%(days)d day", "+%(days)d days", days) % {"days": days}
        return f"{text} {later}"

    def zone_text(self, at: datetime) -> str:
        """Return what the zone is called at an instant: “New York time (EST, UTC−5)”."""
        return zone_label(self.zone, at)

    def span(self, stay: Interval) -> str:
        """Return from when until when a stay lasts: “18:00 – 06:00 +1 day”."""
        return f"{self.text(stay.start_at)} – {self.end_text(stay)}"

    def differs(self, other: "Clock", at: datetime) -> bool:
        """Return whether the other zone's clocks show another time at this instant."""
        return self.local(at).utcoffset() != other.local(at).utcoffset()


@dataclass(frozen=True, slots=True)
class Start:
    """A stay that can be asked for, in the site's time.

    `viewer` is the start in the viewer's time, where that differs; `chargers` says how many are
    free, where any of several will do; `spoken` says all of it.
    """

    start_at: datetime
    begins: str
    ends: str
    viewer: str
    chargers: str
    spoken: str
    url: str


@dataclass(frozen=True, slots=True)
class Hour:
    """The starts within one hour of the clock."""

    label: str
    starts: tuple[Start, ...]


@dataclass(frozen=True, slots=True)
class Bar:
    """When a charger is free over two days: outlines of an SVG path, and the same in words."""

    free: str
    unavailable: str
    text: str


@dataclass(frozen=True, slots=True)
class Mark:
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
    marks: tuple[Mark, ...]


@dataclass(frozen=True, slots=True)
class Stay:
    """What a start says whatever the charger; `query` is the end of its link's query string."""

    begins: str
    ends: str
    viewer: str
    spoken: str
    query: str


class StartWriter:
    """Turns instants into starts to pick, in the site's time, with the viewer's beside it.

    Chargers share most of their starts, so what these have in common is written only once.
    """

    def __init__(
        self, *, site: Clock, viewer: Clock | None, length: timedelta, booking_url: str, day: date
    ) -> None:
        self.site = site
        self.viewer = viewer
        self.length = length
        self.booking_url = booking_url
        self.day_text = day_text(day)
        self._stays: dict[datetime, Stay] = {}

    def write(
        self,
        starts: Iterable[datetime],
        *,
        params: Mapping[str, str],
        what: str,
        chargers: Mapping[datetime, str] | None = None,
    ) -> list[Start]:
        """Return the starts with their links; `params` and `what` say which charger is meant.

        `chargers` says how many are free at each start, where any of several will do.
        """
        address = f"{self.booking_url}?{urlencode(params)}"
        end = f", {what}, {self.day_text}"
        written = []
        for start_at in starts:
            stay = self.stay(start_at)
            count = chargers[start_at] if chargers else ""
            written.append(
                Start(
                    start_at=start_at,
                    begins=stay.begins,
                    ends=stay.ends,
                    viewer=stay.viewer,
                    chargers=count,
                    spoken=f"{stay.spoken}, {count}{end}" if count else f"{stay.spoken}{end}",
                    url=address + stay.query,
                )
            )
        return written

    def stay(self, start_at: datetime) -> Stay:
        """Return what a start says; its link names the instant, which no change of clocks moves."""
        if start_at not in self._stays:
            stay = Interval(start_at, start_at + self.length)
            viewer = self._viewer_text(stay)
            instant = {
                "start": f"{start_at:%Y-%m-%dT%H:%M:%SZ}",
                "minutes": self.length // MINUTE,
            }
            self._stays[start_at] = Stay(
                begins=self.site.text(start_at),
                ends=self.site.end_text(stay),
                viewer=viewer,
                spoken=", ".join(part for part in (self.site.span(stay), viewer) if part),
                query=f"&{urlencode(instant)}",
            )
        return self._stays[start_at]

    def _viewer_text(self, stay: Interval) -> str:
        """Return the start in the viewer's time, if its clock shows another one for this stay.

        The zone's letters tell it from the site's; the weekday stands there where it is another.
        """
        clock = self.viewer
        if clock is None or not any(
            self.site.differs(clock, at) for at in (stay.start_at, stay.end_at)
        ):
            return ""
        local = clock.local(stay.start_at)
        text = f"{local:%H:%M} {abbreviation(local)}"
        if local.date() == self.site.local(stay.start_at).date():
            return text
        return f"{weekday(local.date())} {text}"

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


def day_text(day: date) -> str:
    """Return a day as “Monday 2 March”."""
    # Translators: Django's date format of a day without its year.
    return date_format(day, pgettext("format", "l j F"))


def short_day(day: date) -> str:
    """Return a day as “Mon 2 Mar”."""
    # Translators: Django's date format of a day, short and without its year.
    return date_format(day, pgettext("format", "D j M"))


def weekday(day: date) -> str:
    """Return the day of the week as “Mon”."""
    return date_format(day, "D")


def two_days(day: date, zone: ZoneInfo) -> Interval:
    """Return the day and the next as they really pass: 47 to 49 hours."""
    return Interval(start_of_day(day, zone), start_of_day(day + 2 * ONE_DAY, zone))


def scale_of(day: date, *, zone: ZoneInfo, since: datetime) -> Scale:
    """Return how the bars for a day and the next are drawn; before `since` all is past."""
    whole = two_days(day, zone)
    minutes = whole.length // MINUTE
    ticks: list[int] = []
    marks: list[Mark] = []
    for each in (day, day + ONE_DAY):
        begin = (start_of_day(each, zone) - whole.start_at) // MINUTE
        marks.append(Mark(percent(begin, minutes), weekday(each)))
        for hour in TICK_HOURS:
            at = datetime.combine(each, time(hour), zone).astimezone(UTC)
            ticks.append((at - whole.start_at) // MINUTE)
            marks.append(Mark(percent(ticks[-1], minutes), f"{hour:02}"))
        if begin:
            ticks.append(begin)
    past = min((since - whole.start_at) // MINUTE, minutes)
    return Scale(
        minutes=str(minutes),
        ticks="".join(f"M{x} 0V{BAR_HEIGHT}" for x in ticks),
        past=outline(0, past, *PAST_EDGES) if past > 0 else "",
        now=f"M{past} 0V{BAR_HEIGHT}" if past > 0 else "",
        marks=tuple(marks),
    )


def percent(x: int, whole: int) -> str:
    """Return a place on the bar as an SVG attribute takes it."""
    return f"{100 * x / whole:.2f}%"


class BarWriter:
    """Draws and words when chargers are free from `since` over a day and the next."""

    def __init__(self, *, day: date, clock: Clock, since: datetime) -> None:
        self.clock = clock
        self.whole = two_days(day, clock.zone)
        begin = min(max(since, self.whole.start_at), self.whole.end_at - MINUTE)
        self.ahead = Interval(begin, self.whole.end_at)
        self.days = [
            (short_day(each), rest)
            for each in (day, day + ONE_DAY)
            for rest in clip([local_day(each, clock.zone)], self.ahead)
        ]

    def write(self, free: Sequence[Interval]) -> Bar:
        """Return the bar of a charger."""
        free = clip(free, self.ahead)
        return Bar(
            free=outlines(free, self.whole, *FREE_EDGES),
            unavailable=outlines(gaps(free, self.ahead), self.whole, *UNAVAILABLE_EDGES),
            text=" ".join(
                f"{day}: {free_text(clip(free, rest), within=rest, clock=self.clock)}."
                for day, rest in self.days
            ),
        )


def outlines(stretches: Iterable[Interval], whole: Interval, top: int, bottom: int) -> str:
    """Return boxes for stretches of time as the outline of one SVG path."""
    return "".join(
        outline(
            (each.start_at - whole.start_at) // MINUTE,
            (each.end_at - whole.start_at) // MINUTE,
            top,
            bottom,
        )
        for each in stretches
    )


def outline(left: int, right: int, top: int, bottom: int) -> str:
    """Return a box as the outline of an SVG path."""
    return f"M{left} {top}H{right}V{bottom}H{left}z"


def free_text(free: Sequence[Interval], *, within: Interval, clock: Clock) -> str:
    """Return when a charger is free within (the rest of) a day, in words."""
    if not free:
        return _("not available")
    if not gaps(free, within):
        if is_midnight(within.start_at, clock):
            return _("free all day")
        return _("free for the rest of the day")
    times = ", ".join(
        f"{clock.text(each.start_at)}–"
        + ("24:00" if each.end_at == within.end_at else clock.text(each.end_at))
        for each in free
    )
    return _("free %(times)s") % {"times": times}


def is_midnight(at: datetime, clock: Clock) -> bool:
    """Return whether a day begins at this instant."""
    return at == start_of_day(clock.local(at).date(), clock.zone)
