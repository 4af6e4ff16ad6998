"""How instants, zones and quantities are written, on pages and in mails."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from django.conf import settings
from django.utils.formats import date_format, number_format
from django.utils.timesince import timesince
from django.utils.translation import gettext, pgettext

from shell.kept import kept_by_language

# So many texts of a kind are kept: those of the bookings that people look at again and again.
MOST_KEPT = 4096
MINUTE = timedelta(minutes=1)

# Instants. A site's zone may come as ZoneInfo or by name; empty stands for the portal's default.


def as_zone(zone: ZoneInfo | str | None) -> ZoneInfo:
    """Return the zone meant; raises ZoneInfoNotFoundError for a name that there is not."""
    return zone if isinstance(zone, ZoneInfo) else ZoneInfo(zone or settings.DEFAULT_TIMEZONE)


def offset_text(local: datetime) -> str:
    """Return the distance to UTC, such as “UTC−5” or “UTC+5:30”."""
    minutes = (local.utcoffset() or timedelta()) // MINUTE
    if not minutes:
        return "UTC"
    hours, rest = divmod(abs(minutes), 60)
    return f"UTC{'−' if minutes < 0 else '+'}{hours}" + (f":{rest:02}" if rest else "")


def abbreviation(local: datetime) -> str:
    """Return the letters of the zone at this instant, or the offset where it has none."""
    letters = local.tzname() or ""
    return letters if letters.isalpha() else offset_text(local)


def happens_twice(local: datetime) -> bool:
    first, second = (local.replace(fold=fold).utcoffset() for fold in (0, 1))
    return first is not None and second is not None and first > second


def write_local(local: datetime, pattern: str) -> str:
    text = date_format(local, pattern)
    return f"{text} {abbreviation(local)}" if "H" in pattern and happens_twice(local) else text


def in_zone(instant: datetime | None, zone: ZoneInfo | str | None) -> str:
    """Return an instant as day and time in a zone, such as “Mon 23 Nov 2026, 18:00”."""
    return _in_zone(instant.astimezone(UTC), as_zone(zone)) if instant else ""


@kept_by_language(MOST_KEPT)
def _in_zone(instant: datetime, zone: ZoneInfo) -> str:
    # Translators: Django's date format of a day with a time.
    return write_local(instant.astimezone(zone), pgettext("format", "D j M Y, H:i"))


def time_in_zone(instant: datetime | None, zone: ZoneInfo | str | None) -> str:
    """Return the time of an instant in a zone, such as “18:00”."""
    return _time_in_zone(instant.astimezone(UTC), as_zone(zone)) if instant else ""


@kept_by_language(MOST_KEPT)
def _time_in_zone(instant: datetime, zone: ZoneInfo) -> str:
    # Translators: Django's date format of a time.
    return write_local(instant.astimezone(zone), pgettext("format", "H:i"))


def period(start: datetime | None, end: datetime | None, zone: ZoneInfo | str | None) -> str:
    """Return a stretch of time in a zone, the day named again where it ends on another one.

    “Mon 23 Nov 2026, 18:00–19:00”, “Mon 23 Nov 2026, 18:00 – Tue 24 Nov 2026, 06:00”.
    """
    if not start or not end:
        return in_zone(start or end, zone)
    return _period(start.astimezone(UTC), end.astimezone(UTC), as_zone(zone))


@kept_by_language(MOST_KEPT)
def _period(start: datetime, end: datetime, zone: ZoneInfo) -> str:
    days = {instant.astimezone(zone).date() for instant in (start, end)}
    if len(days) == 1:
        return f"{in_zone(start, zone)}–{time_in_zone(end, zone)}"
    return f"{in_zone(start, zone)} – {in_zone(end, zone)}"


def zone_label(zone: ZoneInfo | str | None, instant: datetime | None) -> str:
    """Return what a zone is called at an instant, such as “New York time (EST, UTC−5)”."""
    if not instant:
        return ""
    local = instant.astimezone(as_zone(zone))
    return _zone_label(as_zone(zone).key, abbreviation(local), offset_text(local))


@kept_by_language(MOST_KEPT)
def _zone_label(key: str, letters: str, offset: str) -> str:
    area, _, city = key.rpartition("/")
    if not area or area == "Etc":
        return offset if letters == offset else f"{letters} ({offset})"
    names = [letters, offset]
    return gettext("%(city)s time (%(zone)s)") % {
        "city": city.replace("_", " "),
        "zone": ", ".join(dict.fromkeys(names)),
    }


def month_name(month: date) -> str:
    """Return what a month is called, by any day in it: “November 2026”."""
    # Translators: Django's date format of a month.
    return date_format(month, pgettext("format", "F Y"))


def instant(at: datetime) -> str:
    """Return an instant as machines read it, in UTC: “2026-11-23T18:00:00Z”."""
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def age_text(at: datetime | None, now: datetime) -> str:
    """Return how long ago something was told, such as “4 min ago”; "" when it is not known."""
    if at is None:
        return ""
    age = now - at
    if age < MINUTE:
        return gettext("just now")
    length = duration(age) if age < timedelta(days=1) else timesince(at, now, depth=1)
    return gettext("%(length)s ago") % {"length": length}


# Quantities


def between_clocks(start: datetime, end: datetime) -> timedelta:
    """Return how long it is from one time to another as clocks without seconds show them."""
    return end.replace(second=0, microsecond=0) - start.replace(second=0, microsecond=0)


def duration(length: timedelta | int | None) -> str:
    """Return a length of time (a timedelta, or minutes), such as “12 h” or “1 h 15 min”."""
    if length is None:
        return ""
    return _duration(length // MINUTE if isinstance(length, timedelta) else int(length))


@kept_by_language(MOST_KEPT)
def _duration(minutes: int) -> str:
    hours, rest = divmod(minutes, 60)
    if not hours:
        return gettext("%(minutes)s min") % {"minutes": rest}
    if not rest:
        return gettext("%(hours)s h") % {"hours": hours}
    return gettext("%(hours)s h %(minutes)s min") % {"hours": hours, "minutes": rest}


def kw(power: Decimal | float | None) -> str:
    """Return a power in kW with at most one decimal, such as “150 kW”; "" when it is not known."""
    return "" if power is None else _kw(power)


@kept_by_language(MOST_KEPT)
def _kw(power: Decimal | float) -> str:
    value = round(Decimal(str(power)), 1)
    places = 0 if value == value.to_integral_value() else 1
    return gettext("%(power)s kW") % {"power": number_format(value, decimal_pos=places)}


def kwh(energy: Decimal | None) -> str:
    """Return an amount of energy in kWh as “1,023.4 kWh”; "" when it is not known."""
    if energy is None:
        return ""
    places = 3 if 0 < energy < 1 else 1
    return gettext("%(energy)s kWh") % {
        "energy": number_format(round(energy, places), decimal_pos=places, force_grouping=True)
    }


def km(distance: float | None) -> str:
    """Return a distance as “2.3 km”, from ten on without decimals; "" when it is not known."""
    if distance is None:
        return ""
    places = 1 if distance < 9.95 else 0
    return gettext("%(distance)s km") % {
        "distance": number_format(round(distance, places), decimal_pos=places)
    }
