"""Values over time as drawings: paths and labels for SVG, which the style sheet colours.

A drawing is stretched to the width that there is, so its places are shares: paths in a box of
WIDTH by HEIGHT, labels in percent of the whole.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from django.utils.timezone import localtime

from shell.formats import time_in_zone

WIDTH, HEIGHT = 1000, 100
# Of the whole height, in percent: what the courses take. Below stand the times.
DRAWN = 86
MOST_TICKS = 6
TICK_MINUTES = (5, 10, 15, 30, 60, 120, 180, 240, 360, 720, 1440, 2880)

# An instant and what is true from then on; None for what is not known.
Value = tuple[datetime, float | None]


@dataclass(frozen=True, slots=True)
class Label:
    """A text at a place on an edge of the drawing; `anchor` is how SVG says to what it is tied."""

    place: str
    text: str
    anchor: str = "middle"


@dataclass(frozen=True, slots=True)
class Mark:
    """A word beside a place of a course."""

    x: str
    y: str
    text: str
    anchor: str = "middle"


@dataclass(frozen=True, slots=True)
class Course:
    """What one kind of value did; `look` is the word by which the style sheet knows it."""

    look: str
    line: str
    area: str = ""


@dataclass(frozen=True, slots=True)
class Scale:
    """The stretch of time and of values that a drawing shows; values begin with 0."""

    start: datetime
    end: datetime
    top: float

    def x(self, at: datetime) -> float:
        """Return how far to the right an instant is; what lies outside is moved to the edge."""
        share = (at - self.start) / (self.end - self.start)
        return round(WIDTH * min(max(share, 0.0), 1.0), 1)

    def y(self, value: float) -> float:
        share = min(max(value / self.top, 0.0), 1.0)
        return round(HEIGHT * (1 - share), 1)


@dataclass(frozen=True, slots=True)
class Drawing:
    """A drawing: courses, the times below, values at the left and the right, and what is now."""

    courses: tuple[Course, ...]
    times: tuple[Label, ...]
    left: tuple[Label, ...]
    right: tuple[Label, ...] = ()
    marks: tuple[Mark, ...] = ()
    now: str = ""


def scale_for(start: datetime, end: datetime, highest: float) -> Scale:
    """Return a scale with a round number at its top, and some time in it whatever is given."""
    return Scale(start, max(end, start + timedelta(minutes=1)), round_top(highest))


def round_top(highest: float) -> float:
    """Return the next of 1, 2, 4, 5, 6, 8 times a power of ten; 1 where there is nothing."""
    if highest <= 0:
        return 1.0
    power = 1.0
    while power * 10 < highest:
        power *= 10
    while power >= highest:
        power /= 10
    return next(step * power for step in (1, 2, 4, 5, 6, 8, 10) if step * power >= highest)


def steps(look: str, values: Sequence[Value], scale: Scale, *, filled: bool = False) -> Course:
    """Draw values each of which holds until the next one."""
    ends = [*(at for at, _value in values[1:]), scale.end]
    held = [
        (at, until, value)
        for (at, value), until in zip(values, ends, strict=False)
        if value is not None and until > scale.start and at < scale.end
    ]
    strokes: list[tuple[float, float, float, bool]] = []
    for at, until, value in held:
        begin, end, y = scale.x(at), scale.x(until), scale.y(value)
        joins = bool(strokes) and strokes[-1][1] == begin
        strokes.append((begin, end, y, joins))
    line = "".join(f"{'L' if joins else 'M'}{begin} {y}H{end}" for begin, end, y, joins in strokes)
    floor = scale.y(0)
    area = "".join(f"M{begin} {floor}V{y}H{end}V{floor}Z" for begin, end, y, _joins in strokes)
    return Course(look, line, area if filled else "")


def lines(look: str, values: Iterable[Value], scale: Scale, *, gap: timedelta) -> Course:
    """Draw measured values, joined where no more than `gap` lies between them."""
    known = [(at, value) for at, value in values if value is not None]
    known = [(at, value) for at, value in known if scale.start <= at <= scale.end]
    begun = {known[0][0]} if known else set()
    begun |= {after for (before, _v), (after, _w) in pairwise(known) if after - before > gap}
    # A point of its own is drawn as a dot: a line of no length with round ends.
    line = "".join(
        f"M{scale.x(at)} {scale.y(value)}h0" if at in begun else f"L{scale.x(at)} {scale.y(value)}"
        for at, value in known
    )
    return Course(look, line)


def time_labels(scale: Scale, zone: ZoneInfo) -> tuple[Label, ...]:
    """Return some round times of a zone's clock between start and end."""
    minutes = (scale.end - scale.start) / timedelta(minutes=1)
    step = next((each for each in TICK_MINUTES if minutes / each <= MOST_TICKS), TICK_MINUTES[-1])
    every = timedelta(minutes=step)
    # Steps of real time from midnight on: where clocks change, none is left out or comes twice.
    midnight = localtime(scale.start, zone).replace(hour=0, minute=0, second=0, microsecond=0)
    at = midnight.astimezone(scale.start.tzinfo)
    at += every * -(-(scale.start - at) // every)
    labels = []
    while at <= scale.end:
        share = scale.x(at) / WIDTH
        anchor = "start" if share < 0.04 else "end" if share > 0.96 else "middle"
        labels.append(Label(f"{share:.2%}", time_in_zone(at, zone), anchor))
        at += every
    return tuple(labels)


def value_labels(
    scale: Scale, *, form: Callable[[float], str], count: int = 2
) -> tuple[Label, ...]:
    """Return values for lines across the drawing, written by `form`; the 0 needs none."""
    values = (scale.top * each / count for each in range(1, count + 1))
    return tuple(Label(f"{scale.y(value) / HEIGHT * DRAWN:.2f}%", form(value)) for value in values)


def mark(at: datetime, value: float, text: str, scale: Scale) -> Mark:
    """Put a word above a value; below it, where it would leave the drawing."""
    share = scale.x(at) / WIDTH
    anchor = "start" if share < 0.15 else "end" if share > 0.85 else "middle"
    height = scale.y(value) / HEIGHT * DRAWN
    return Mark(f"{share:.2%}", f"{height - 3 if height > 14 else height + 12:.2f}%", text, anchor)


def place_of(at: datetime, scale: Scale) -> str:
    """Return where an instant is; "" for one outside."""
    return f"{scale.x(at) / WIDTH:.2%}" if scale.start <= at <= scale.end else ""
