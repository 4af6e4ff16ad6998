"""Old and new values of a booking's facts, put into words."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _

from accounts.models import User
from bookings.models import Booking, BookingEvent, BookingRequest
from drivers.models import Driver
from shell.formats import in_zone
from sites.models import Evse, Location


@dataclass(frozen=True, slots=True)
class Difference:
    """A fact with its old and its new value, as people read them."""

    label: str
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class Names:
    """What drivers, sites, chargers and managers are called, by primary key."""

    drivers: Mapping[int, str] = field(default_factory=dict)
    locations: Mapping[int, str] = field(default_factory=dict)
    evses: Mapping[int, str] = field(default_factory=dict)
    users: Mapping[int, str] = field(default_factory=dict)


def differences_asked(request: BookingRequest, *, zone: ZoneInfo) -> tuple[Difference, ...]:
    """Return what a change request asks for, with what the booking was when it was asked."""
    found = [
        Difference(label, in_zone(old, zone), in_zone(new, zone))
        for label, old, new in (
            (_("Start"), request.previous_start_at, request.start_at),
            (_("End"), request.previous_end_at, request.end_at),
        )
        if old is not None and old != new
    ]
    driver = request.previous_driver
    if driver is not None and driver != request.driver:
        found.append(
            Difference(_("Driver"), driver.display_name, request.driver.display_name),
        )
    return tuple(found)


def differences_of(
    event: BookingEvent, *, names: Names, zone: ZoneInfo, but: Iterable[str] = ()
) -> tuple[Difference, ...]:
    """Return what changed with an event, in the order in which pages name facts."""
    labels = {
        "status": _("Status"),
        "start_at": _("Start"),
        "end_at": _("End"),
        "location": _("Site"),
        "evse": _("Charger"),
        "driver": _("Driver"),
    }
    return tuple(
        Difference(
            label,
            _text(name, event.changes[name][0], names=names, zone=zone),
            _text(name, event.changes[name][1], names=names, zone=zone),
        )
        for name, label in labels.items()
        if name in event.changes and name not in but
    )


def names_in(events: Iterable[BookingEvent], *, booking: Booking) -> Names:
    """Return the names of what events mention, in one query a kind; the booking's own are known."""
    drivers = {booking.driver_id: booking.driver.display_name}
    locations = {booking.location_id: booking.location.name}
    evses = {booking.evse.pk: booking.evse.name} if booking.evse else {}
    users: dict[int, str] = {}
    mentioned: dict[str, set[int]] = {
        "driver": set(),
        "location": set(),
        "evse": set(),
        "created_by": set(),
    }
    for event in events:
        for name, pks in mentioned.items():
            pks |= {pk for pk in event.changes.get(name, ()) if pk is not None}
    if pks := mentioned["driver"] - drivers.keys():
        drivers |= {row.pk: row.display_name for row in Driver.objects.filter(pk__in=pks)}
    if pks := mentioned["location"] - locations.keys():
        locations |= {row.pk: row.name for row in Location.objects.filter(pk__in=pks)}
    if pks := mentioned["evse"] - evses.keys():
        evses |= {row.pk: row.name for row in Evse.objects.filter(pk__in=pks)}
    if pks := mentioned["created_by"]:
        users = {row.pk: row.display_name for row in User.objects.filter(pk__in=pks)}
    return Names(drivers, locations, evses, users)


def _text(name: str, value: Any, *, names: Names, zone: ZoneInfo) -> str:
    """Return a value as history keeps it (`booking_state.as_json`) in words."""
    if value is None:
        return _("not known")
    writers: dict[str, Callable[[Any], str]] = {
        "status": _status,
        "start_at": lambda text: in_zone(datetime.fromisoformat(text), zone),
        "end_at": lambda text: in_zone(datetime.fromisoformat(text), zone),
        "location": lambda pk: names.locations.get(pk, f"#{pk}"),
        "evse": lambda pk: names.evses.get(pk, f"#{pk}"),
        "driver": lambda pk: names.drivers.get(pk, f"#{pk}"),
    }
    return writers[name](value)


def _status(value: str) -> str:
    known = Booking.Status.values
    return str(Booking.Status(value).label) if value in known else value
