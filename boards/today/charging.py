"""What goes wrong with charging right now: who is not plugged in, and what chargers complain of."""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import (
    BigIntegerField,
    Case,
    DateTimeField,
    IntegerField,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Value,
    When,
)
from django.urls import reverse
from django.utils.translation import gettext as _

from ampcontrol import connection
from boards.today.reading import Today
from bookings.models import Booking
from drivers.models import Fleet
from energy.alert_words import sentence_of
from energy.models import Alert, Link, Session
from energy.selectors import walls
from energy.selectors.vehicles import FRESH
from mirror.written_once import Keys, written_once
from shell.formats import age_text, time_in_zone

# Whoever comes a little late is not worth a word.
PATIENCE = timedelta(minutes=10)
# What Ampcontrol has not taken back for longer than this nobody knows to be true any more.
ALERTS_FOR = timedelta(days=7)
OPEN = ("Triggered", "Pending", "Acknowledged")
URGENCIES = ("Very High", "High", "Medium", "Low", "Very Low")
MOST_ALERTS = 20
# Where an alert names what it is about, by kind.
REMOTE_IDS = {
    Link.Kind.VEHICLE: "vehicle_remote_id",
    Link.Kind.CONNECTOR: "connector_remote_id",
    Link.Kind.CHARGE_POINT: "charge_point_remote_id",
}
_NOTHING: dict[str, Any] = dict.fromkeys(["vehicle", "vehicle__number", "evse", "charge_point"])
MOST_SHOWN = 8


@dataclass(frozen=True, slots=True)
class Trouble:
    """A sentence, what it is about, how long ago it was told, and where to look."""

    text: str
    about: str
    told: str
    url: str


def charging_troubles(fleet: Fleet, day: Today, *, now: datetime) -> list[Trouble]:
    """Return what somebody may want to see to, in three queries at most; each thing once."""
    if not connection.is_on():
        # What was told before it was switched off is no longer true.
        return []
    bookings = [each for each in day.bookings if each.status in Booking.GOES_AHEAD]
    bookings.sort(key=lambda each: (each.start_at, each.pk))
    found = [*_not_plugged_in(fleet, day.on_now, now=now), *_alerts(fleet, bookings, now=now)]
    once = {(each.text, each.about, each.url): each for each in reversed(found)}
    return list(reversed(once.values()))[:MOST_SHOWN]


def _not_plugged_in(fleet: Fleet, on_now: Iterable[Booking], *, now: datetime) -> Iterator[Trouble]:
    late = {
        booking.vehicle_id: booking
        for booking in on_now
        if booking.is_confirmed
        and booking.evse is not None
        and booking.start_at <= now - PATIENCE
        and booking.end_at > now
        and _told_of_plug(booking, now=now)
    }
    if not late:
        return
    plugged_at = _plugged_at(fleet, late)
    for vehicle_pk, booking in late.items():
        told = booking.vehicle.now  # type: ignore[union-attr]
        words = {
            "vehicle": booking.vehicle.number,  # type: ignore[union-attr]
            "start": time_in_zone(booking.start_at, booking.zone),
        }
        where = plugged_at.get(vehicle_pk)
        if where == booking.evse_id:
            continue
        if where is not None:
            text = _("%(vehicle)s is plugged in at another charger than the one booked for it.")
        elif told.plugged_in is False:
            text = _("%(vehicle)s is not plugged in, though it is booked since %(start)s.")
        else:
            continue
        yield Trouble(
            text % words, _place(booking), age_text(told.plugged_in_at, now), _page(booking)
        )


def _told_of_plug(booking: Booking, *, now: datetime) -> bool:
    """Return whether it is known of a booking's vehicle if it is plugged in."""
    told = getattr(booking.vehicle, "now", None)
    if told is None or told.plugged_in is None or told.plugged_in_at is None:
        return False
    return bool(now - told.plugged_in_at <= FRESH)


def _plugged_at(fleet: Fleet, vehicles: Iterable[int | None]) -> dict[int | None, int]:
    """Return at which EVSE vehicles have a session going on, as far as both are linked."""
    links = walls.vehicle_links(fleet).filter(vehicle__in=list(vehicles))
    of_vehicle = links.filter(remote_id=OuterRef("vehicle_remote_id"))
    going_on = Session.objects.filter(
        active=True, retired_at=None, vehicle_remote_id__in=links.values("remote_id")
    ).annotate(
        ours=Subquery(of_vehicle.values("vehicle")[:1]),
        at_evse=Subquery(_of_connector().values("evse")[:1]),
    )
    pairs = going_on.order_by("started_at", "pk").values_list("ours", "at_evse")
    return {vehicle: evse for vehicle, evse in pairs if vehicle and evse}


