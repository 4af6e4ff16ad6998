"""What mails and calendar entries tell of a booking, put into words.

The words are in the language that is active when a function is called; times are those of the site.
"""

import re
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from bookings.models import Booking
from bookings.wording.versions import FACTS, BookingFact, BookingVersion
from shell.formats import (
    duration,
    in_zone,
    kw,
    period,
    time_in_zone,
    write_local,
    zone_label,
)
from sites.facts import (
    WEEKDAYS,
    access_labels,
    address_lines,
    connector_label,
    connectors_text,
    hours_text,
    map_url,
)
from sites.models import Evse, Location
from sites.selectors import Criteria

# Control characters, line and paragraph separators: what breaks a header or a line of text.
NOT_PRINTED = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
ONE_DAY = timedelta(days=1)
# Facts that are told with more than they are: others read as their declaration writes them.
DESCRIBED = frozenset({"start_at", "end_at", "location", "evse"})

AnyVersion = Booking | BookingVersion


@dataclass(frozen=True, slots=True)
class Fact:
    """A label with what is to be said under it, line by line, and perhaps a link.

    The first `strong` lines stand out.
    """

    label: str
    lines: tuple[str, ...]
    url: str = ""
    url_label: str = ""
    strong: int = 0


def with_before(fact: Fact, before: str) -> Fact:
    # Translators: %(value)s is what has changed, such as “Mon 23 Nov 2026, 18:00–19:00”.
    line = _("Before: %(value)s") % {"value": before}
    return replace(fact, lines=(*fact.lines, line))


def one_line(text: str, *, longest: int = 200) -> str:
    """Return a text without line breaks and control characters, cut where it is too long."""
    plain = " ".join(NOT_PRINTED.sub(" ", text).split())
    return plain if len(plain) <= longest else f"{plain[: longest - 1].rstrip()}…"


def lines_of(text: str) -> tuple[str, ...]:
    """Return the lines of a text that have something on them, without control characters."""
    lines = (" ".join(NOT_PRINTED.sub(" ", line).split()) for line in text.splitlines())
    return tuple(line for line in lines if line)


def names_of(version: AnyVersion) -> dict[str, str]:
    """Return what sentences call the site, the driver and, where it is known, the charger."""
    return {
        "site": one_line(version.location.name),
        "driver": one_line(version.driver.display_name),
        "charger": one_line(version.evse.name) if version.evse else "",
    }


def where(location: Location) -> Fact:
    """Return the site with its address, and a map with a mark there or a search for the address."""
    address = [one_line(line) for line in address_lines(location)]
    url = map_url(location)
    if not url and address:
        query = urlencode({"query": ", ".join(address)})
        url = f"https://www.openstreetmap.org/search?{query}"
    lines = (one_line(location.name), *address)
    return Fact(_("Where"), lines, url=url, url_label=_("Map"), strong=1)


def version_facts(
    version: BookingVersion,
    *,
    before: BookingVersion | None = None,
    any_charger: bool = False,
    for_driver: bool = False,
) -> list[Fact]:
    """Return where, when, at which charger and for whom, with what each was if that differs.

    With `any_charger`, no charger means any that fits; without, one that the operator has yet to
    name. A driver need not read for which driver.
    """
    if version.evse is not None:
        evse = charger(version.evse)
    elif any_charger:
        evse = Fact(_("Charger"), (criteria_text(version.criteria),))
    else:
        text = _(
            "The operator assigns the charger. It appears on the booking's page as soon as it"
            " is known."
        )
        evse = Fact(_("Charger"), (text,))
    place, time = where(version.location), when(version)
    if before is not None:
        if before.location != version.location:
            place = with_before(place, one_line(before.location.name))
        if (before.start_at, before.end_at) != (version.start_at, version.end_at):
            was = period(before.start_at, before.end_at, before.location.zone)
            time = with_before(time, str(was))
        if before.evse != version.evse and before.evse is not None:
            evse = with_before(evse, one_line(before.evse.name))
    others = [
        _plain(fact, version, before=before)
        for fact in FACTS
        if fact.name not in DESCRIBED
        and not (for_driver and fact.name == "driver")
        and any(getattr(each, fact.name) is not None for each in (version, before or version))
    ]
    return [place, time, evse, *others]


def _plain(fact: BookingFact, version: BookingVersion, *, before: BookingVersion | None) -> Fact:
    zone = version.location.zone

    def said(value: Any) -> str:
        return str(fact.nothing) if value is None else one_line(fact.write(value, zone))

    new = getattr(version, fact.name)
    told = Fact(str(fact.label), (said(new),), strong=1)
    if before is None or getattr(before, fact.name) == new:
        return told
    return with_before(told, said(getattr(before, fact.name)))


def short_name(version: BookingVersion) -> str:
    """Return where, when and at which charger, as short as a subject needs it."""
    parts = [one_line(version.location.name, longest=60), short_period(version)]
    evse = version.evse
    if evse is not None:
        label = one_line(evse.label or evse.physical_reference or evse.name, longest=30)
        parts.append(_("charger %(charger)s") % {"charger": label})
    return ", ".join(parts)


def place_text(location: Location) -> str:
    lines = (location.name, *address_lines(location))
    return ", ".join(line for line in map(one_line, lines) if line)


