"""What the operator's line says of a site's power and prices: now, tonight, over the day."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from django.utils import timezone
from django.utils.formats import number_format
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from energy.models import Line, Network
from energy.models.lines import DRAWN_LATELY
from energy.pages.drawings import Drawing
from energy.pages.power_drawings import HourRow, hour_rows, line_drawing, price_drawing, spans
from energy.selectors import walls
from energy.selectors.lines import (
    Course,
    LineSource,
    drawn_line,
    network_at,
    price_line,
    usable_line,
)
from energy.wording import price
from shell.formats import age_text, kw, period
from sites.models import Location

# What the page shows of before now, and of after it.
BEFORE, AHEAD = timedelta(hours=3), timedelta(hours=24)
EVENING, MORNING = time(18), time(6)
NOT_COUNTED: dict[str, Promise] = {
    Line.Kind.BASELOAD: gettext_lazy(
        "What the rest of the place needs is not known: it is assumed to be nothing."
    ),
    Line.Kind.DEMAND_RESPONSE: gettext_lazy(
        "Whether the grid asks for less power is not known: it is assumed that it does not."
    ),
    Line.Kind.SOLAR: gettext_lazy("What the sun gives is not known: it is assumed to be nothing."),
}


@dataclass(frozen=True, slots=True)
class Extreme:
    """A price and when it counts first."""

    price: str
    when: str


@dataclass(frozen=True, slots=True)
class Power:
    """What the page shows; what nobody told is "" or None."""

    usable: str
    tonight: str
    line_age: str
    drawn: str
    price: str
    lowest: Extreme | None
    highest: Extreme | None
    price_age: str
    uptime: str
    notes: Sequence[str]
    source: str
    line: Drawing | None
    prices: Drawing | None
    rows: Sequence[HourRow]


def summary_of(location: Location, *, now: datetime | None = None) -> str | None:
    """Return what may be drawn at a site now, in a sentence; None where it has no line.

    None or one query where there is none, five at most.
    """
    if not walls.may_have_lines(location.pk):
        return None
    now = now or timezone.now()
    lines = list(walls.lines_of(location.pk).select_related("network"))
    networks = [line.network for line in lines if line.network is not None]
    if not lines or any(network.retired_at for network in networks):
        return None
    place = networks[0] if networks else location
    usable = usable_line(place, start=now, end=now + timedelta(minutes=1))
    value = usable.at(now) if usable else None
    if usable is None or value is None:
        return _("How much power can be used now is not known.")
    text = _("The operator’s line says that %(power)s can be used now (read %(age)s).")
    return text % {"power": kw(value), "age": age_text(usable.read_at, now)}


def read_power(location: Location, *, now: datetime) -> Power | None:
    """Return what is known of a site's power; None where it has no network and no line."""
    network = network_at(location)
    place = network or location
    start = now.replace(minute=0, second=0, microsecond=0) - BEFORE
    usable = usable_line(place, start=start, end=now + AHEAD)
    prices = price_line(place, start=start, end=now + AHEAD)
    drawn = drawn_line(place, start=start, end=now + timedelta(seconds=1))
    if network is None and usable is None and prices is None and drawn is None:
        return None
    zone = location.zone
    lowest, highest = _extremes(prices, zone, now)
    return Power(
        usable=kw(usable.at(now)) if usable else "",
        tonight=_tonight_text(usable, zone, now),
        line_age=age_text(usable.read_at, now) if usable else "",
        drawn=_drawn_text(drawn, network, now),
        price=price(prices.at(now), prices.currency) if prices else "",
        lowest=lowest,
        highest=highest,
        price_age=age_text(prices.read_at, now) if prices else "",
        uptime=_uptime_text(network, now),
        notes=_notes(network, usable),
        source=_source_text([each for each in (usable, prices, drawn) if each]),
        line=line_drawing(usable, drawn, zone=zone, now=now),
        prices=price_drawing(prices, zone=zone, now=now),
        rows=hour_rows(usable, prices, zone=zone, start=start),
    )


def tonight(zone: ZoneInfo, now: datetime) -> tuple[datetime, datetime]:
    """Return from when until when it is night by a site's clock; from now on, if it is already."""
    local = now.astimezone(zone)

    def at(clock: time, days: int = 0) -> datetime:
        day = local.date() + timedelta(days=days)
        return datetime.combine(day, clock, zone).astimezone(now.tzinfo)

    if local.time() < MORNING:
        return now, at(MORNING)
    return max(now, at(EVENING)), at(MORNING, 1)


def _tonight_text(usable: Course | None, zone: ZoneInfo, now: datetime) -> str:
    if usable is None:
        return ""
    start, end = tonight(zone, now)
    values = [each.value for each in spans(usable, start, end)]
    if not values:
        return ""
    least, most = kw(min(values)), kw(max(values))
    power = least if least == most else _("%(least)s to %(most)s") % {"least": least, "most": most}
    return f"{power} · {period(start, end, zone)}"


def _drawn_text(drawn: Course | None, network: Network | None, now: datetime) -> str:
    value: Decimal | None = None
    read_at: datetime | None = None
    if drawn is not None and drawn.steps and drawn.read_at >= now - DRAWN_LATELY:
        value, read_at = drawn.steps[-1].value, drawn.read_at
    elif network is not None:
        value, read_at = network.current_load_kw, network.read_at
    if value is None:
        return ""
    return " · ".join([kw(value), age_text(read_at, now)])


def _extremes(
    prices: Course | None, zone: ZoneInfo, now: datetime
) -> tuple[Extreme | None, Extreme | None]:
    """Return the lowest and the highest price from now on; nothing where it is the same always."""
    found = list(spans(prices, now, now + AHEAD)) if prices else []
    if prices is None or len({each.value for each in found}) < 2:
        return None, None
    return tuple(  # type: ignore[return-value]
        Extreme(price(each.value, prices.currency), period(each.start, each.end, zone))
        for each in (
            min(found, key=lambda each: each.value),
            max(found, key=lambda each: each.value),
        )
    )


def _uptime_text(network: Network | None, now: datetime) -> str:
    if network is None or network.uptime is None:
        return ""
    share = number_format(round(min(max(network.uptime, 0.0), 1.0) * 100, 1), decimal_pos=1)
    text = _("%(share)s %% of the time · read %(age)s")
    return text % {"share": share, "age": age_text(network.uptime_read_at, now) or _("long ago")}


def _notes(network: Network | None, usable: Course | None) -> list[str]:
    notes = []
    if network is not None and not network.steers:
        notes.append(_("Nothing is shared out here at present: chargers give what they can."))
    if usable is not None:
        notes += [str(NOT_COUNTED[kind]) for kind in usable.missing if kind in NOT_COUNTED]
    return notes


def _source_text(courses: Sequence[Course]) -> str:
    if any(course.source == LineSource.AMPCONTROL for course in courses):
        return _("The line is that of the operator’s smart charging.")
    if courses:
        return _(
            "The line follows from the operator’s circuits and electricity rates, as the operator "
            "has confirmed them."
        )
    return ""
