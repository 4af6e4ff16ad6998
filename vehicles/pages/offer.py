"""Vehicles to pick one from: the usual and the recent ones first, what does not fit last."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Case, IntegerField, QuerySet, Value, When, prefetch_related_objects
from django.utils.translation import gettext as _

from drivers.models import Fleet
from shell.keys import read_key
from sites import parking
from sites.models import Evse
from vehicles.fitting import Misfit, why_not
from vehicles.models import Vehicle
from vehicles.selectors import BY_NUMBER, matching_vehicles, vehicles_of

# So many are looked at, and so many are shown.
MOST_LOOKED_AT = 300
MOST_SHOWN = 8


@dataclass(frozen=True, slots=True)
class VehicleOption:
    """A vehicle to pick; `reason` says why it does not fit, `is_closed` that it cannot at all."""

    vehicle: Vehicle
    reason: str = ""
    is_closed: bool = False
    note: str = ""


@dataclass(frozen=True, slots=True)
class VehicleOffer:
    """What `vehicles/_options.html` shows; without `has_any` the fleet has no vehicle at all."""

    options: list[VehicleOption]
    more: int
    query: str
    chosen: int | None
    has_any: bool

    @property
    def none_chosen(self) -> bool:
        return self.chosen is None

    @property
    def picked(self) -> Vehicle | None:
        vehicles = (option.vehicle for option in self.options)
        return next((vehicle for vehicle in vehicles if vehicle.pk == self.chosen), None)


def offer_vehicles(
    fleet: Fleet,
    query: str,
    *,
    chosen: str = "",
    driver: int | None = None,
    recent: Sequence[int] = (),
    evses: Sequence[Evse] = (),
) -> VehicleOffer:
    """Return vehicles for a driver and for any of some chargers.

    `chosen` is the key that was picked before, as a form sent it: it stays whatever is searched
    for, unless it is none of the fleet's. What does not fit any of the chargers comes last.
    """
    vehicles = list(_in_order(fleet, query, driver, recent)[:MOST_LOOKED_AT])
    picked = _picked(fleet, chosen)
    if picked and picked not in vehicles:
        vehicles.insert(0, picked)
    if vehicles and evses:
        prefetch_related_objects(list(evses), "connectors", *parking.PREFETCH)
    options = [_option(each, evses, driver, recent) for each in vehicles]
    options.sort(key=lambda option: (option.vehicle != picked, bool(option.reason)))
    has_any = bool(options) or (bool(query) and vehicles_of(fleet).exists())
    return VehicleOffer(
        options=options[:MOST_SHOWN],
        more=max(0, len(options) - MOST_SHOWN),
        query=query,
        chosen=picked.pk if picked else None,
        has_any=has_any,
    )


def _in_order(
    fleet: Fleet, query: str, driver: int | None, recent: Sequence[int]
) -> QuerySet[Vehicle]:
    places = [When(pk=pk, then=Value(place)) for place, pk in enumerate(recent, start=1)]
    first = [When(usual_driver=driver, then=Value(0))] if driver else []
    order = Case(*first, *places, default=Value(len(recent) + 1), output_field=IntegerField())
    return matching_vehicles(fleet, query).annotate(place=order).order_by("place", *BY_NUMBER)


def _option(
    vehicle: Vehicle, evses: Sequence[Evse], driver: int | None, recent: Sequence[int]
) -> VehicleOption:
    note = ""
    if driver and vehicle.usual_driver_id == driver:
        note = _("Usual vehicle")
    elif vehicle.pk in recent:
        note = _("Booked lately")
    reasons = [_without_driver(why_not(vehicle, evse)) for evse in evses]
    if not reasons or None in reasons:
        return VehicleOption(vehicle, note=note)
    found = [misfit for misfit in reasons if misfit]
    return VehicleOption(
        vehicle,
        reason=found[0].text,
        is_closed=all(misfit.is_certain for misfit in found),
        note=note,
    )


def _without_driver(misfit: Misfit | None) -> Misfit | None:
    # Who drives is picked beside it, and held against the charger there.
    return None if misfit and misfit.is_about_driver else misfit


def _picked(fleet: Fleet, chosen: str) -> Vehicle | None:
    pk = read_key(chosen)
    return None if pk is None else vehicles_of(fleet).filter(pk=pk, retired_at=None).first()
