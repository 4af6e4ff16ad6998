"""What a fleet may see and book of the mirrored sites.

Every function takes the AMPECO partner ids whose private charge points the fleet may use: as read,
or as a subquery where they serve only once.
"""

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.apps import apps
from django.db.models import BigIntegerField, DateTimeField, Exists, OuterRef, Q, QuerySet

from ampeco.types import ParkingSpaceCriteria
from mirror.search import with_words
from mirror.written_once import Gap, Keys, written_once
from sites.models import ChargePoint, Connector, Evse, Location
from sites.parking import why_no_room
from sites.periods import Period, merge

PartnerIds = frozenset[int] | QuerySet[Any, int] | Gap
# When a charger is held: its AMPECO id, start and end.
Held = tuple[int, datetime, datetime]
HELD = ("evse__ampeco_id", "start_at", "end_at")
ENABLED = "enabled"
DISABLED = "disabled"


def visible_charge_point(*, partner_ids: PartnerIds, prefix: str = "") -> Q:
    """Return the condition under which a fleet may know of a charge point.

    Public ones are for all, private ones for the fleets that may use them. A kind that we do not
    know might be private, so nobody sees it. `prefix` is the way to the charge point, with `__`.
    """
    public = Q(**{f"{prefix}type": ChargePoint.Type.PUBLIC})
    one_of = "among" if isinstance(partner_ids, Gap) else "in"
    private = Q(
        **{
            f"{prefix}type": ChargePoint.Type.PRIVATE,
            f"{prefix}ampeco_partner_id__{one_of}": partner_ids,
        }
    )
    return (public | private) & Q(**{f"{prefix}retired_at": None})


def visible_locations(*, partner_ids: PartnerIds) -> QuerySet[Location]:
    """Return the sites in service that have a charge point which the fleet may see."""
    charge_points = ChargePoint.objects.filter(
        visible_charge_point(partner_ids=partner_ids), location=OuterRef("pk")
    )
    return Location.objects.filter(
        Exists(charge_points), status=Location.Status.ENABLED, retired_at=None
    )


def visible_location(pk: int, *, partner_ids: frozenset[int]) -> Location | None:
    if pk > BigIntegerField.MAX_BIGINT:
        return None
    return next(iter(_location(pk=pk, partner_ids=partner_ids)), None)


@written_once(pk=BigIntegerField(), partner_ids=Keys())
def _location(pk: Any, partner_ids: Any) -> QuerySet[Location]:
    return visible_locations(partner_ids=partner_ids).filter(pk=pk)


def visible_evses(location: Location, *, partner_ids: PartnerIds) -> QuerySet[Evse]:
    """Return a site's chargers for showing, with those that cannot be booked, by charge point."""
    return (
        Evse.objects.filter(
            visible_charge_point(partner_ids=partner_ids, prefix="charge_point__"),
            charge_point__location=location,
            retired_at=None,
        )
        .select_related("charge_point__location")
        .prefetch_related("connectors")
        .order_by("charge_point__name", "charge_point_id", "network_id", "pk")
    )


def all_bookable_evses(*, partner_ids: PartnerIds) -> QuerySet[Evse]:
    """Return every charger that the fleet may book, at whatever site."""
    return Evse.objects.filter(
        visible_charge_point(partner_ids=partner_ids, prefix="charge_point__"),
        status=Evse.Status.ENABLED,
        booking_enabled=True,
        retired_at=None,
        charge_point__status=ENABLED,
        charge_point__location__status=Location.Status.ENABLED,
        charge_point__location__retired_at=None,
    )


def bookable_evses(location: Location | int, *, partner_ids: PartnerIds) -> QuerySet[Evse]:
    """Return the chargers of a site that the fleet may book, by charge point."""
    return (
        all_bookable_evses(partner_ids=partner_ids)
        .filter(charge_point__location=location)
        .select_related("charge_point__location")
        .prefetch_related("connectors")
        .order_by("charge_point__name", "charge_point_id", "network_id", "pk")
    )


