"""A site's power and prices as drawings, and as rows of a table, hour by hour."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _

from energy.pages.drawings import (
    Drawing,
    Mark,
    Value,
    mark,
    place_of,
    scale_for,
    steps,
    time_labels,
    value_labels,
)
from energy.selectors.lines import Course
from energy.wording import price
from shell.formats import in_zone, kw

HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Span:
    """A value and from when until when it counts."""

    start: datetime
    end: datetime
    value: Decimal


@dataclass(frozen=True, slots=True)
class HourRow:
    """What counts in an hour: the least power, and what a kWh costs."""

    when: str
    usable: str
    price: str


def spans(course: Course, start: datetime, end: datetime) -> Iterator[Span]:
    """Yield what counts between two instants."""
    ends = [*(step.at for step in course.steps[1:]), course.ends_at]
    for step, until in zip(course.steps, ends, strict=True):
        if until > start and step.at < end:
            yield Span(max(step.at, start), min(until, end), step.value)


def line_drawing(
    usable: Course | None, drawn: Course | None, *, zone: ZoneInfo, now: datetime
) -> Drawing | None:
    """Draw what may be drawn, and what was until it was last read; None without a line."""
    if usable is None or not usable.steps:
        return None
    measured: list[Value] = []
    if drawn and drawn.steps:
        until = max(min(now, drawn.read_at), drawn.steps[-1].at)
        measured = [*_values(drawn), (until, None)]
    start = min([usable.steps[0].at, *(at for at, _value in measured)])
    highest = max(value or 0 for _at, value in [*_values(usable), *measured])
    scale = scale_for(start, usable.ends_at, highest)
    courses = (
        steps("drawn", measured, scale, filled=True),
        steps("usable", _values(usable), scale),
    )
    return Drawing(
        courses=tuple(course for course in courses if course.line),
        times=time_labels(scale, zone),
        left=value_labels(scale, form=kw),
        now=place_of(now, scale),
    )


def price_drawing(prices: Course | None, *, zone: ZoneInfo, now: datetime) -> Drawing | None:
    """Draw what a kWh costs; the lowest and the highest price to come are named in the drawing."""
    if prices is None or not prices.steps:
        return None
    currency = prices.currency
    values = _values(prices)
    scale = scale_for(prices.steps[0].at, prices.ends_at, max(value or 0 for _at, value in values))
    ahead = list(spans(prices, now, prices.ends_at))
    marks: tuple[Mark, ...] = ()
    if len({each.value for each in ahead}) > 1:
        marks = tuple(
            mark(each.start + (each.end - each.start) / 2, float(each.value), word, scale)
            for each, word in (
                (min(ahead, key=lambda each: each.value), _("lowest")),
                (max(ahead, key=lambda each: each.value), _("highest")),
            )
        )
    return Drawing(
        courses=(steps("price", values, scale, filled=True),),
        times=time_labels(scale, zone),
        left=value_labels(scale, form=lambda value: price(value, currency), count=1),
        marks=marks,
        now=place_of(now, scale),
    )


def hour_rows(
    usable: Course | None, prices: Course | None, *, zone: ZoneInfo, start: datetime
) -> Sequence[HourRow]:
    """Return a row for each hour from `start` on of which anything is known."""
    known = [course for course in (usable, prices) if course is not None and course.steps]
    if not known:
        return ()
    rows, at, end = [], start, max(course.ends_at for course in known)
    while at < end:
        power = [each.value for each in spans(usable, at, at + HOUR)] if usable else []
        costs = [each.value for each in spans(prices, at, at + HOUR)] if prices else []
        if power or costs:
            rows.append(
                HourRow(
                    in_zone(at, zone),
                    kw(min(power)) if power else "",
                    _costs_text(costs, prices.currency) if prices and costs else "",
                )
            )
        at += HOUR
    return rows


def _costs_text(costs: Sequence[Decimal], currency: str) -> str:
    least, most = price(min(costs), currency), price(max(costs), currency)
    return least if least == most else _("%(least)s to %(most)s") % {"least": least, "most": most}


def _values(course: Course) -> list[Value]:
    return [(step.at, float(step.value)) for step in course.steps]