def entry_text(booking: Booking, *, for_driver: bool) -> str:
    """Return what a calendar entry says besides its title, label by label."""
    told = [when(booking)]
    if booking.evse is not None:
        told.append(charger(booking.evse))
    if not for_driver:
        told.append(Fact(_("Driver"), (one_line(booking.driver.display_name),)))
    if booking.vehicle is not None:
        told.append(Fact(_("Vehicle"), (one_line(booking.vehicle.name),)))
    told += getting_in(booking)
    if booking.reference:
        told.append(Fact(_("Reference"), (one_line(booking.reference),)))
    # Translators: a label with what belongs to it in the next line, such as “Where:”.
    label = _("%(label)s:")
    return "\n\n".join("\n".join([label % {"label": fact.label}, *fact.lines]) for fact in told)


def when(slot: AnyVersion) -> Fact:
    """Return both ends on the site's clock, with their days, the length and the zone's name."""
    location = slot.location
    zone = location.zone
    start, end = slot.start_at, slot.end_at
    days = (end.astimezone(zone).date() - start.astimezone(zone).date()).days
    if days:
        ends = _("until %(end)s (next day)") if days == 1 else _("until %(end)s")
        lines = [in_zone(start, zone), ends % {"end": in_zone(end, zone)}]
    else:
        lines = [str(period(start, end, zone))]
    strong = len(lines)
    lines.append(f"{duration(end - start)} · {zone_label(zone, start)}")
    if change := clock_change(start, end, zone):
        lines.append(change)
    if location.zone_is_assumed:
        lines.append(_("The operator gives no time zone for this site, so this one is assumed."))
    return Fact(_("When"), tuple(lines), strong=strong)


def clock_change(start: datetime, end: datetime, zone: ZoneInfo) -> str:
    """Return a warning if the site's clocks change between start and end; else nothing."""
    offsets = [at.astimezone(zone).utcoffset() or timedelta() for at in (start, end)]
    change = offsets[1] - offsets[0]
    if not change:
        return ""
    # Translators: %(by)s is a length of time such as “1 h”, %(zone)s a zone with its name.
    if change > timedelta(0):
        text = _("Clocks go forward by %(by)s in between: the end is in %(zone)s.")
    else:
        text = _("Clocks go back by %(by)s in between: the end is in %(zone)s.")
    return text % {"by": duration(abs(change)), "zone": zone_label(zone, end)}


def short_period(slot: AnyVersion) -> str:
    """Return the time for a subject: “Mon 23 Nov 18:00–19:00”, on the site's clock."""
    zone = slot.location.zone
    start, end = slot.start_at.astimezone(zone), slot.end_at.astimezone(zone)
    # Translators: Django's date format of a day with a time, as short as can be.
    pattern = pgettext("format", "D j M H:i")
    if start.date() == end.date():
        return f"{write_local(start, pattern)}–{time_in_zone(end, zone)}"
    return f"{write_local(start, pattern)} – {write_local(end, pattern)}"


def charger(evse: Evse) -> Fact:
    """Return the charger as its label and reference name it, with its plugs and power."""
    offers = " · ".join(part for part in (connectors_text(evse), kw(evse.max_power_kw)) if part)
    lines = [one_line(evse.name)]
    if offers:
        lines.append(offers)
    return Fact(_("Charger"), tuple(lines), strong=1)


def criteria_text(criteria: Criteria) -> str:
    """Return what any charger had to offer: “Any suitable charger: DC, CCS2, from 50 kW”."""
    least, most = criteria.min_power_kw, criteria.max_power_kw
    parts = [
        criteria.current_type.upper(),
        connector_label(criteria.connector_type) if criteria.connector_type else "",
        _("from %(power)s") % {"power": kw(least)} if least is not None else "",
        _("up to %(power)s") % {"power": kw(most)} if most is not None else "",
        _("with room for the vehicle") if criteria.parking else "",
    ]
    offers = ", ".join(part for part in parts if part)
    if not offers:
        return _("Any suitable charger")
    return _("Any suitable charger: %(offers)s") % {"offers": offers}


def getting_in(booking: AnyVersion) -> list[Fact]:
    """Return how to get in, by what means, and when the site is open on the booked days."""
    location = booking.location
    how = lines_of(location.how_to_get_in)
    means = one_line(", ".join(access_labels(location.access_methods)))
    facts = [
        Fact(_("How to get in"), how),
        Fact(_("Access"), (means,) if means else ()),
        Fact(_("Opening hours"), opening_lines(booking)),
    ]
    return [fact for fact in facts if fact.lines]


def opening_lines(booking: AnyVersion) -> tuple[str, ...]:
    """Return the opening hours of each day that the booking touches; nothing if not known."""
    location = booking.location
    if location.always_open:
        return (_("Always open"),)
    if not location.opening_hours:
        return ()
    zone = location.zone
    day = booking.start_at.astimezone(zone).date()
    last = (booking.end_at - timedelta(microseconds=1)).astimezone(zone).date()
    names = list(WEEKDAYS)
    # Translators: Django's date format of a day without the year.
    pattern = pgettext("format", "D j M")
    # Translators: opening hours, such as “Mon 23 Nov: 06:00 to 23:00”.
    text = _("%(day)s: %(hours)s")
    lines = []
    while day <= last:
        hours = hours_text(location.opening_hours.get(names[day.weekday()], []))
        lines.append(text % {"day": date_format(day, pattern), "hours": hours})
        day += ONE_DAY
    return tuple(lines)