def read_visible_evses(location: Location, *, partner_ids: frozenset[int]) -> list[Evse]:
    """Return the same as `visible_evses`, as below."""
    return _with_site(_visible(location=location.pk, partner_ids=partner_ids), location)


def read_bookable_evses(location: Location, *, partner_ids: frozenset[int]) -> list[Evse]:
    """Return the same as `bookable_evses`: with the plugs that they have, but no connectors.

    Their site is the given one, which is not read with each.
    """
    return _with_site(_bookable(location=location.pk, partner_ids=partner_ids), location)


@written_once(location=BigIntegerField(), partner_ids=Keys())
def _visible(location: Any, partner_ids: Any) -> QuerySet[Evse]:
    return _bare(visible_evses(location, partner_ids=partner_ids))


@written_once(location=BigIntegerField(), partner_ids=Keys())
def _bookable(location: Any, partner_ids: Any) -> QuerySet[Evse]:
    return _bare(bookable_evses(location, partner_ids=partner_ids))


def _bare(evses: QuerySet[Evse]) -> QuerySet[Evse]:
    return evses.select_related(None).select_related("charge_point").prefetch_related(None)


@written_once(evses=Keys())
def _plugs(evses: Any) -> QuerySet[Connector, tuple[int, str, str]]:
    return Connector.objects.filter(evse__among=evses).values_list("evse_id", "type", "status")


def _with_site(chargers: list[Evse], location: Location) -> list[Evse]:
    plugs: dict[int, set[str]] = defaultdict(set)
    for pk, kind, status in _plugs(evses=[evse.pk for evse in chargers]):
        if status != DISABLED:
            plugs[pk].add(kind)
    for evse in chargers:
        evse.charge_point.location = location
        evse.plug_types = frozenset(plugs[evse.pk])
    return chargers


def held_at(location: Location, *, fleet_pk: int, now: datetime) -> dict[int, tuple[Period, ...]]:
    """Return the same as `held_times`, for a site."""
    return _by_charger(_held(fleet=fleet_pk, location=location.pk, since=now))


@written_once(fleet=BigIntegerField(), location=BigIntegerField(), since=DateTimeField())
def _held(fleet: Any, location: Any, since: Any) -> QuerySet[Any, Held]:
    booking = apps.get_model("bookings", "Booking")
    bookings = booking.holding_chargers(fleet, since=since).filter(location=location)
    return bookings.values_list(*HELD)


def held_times(
    fleet_pk: int, *, now: datetime, but: Iterable[int] = (), **where: Any
) -> dict[int, tuple[Period, ...]]:
    """Return when a fleet has chargers already, or has asked for them, by the EVSE's AMPECO id.

    The operator calls a charger free until it has decided, and the cache for some seconds longer.
    `where` narrows the bookings down; `but` are the keys of those that do not count.
    """
    # Bookings stand above this room: they are known here by name only.
    bookings = apps.get_model("bookings", "Booking").holding_chargers(fleet_pk, since=now)
    rows = bookings.filter(**where).exclude(pk__in=but)
    return _by_charger(rows.values_list(*HELD))


def _by_charger(rows: Iterable[Held]) -> dict[int, tuple[Period, ...]]:
    held: dict[int, list[Period]] = defaultdict(list)
    for ampeco_id, start_at, end_at in rows:
        held[ampeco_id].append(Period.between(start_at, end_at))
    return {ampeco_id: merge(stretches) for ampeco_id, stretches in held.items()}


def charger_to_leave(move: str, *, fleet_pk: int) -> int | None:
    """Return the key of the charger that a booking to be moved is at; `move` is its number or "".

    AMPECO changes the time of a booking, but not its charger: a move is to another one.
    """
    if not move:
        return None
    booked = Evse.objects.filter(bookings__pk=int(move), bookings__fleet=fleet_pk)
    return booked.values_list("pk", flat=True).first()


