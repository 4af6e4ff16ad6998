"""What a site and its chargers are, put into words; codes of AMPECO in words that drivers use."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.timesince import timesince
from django.utils.translation import gettext, pgettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from mirror.models import Mirrored
from mirror.runs import last_finished
from shell.formats import km as km_text
from shell.kept import kept_by_language
from shell.remembered import remembered
from sites.models import Evse, Location
from sites.selectors import ENABLED

Labels = dict[str, str | Promise]

CONNECTOR_TYPES: Labels = {
    "type1": _("Type 1"),
    "type2": _("Type 2"),
    "type3": _("Type 3"),
    "chademo": _("CHAdeMO"),
    "ccs1": _("CCS1"),
    "ccs2": _("CCS2"),
    "schuko": _("Schuko"),
    "nacs": _("NACS"),
    "cee16": _("CEE 16 A"),
    "cee32": _("CEE 32 A"),
    "j1772": _("J1772"),
    "inductive": _("Inductive"),
    "nema-5-20": _("NEMA 5-20"),
    "nema-6-30": _("NEMA 6-30"),
    "nema-6-50": _("NEMA 6-50"),
    "type-e-french": _("Type E"),
    "type-g-british": _("Type G"),
    "type-j-swiss": _("Type J"),
    "avcon": _("Avcon"),
    "gb-t-ac": _("GB/T AC"),
    "gb-t-dc": _("GB/T DC"),
    "chaoji": _("ChaoJi"),
}

PARKING_TYPES: Labels = {
    "ALONG_MOTORWAY": _("Along the motorway"),
    "PARKING_GARAGE": _("Parking garage"),
    "PARKING_LOT": _("Car park"),
    "ON_DRIVEWAY": _("On a driveway"),
    "ON_STREET": _("On the street"),
    "UNDERGROUND_GARAGE": _("Underground garage"),
}

ACCESS_METHODS: Labels = {
    "OPEN": _("Open to everybody"),
    "TOKEN": _("Charging card or token"),
    "LICENSE_PLATE": _("Licence plate"),
    "ACCESS_CODE": _("Access code"),
    "INTERCOM": _("Intercom"),
    "PARKING_TICKET": _("Parking ticket"),
}

FACILITIES: Labels = {
    "AIRPORT": _("Airport"),
    "BIKE_SHARING": _("Bike sharing"),
    "BUS_STOP": _("Bus stop"),
    "CAFE": _("Café"),
    "CARPOOL_PARKING": _("Carpool parking"),
    "FUEL_STATION": _("Petrol station"),
    "HOTEL": _("Hotel"),
    "MALL": _("Shopping centre"),
    "METRO_STATION": _("Metro station"),
    "MUSEUM": _("Museum"),
    "NATURE": _("Nature"),
    "PARKING_LOT": _("Car park"),
    "RECREATION_AREA": _("Recreation area"),
    "RESTAURANT": _("Restaurant"),
    "SPORT": _("Sport"),
    "SUPERMARKET": _("Supermarket"),
    "TAXI_STAND": _("Taxi stand"),
    "TRAIN_STATION": _("Train station"),
    "TRAM_STOP": _("Tram stop"),
    "WIFI": _("Wi-Fi"),
}


def readable(code: str) -> str:
    words = code.replace("_", " ").replace("-", " ").strip()
    return words[:1].upper() + words[1:].lower() if code.isupper() else words


def label(labels: Labels, code: str) -> str:
    known = labels.get(code)
    return str(known) if known is not None else readable(code)


def connector_label(code: str) -> str:
    return label(CONNECTOR_TYPES, code)


def parking_label(code: str) -> str:
    return label(PARKING_TYPES, code)


def access_labels(codes: Iterable[str]) -> list[str]:
    return [label(ACCESS_METHODS, code) for code in codes]


def facility_labels(codes: Iterable[str]) -> list[str]:
    return [label(FACILITIES, code) for code in codes]


def distance_text(km: float | None) -> str:
    """Return how far away something is: “350 m”, “2.3 km”, “12 km”."""
    if km is None:
        return gettext("Distance unknown")
    if km < 0.995:
        return gettext("%(distance)s m") % {"distance": round(km * 100) * 10}
    return km_text(km)


WEEKDAYS: dict[str, str | Promise] = {
    "monday": pgettext_lazy("opening hours", "Monday"),
    "tuesday": pgettext_lazy("opening hours", "Tuesday"),
    "wednesday": pgettext_lazy("opening hours", "Wednesday"),
    "thursday": pgettext_lazy("opening hours", "Thursday"),
    "friday": pgettext_lazy("opening hours", "Friday"),
    "saturday": pgettext_lazy("opening hours", "Saturday"),
    "sunday": pgettext_lazy("opening hours", "Sunday"),
}
CURRENT_LABELS = {
    kind.value: kind.label for kind in Evse.CurrentType if kind != Evse.CurrentType.UNKNOWN
}
BOOKABLE = "bookable"
# What AMPECO calls a charge point that has lost its connection.
OFFLINE = frozenset({"temporarily unavailable", "long-term unavailable"})
# What the operator says of a charger, and what the charger says itself, the gravest first.
OUT_OF_SERVICE = {
    Evse.Status.OUT_OF_ORDER: _("The charger is out of order."),
    Evse.Status.DISABLED: _("The operator has taken the charger out of service."),
}
FAULTS = {
    "faulted": _("The charger reports a fault."),
    "unavailable": _("The charger reports that it is not available."),
}
MINUTE = timedelta(minutes=1)
# So many reads of changes in a row may fail before it is said.
MOST_DELTAS_MISSED = 4
MIDNIGHT = "00:00"
END_OF_DAY = frozenset({MIDNIGHT, "23:59", "24:00"})
MOST_KEPT = 512


@dataclass(frozen=True, slots=True)
class OpeningDay:
    """When a site is open on a weekday, in its own zone."""

    name: str
    hours: str


@dataclass(frozen=True, slots=True)
class Charger:
    """A charger as a page shows it: `state` is `bookable`, `out-of-order` or `not-bookable`.

    `trouble` says why one that can be booked cannot be used as things stand.
    """

    evse: Evse
    current: str
    connectors: str
    state: str
    state_label: str
    private: bool
    trouble: str = ""


def map_url(location: Location) -> str:
    """Return the address of a map with a mark at the site, or nothing without coordinates."""
    if location.latitude is None or location.longitude is None:
        return ""
    latitude, longitude = f"{location.latitude:.6f}", f"{location.longitude:.6f}"
    return (
        f"https://www.openstreetmap.org/?mlat={latitude}&mlon={longitude}"
        f"#map=17/{latitude}/{longitude}"
    )


def opening_days(location: Location) -> list[OpeningDay]:
    """Return when the site is open, Monday first; nothing if the hours are not known."""
    if not location.opening_hours:
        return []
    return [
        OpeningDay(str(name), hours_text(location.opening_hours.get(weekday, [])))
        for weekday, name in WEEKDAYS.items()
    ]


def hours_text(spans: list[list[str]] | None) -> str:
    """Return the hours of one day in words; what ends before it starts ends the next day.

    None is a day whose hours could not be read.
    """
    if spans is None:
        return gettext("Unknown")
    texts = []
    for start, end in spans:
        if start == MIDNIGHT and end in END_OF_DAY:
            return gettext("All day")
        span = {"start": start, "end": end}
        if start < end:
            texts.append(gettext("%(start)s to %(end)s") % span)
        else:
            texts.append(gettext("%(start)s to %(end)s the next day") % span)
    return ", ".join(texts) or pgettext("opening hours", "Closed")


def facts_of(location: Location) -> dict[str, object]:
    """Return what a driver needs to know of a site, for its page; what is empty is not known."""
    return {
        "address_lines": address_lines(location),
        "map_url": map_url(location),
        "opening_days": opening_days(location),
        "access": access_labels(location.access_methods),
        "parking": parking_label(location.parking_type) if location.parking_type else "",
        "facilities": facility_labels(location.facilities),
        "how_to_get_in": location.how_to_get_in.strip(),
    }


def address_lines(location: Location) -> list[str]:
    if location.address:
        return [location.address]
    town = " ".join(part for part in (location.post_code, location.city) if part)
    return [line for line in (location.street_address, town, location.region) if line]


def charger_of(evse: Evse) -> Charger:
    """Return how a page shows a charger; its charge point and connectors are read already."""
    state, state_label = state_of(evse)
    return Charger(
        evse=evse,
        current=current_label(evse.current_type),
        connectors=connectors_text(evse),
        state=state,
        state_label=state_label,
        private=evse.charge_point.is_private,
        trouble=trouble_of(evse) if state == BOOKABLE else "",
    )


def connectors_text(evse: Evse) -> str:
    """Return “CCS, CHAdeMO”; its connectors are read already."""
    return plugs_text(tuple(sorted(evse.plug_types)))


# A site has many chargers of few kinds.
@kept_by_language(MOST_KEPT)
def plugs_text(kinds: tuple[str, ...]) -> str:
    return ", ".join(connector_label(kind) for kind in kinds)


@kept_by_language(MOST_KEPT)
def current_label(kind: str) -> str:
    """Return “AC” or “DC”; nothing where it is not known."""
    return str(CURRENT_LABELS.get(kind, ""))


def state_of(evse: Evse) -> tuple[str, str]:
    """Return the code and the words for whether a charger can be booked, and why not."""
    statuses = {evse.status, evse.charge_point.status}
    if Evse.Status.OUT_OF_ORDER in statuses:
        return "out-of-order", gettext("Out of order")
    if evse.booking_enabled and statuses == {ENABLED}:
        return BOOKABLE, gettext("Can be booked")
    return "not-bookable", gettext("Cannot be booked online")


def trouble_of(evse: Evse) -> str:
    """Return why a charger cannot be used as things stand, and since when; "" where it can.

    The operator's word comes first, then what the charger says itself. The operator gives no time
    for it, but its record says when it changed last: since then at the latest.
    """
    charge_point = evse.charge_point
    rows = (evse, charge_point)
    for wrong, text in OUT_OF_SERVICE.items():
        if found := next((row for row in rows if row.status == wrong), None):
            return _with_age(str(text), found)
    if gone := next((row for row in rows if row.retired_at), None):
        return _with_age(gettext("The charger is no longer there."), gone)
    if charge_point.network_status in OFFLINE:
        return _with_age(gettext("The charger is offline."), charge_point)
    for word, text in FAULTS.items():
        if found := next((row for row in rows if row.hardware_status == word), None):
            return _with_age(str(text), found)
    return ""


def _with_age(text: str, row: Mirrored) -> str:
    since = row.retired_at or row.ampeco_updated_at or row.synced_at
    ago = timesince(since, depth=1) if timezone.now() - since >= MINUTE else ""
    reported = gettext("Reported %(ago)s ago.") % {"ago": ago} if ago else gettext("Reported now.")
    return f"{text} {reported}"


def _last_read_at() -> datetime | None:
    last = last_finished()
    return last.started_at if last else None


_lately_read_at = remembered(seconds=60)(_last_read_at)


def what_is_stale() -> str:
    """Return in a sentence how old what is known of chargers is, where that is older than usual."""
    usual = timezone.now() - MOST_DELTAS_MISSED * timedelta(minutes=settings.SYNC_DELTA_MINUTES)
    last = _lately_read_at()
    if last is not None and last < usual:
        # It may have been read since.
        last = _last_read_at()
    if last is None or last >= usual:
        return ""
    words = {"ago": timesince(last, depth=1)}
    return gettext("The state of chargers was last read %(ago)s ago: it may have changed.") % words
