"""Rows for vehicles at a site: what a proposal has to know, read once, and the rows it becomes."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from decimal import Decimal

from batches.proposal import Charger, Need, Placement, Unplaced, propose
from batches.services import RowWish
from boards.day.reading import read_known
from bookings.models import Booking
from drivers.models import Fleet
from drivers.permissions import private_partner_ids
from maintenance.planned import closed_by, planned_times
from sites.models import Evse, Location
from sites.periods import Period, merge, subtract
from sites.selectors import bookable_evses, held_at
from sites.slots.availability import FreeTimes
from vehicles.fitting import for_fitting, misfit
from vehicles.models import Vehicle
from vehicles.selectors import current_vehicles

HOUR = timedelta(hours=1)


Wanted = Sequence[tuple[Vehicle, Period]]


def propose_rows(
    fleet: Fleet,
    location: Location,
    wanted: Wanted,
    *,
    now: datetime,
    evses: Iterable[int] | None = None,
    reference: str = "",
) -> list[RowWish]:
    """Return a row for each vehicle and period, in their order, at the charger proposed for it.

    Of some chargers only, where their keys are given. A vehicle for which there is none gets a row
    for any charger that fits: what stands against that is said there. Asks the operator about the
    site and week once, unless the cache knows; what cannot be read counts as free.
    """
    chargers = chargers_of(fleet, location, evses=evses)
    by_key = {evse.pk: evse for evse in chargers}
    placements = _place(fleet, location, wanted, chargers, now=now)
    return [
        RowWish(
            vehicle=vehicle,
            location=location,
            evse=by_key.get(placement.charger or 0),
            start_at=period.start_at,
            end_at=period.end_at,
            reference=reference,
        )
        for (vehicle, period), placement in zip(wanted, placements, strict=True)
    ]


def propose_block(
    fleet: Fleet, location: Location, *, evses: Sequence[int], period: Period, now: datetime
) -> list[RowWish]:
    """Return a row for each of some chargers, with vehicles that are at home there as they fit.

    Chargers that cannot be had then get a row as well, which says so.
    """
    at_home = [
        vehicle
        for vehicle in idle_vehicles(fleet, location, period=period)
        if vehicle.home_site_id == location.pk
    ]
    wanted = [(vehicle, period) for vehicle in at_home]
    placed = propose_rows(fleet, location, wanted, now=now, evses=evses)
    vehicles = {row.evse.pk: row.vehicle for row in placed if row.evse}
    return [
        RowWish(
            vehicle=vehicles.get(evse.pk),
            location=location,
            evse=evse,
            start_at=period.start_at,
            end_at=period.end_at,
        )
        for evse in chargers_of(fleet, location, evses=evses)
    ]


def choose_vehicles(
    fleet: Fleet, location: Location, number: int, *, period: Period, now: datetime
) -> list[Vehicle]:
    """Return so many vehicles that have no booking then, those first that find a place there.

    Of these, the vehicles that are at home there come first.
    """
    idle = idle_vehicles(fleet, location, period=period)
    chargers = chargers_of(fleet, location)
    wanted = [(vehicle, period) for vehicle in idle]
    placements = _place(fleet, location, wanted, chargers, now=now)
    lacks = {
        vehicle.pk: placement.why == Unplaced.NOTHING_FITS
        for vehicle, placement in zip(idle, placements, strict=True)
    }
    ranked = sorted(idle, key=lambda vehicle: lacks[vehicle.pk])
    chosen = {vehicle.pk for vehicle in ranked[:number]}
    return [vehicle for vehicle in idle if vehicle.pk in chosen]


def idle_vehicles(fleet: Fleet, location: Location, *, period: Period) -> list[Vehicle]:
    """Return the vehicles without a booking then: at home at the site first, by number."""
    busy = set(
        Booking.objects.filter(
            fleet=fleet,
            vehicle__isnull=False,
            status__in=Booking.HOLDS_A_PLACE,
            start_at__lt=period.end_at,
            end_at__gt=period.start_at,
        ).values_list("vehicle_id", flat=True)
    )
    idle = [vehicle for vehicle in current_vehicles(fleet) if vehicle.pk not in busy]
    return sorted(idle, key=lambda vehicle: vehicle.home_site_id != location.pk)


def chargers_of(
    fleet: Fleet, location: Location, *, evses: Iterable[int] | None = None
) -> list[Evse]:
    """Return the chargers of a site that a fleet may book, with what fitting asks."""
    bookable = for_fitting(bookable_evses(location, partner_ids=private_partner_ids(fleet)))
    if evses is not None:
        bookable = bookable.filter(pk__in=list(evses))
    return list(bookable)


def _place(
    fleet: Fleet, location: Location, wanted: Wanted, evses: Sequence[Evse], *, now: datetime
) -> list[Placement]:
    periods = merge(period for _vehicle, period in wanted)
    days = sorted({each.start_at.astimezone(location.zone).date() for _v, each in wanted})
    known = read_known(fleet, location, days, now=now)
    unknown = [period for period in periods if not known.covers(period)]
    held = _taken(fleet, location, unknown, now=now)
    chargers = [
        Charger(
            evse.pk,
            evse.max_power_kw or Decimal(0),
            merge([*known.of(evse), *subtract(unknown, held.get(evse.ampeco_id, ()))]),
        )
        for evse in evses
    ]
    return propose([_need(vehicle, evses, period) for vehicle, period in wanted], chargers)


def _taken(
    fleet: Fleet, location: Location, unknown: Sequence[Period], *, now: datetime
) -> FreeTimes:
    """Return what is certainly not free while the operator does not say what is."""
    if not unknown:
        return {}
    whole = Period(unknown[0].start_at, unknown[-1].end_at)
    closed = closed_by(planned_times([location], during=whole), during=whole)
    held = held_at(location, fleet_pk=fleet.pk, now=now)
    return {
        evse: merge([*closed.get(evse, ()), *held.get(evse, ())])
        for evse in closed.keys() | held.keys()
    }


def _need(vehicle: Vehicle, evses: Sequence[Evse], period: Period) -> Need:
    misfits = {evse.pk: reason for evse in evses if (reason := misfit(vehicle, evse))}
    return Need(vehicle.pk, period, _enough_kw(vehicle, period), misfits)


def _enough_kw(vehicle: Vehicle, period: Period) -> Decimal:
    """Return which power fills an empty battery in a period, as far as the vehicle takes it."""
    if vehicle.battery_kwh is None:
        return Decimal(0)
    enough = vehicle.battery_kwh / Decimal(period.length / HOUR)
    takes = [power for power in (vehicle.ac_kw, vehicle.dc_kw) if power is not None]
    return min(enough, max(takes)) if takes else enough