def offered_connectors(*, partner_ids: PartnerIds) -> list[str]:
    bookable = all_bookable_evses(partner_ids=partner_ids)
    types = Connector.objects.filter(evse__in=bookable).exclude(status=DISABLED)
    return sorted(types.values_list("type", flat=True).distinct())


def search_locations(
    *,
    partner_ids: PartnerIds,
    query: str = "",
    connector: str = "",
    current: str = "",
    min_power_kw: Decimal | None = None,
) -> QuerySet[Location]:
    """Return the visible sites that match, by name.

    Each word of the query must occur in name, city or address. Connector, current and least power
    (kW) must be offered by one and the same charger that the fleet may book.
    """
    locations = with_words(visible_locations(partner_ids=partner_ids), query).order_by("name", "pk")
    if not (connector or current or min_power_kw is not None):
        return locations
    fitting = all_bookable_evses(partner_ids=partner_ids)
    if current:
        fitting = fitting.filter(current_type=current)
    if min_power_kw is not None:
        fitting = fitting.filter(max_power_kw__gte=min_power_kw)
    if connector:
        plugs = Connector.objects.filter(evse=OuterRef("pk"), type=connector)
        fitting = fitting.filter(Exists(plugs.exclude(status=DISABLED)))
    return locations.filter(pk__in=fitting.values("charge_point__location_id"))


@dataclass(slots=True)
class Offer:
    """What a fleet can book at a site."""

    chargers: int = 0
    connectors: list[str] = field(default_factory=list)
    max_power_kw: Decimal | None = None


def offers_at(locations: Iterable[Location], *, partner_ids: PartnerIds) -> dict[int, Offer]:
    """Return what the fleet can book at each of these sites, by primary key, in one query.

    Meant for the sites of one page: what it reads grows with the chargers at them.
    """
    offers = {location.pk: Offer() for location in locations}
    counted: set[int] = set()
    rows = (
        all_bookable_evses(partner_ids=partner_ids)
        .filter(charge_point__location__in=list(offers))
        .values_list(
            "charge_point__location_id",
            "pk",
            "max_power_kw",
            "connectors__type",
            "connectors__status",
        )
    )
    for place, evse, power, connector, status in rows:
        offer = offers[place]
        if evse not in counted:
            counted.add(evse)
            offer.chargers += 1
        if power is not None:
            offer.max_power_kw = max(power, offer.max_power_kw or power)
        if connector and status != DISABLED and connector not in offer.connectors:
            offer.connectors.append(connector)
    for offer in offers.values():
        offer.connectors.sort()
    return offers


@dataclass(frozen=True, slots=True)
class Criteria:
    """What any charger must offer: current, connector, least and most power (kW), and room.

    What is empty does not matter.
    """

    current_type: str = ""
    connector_type: str = ""
    min_power_kw: Decimal | None = None
    max_power_kw: Decimal | None = None
    parking: ParkingSpaceCriteria = field(default_factory=ParkingSpaceCriteria)

    @property
    def key(self) -> str:
        """The text by which the same criteria are recognised."""
        key = f"{self.current_type}/{self.connector_type}/{_plain(self.min_power_kw)}"
        if self.max_power_kw is None and not self.parking:
            return key
        needs = json.dumps(self.parking.to_payload(), sort_keys=True).encode()
        room = hashlib.sha256(needs).hexdigest()[:16] if self.parking else ""
        return f"{key}/{_plain(self.max_power_kw)}/{room}"

    def fits(self, evse: Evse) -> bool:
        """Return whether a charger offers all that is asked for, as far as is known."""
        if self.current_type and evse.current_type != self.current_type:
            return False
        if self.min_power_kw is not None and (evse.max_power_kw or 0) < self.min_power_kw:
            return False
        if self.max_power_kw is not None and (evse.max_power_kw or 0) > self.max_power_kw:
            return False
        if self.connector_type and self.connector_type not in evse.plug_types:
            return False
        return not (self.parking and why_no_room(self.parking, evse))


def _plain(power: Decimal | None) -> str:
    return "" if power is None else f"{power.normalize():f}"
