"""What AMPECO's codes mean, in words that drivers and fleet managers use."""

from collections.abc import Iterable

from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from shell.formats import km as km_text

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
    """Return a code we have no words for as something a person can read."""
    words = code.replace("_", " ").replace("-", " ").strip()
    return words[:1].upper() + words[1:].lower() if code.isupper() else words


def label(labels: Labels, code: str) -> str:
    """Return the words for a code, or the code itself made readable."""
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