def _alerts(fleet: Fleet, bookings: list[Booking], *, now: datetime) -> Iterator[Trouble]:
    by_evse: dict[int | None, Booking] = {}
    by_charge_point: dict[int | None, Booking] = {}
    by_vehicle: dict[int | None, Booking] = {}
    # The soonest of each stays.
    for booking in reversed(bookings):
        if booking.evse is not None:
            by_evse[booking.evse_id] = by_charge_point[booking.evse.charge_point_id] = booking
        if booking.vehicle_id is not None:
            by_vehicle[booking.vehicle_id] = booking
    for alert in _open_alerts(fleet, [pk for pk in by_evse if pk is not None], now=now):
        about = (
            by_vehicle.get(alert.vehicle)
            or by_evse.get(alert.evse)
            or by_charge_point.get(alert.charge_point)
        )
        told, text = age_text(alert.raised_at, now), sentence_of(alert.name)
        if alert.vehicle is not None:
            page = reverse("vehicles:detail", args=[alert.vehicle])
            yield Trouble(text, alert.number, told, _page(about) if about else page)
        elif about is not None:
            yield Trouble(text, _place(about), told, _page(about))


@dataclass(frozen=True, slots=True)
class _OpenAlert:
    """An alert with the keys of what of ours it is about, and the vehicle's number."""

    name: str
    raised_at: datetime
    vehicle: int | None
    number: str
    evse: int | None
    charge_point: int | None


def _open_alerts(fleet: Fleet, evses: list[int], *, now: datetime) -> list[_OpenAlert]:
    """Return open alerts: the most urgent, then the latest first.

    Where there are none, which is most of the time, that is one simple query.
    """
    found = _first_alerts(fleet=fleet.pk, evses=evses, since=now - ALERTS_FOR)
    ours = _ours(fleet, {remote for _name, _at, *ids in found for remote in ids} - {""})
    open_alerts = []
    for name, raised_at, *ids in found:
        vehicle, connector, charge_point = (
            ours.get(key, _NOTHING) for key in zip(REMOTE_IDS, ids, strict=True)
        )
        open_alerts.append(
            _OpenAlert(
                name,
                raised_at,
                vehicle["vehicle"],
                vehicle["vehicle__number"] or "",
                connector["evse"],
                charge_point["charge_point"],
            )
        )
    return open_alerts


@written_once(fleet=BigIntegerField(), evses=Keys(), since=DateTimeField())
def _first_alerts(fleet: Any, evses: Any, since: Any) -> QuerySet[Alert, tuple[Any, ...]]:
    urgency = Case(
        *(When(urgency=word, then=Value(place)) for place, word in enumerate(URGENCIES)),
        default=Value(len(URGENCIES)),
        output_field=IntegerField(),
    )
    alerts = walls.alerts_of(fleet, evses).filter(status__in=OPEN, raised_at__gte=since)
    rows = alerts.order_by(urgency, "-raised_at", "pk")
    return rows.values_list("name", "raised_at", *REMOTE_IDS.values())[:MOST_ALERTS]


def _ours(fleet: Fleet, remote_ids: Collection[str]) -> dict[tuple[str, str], dict[str, Any]]:
    """Return what of ours Ampcontrol's ids are, by kind and id, as far as a fleet may know."""
    if not remote_ids:
        return {}
    own = Q(kind=Link.Kind.VEHICLE, pk__in=walls.vehicle_links(fleet).values("pk"))
    chargers = Q(kind__in=[Link.Kind.CONNECTOR, Link.Kind.CHARGE_POINT], state=Link.State.CONFIRMED)
    links = Link.objects.filter(own | chargers, remote_id__in=remote_ids)
    rows = links.values("kind", "remote_id", *_NOTHING)
    return {(row["kind"], row["remote_id"]): row for row in rows}


def _of_connector() -> QuerySet[Link]:
    return Link.objects.filter(
        kind=Link.Kind.CONNECTOR,
        state=Link.State.CONFIRMED,
        remote_id=OuterRef("connector_remote_id"),
    )


def _place(booking: Booking) -> str:
    evse = booking.evse
    return f"{evse.name} · {booking.location.name}" if evse else booking.location.name


def _page(booking: Booking) -> str:
    return reverse("bookings:detail", args=[booking.pk])
