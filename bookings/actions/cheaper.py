"""A slot that costs clearly less than the one that somebody is about to ask for."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from bookings.actions.alternatives import Search, begin_search, free_times, usable_at, with_room
from bookings.actions.candidate import Candidate, Slot
from drivers.models import Driver
from sites.finding.nearby import Nearby, nearest_sites
from sites.models import Evse, Location
from sites.periods import starts_that_fit
from sites.selectors import all_bookable_evses, bookable_evses, held_times
from sites.slots.availability import AvailabilityUnknown, FreeTimes
from sites.slots.prices.costs import Costs, costs_for
from sites.slots.prices.price import Price, costs_less
from vehicles.fitting import misfit
from vehicles.need import appetite_of

# So much earlier or later, and so far away, somebody might charge instead.
APART = timedelta(hours=3)
NEAR_KM = 15.0
MOST_SITES = 4


@dataclass(frozen=True, slots=True)
class CheaperSlot:
    """A slot that is free and costs less than `wanted`; `km` is how far away it is, if it is."""

    slot: Slot
    price: Price
    wanted: Price
    km: float | None = None


def cheaper_slot(candidate: Candidate, *, payer: Driver) -> CheaperSlot | None:
    """Return what costs least, and clearly less than a candidate's slot; of the same length.

    The same charger some hours earlier or later, another one of the site at the same time, or one
    of a site near by; one that gives as much in that time. `payer` is whose tariffs count. Costs up
    to two calls about what is free, less while the cache knows, besides what reading tariffs costs.
    None where nothing is cheaper, or nobody knows.
    """
    search = begin_search(candidate)
    if search.has_passed or search.length != candidate.slot.duration:
        return None
    here, near = _here(search), _near(search)
    chargers = list(candidate.chargers)
    everywhere = [*chargers, *here, *(evse for _site, evses in near for evse in evses)]
    costs = costs_for(everywhere, payer, appetite=appetite_of(candidate.vehicle))
    wanted = _price(search, costs, chargers, candidate.slot.start_at)
    if wanted is None or not wanted.is_known or wanted.is_free:
        return None
    least = min(costs.share(evse, search.length) for evse in chargers)

    def enough(evses: Iterable[Evse]) -> list[Evse]:
        return [evse for evse in evses if costs.share(evse, search.length) >= least]

    here, near = enough(here), [(site, enough(evses)) for site, evses in near]
    held = held_times(
        candidate.fleet.pk,
        location__in=[candidate.slot.location, *(_place(evses) for _site, evses in near if evses)],
        now=search.now,
    )
    try:
        found = _best(_slots_here(search, costs, wanted, here, held=held), candidate.slot.start_at)
        far = _best(_slots_near(search, costs, wanted, near), candidate.slot.start_at)
        if far and (found is None or costs_less(far.price, found.price)):
            evses = [far.slot.evse] if far.slot.evse else []
            free = free_times(search, far.slot.location, evses, held=held)
            if any(search.first_start(each) == far.slot.start_at for each in free.values()):
                return far
    except AvailabilityUnknown:
        return None
    return found


def _here(search: Search) -> list[Evse]:
    bookable = bookable_evses(search.slot.location, partner_ids=search.partner_ids)
    return _fitting(search, with_room(search, bookable))


def _near(search: Search) -> list[tuple[Nearby, list[Evse]]]:
    bookable = all_bookable_evses(partner_ids=search.partner_ids)
    narrowed = search.wish.narrow(bookable)
    sites = nearest_sites(search.slot.location, evses=narrowed, within_km=NEAR_KM, limit=MOST_SITES)
    found = usable_at(search, bookable, sites) if sites else {}
    return [(site, _fitting(search, found.get(site.location_pk, []))) for site in sites]


def _fitting(search: Search, evses: Iterable[Evse]) -> list[Evse]:
    """Return the chargers that the vehicle surely fits, if one is named."""
    vehicle = search.candidate.vehicle
    usable = search.usable(evses)
    return [evse for evse in usable if not (vehicle and misfit(vehicle, evse))]


def _slots_here(
    search: Search, costs: Costs, wanted: Price, evses: Sequence[Evse], *, held: FreeTimes
) -> Iterator[CheaperSlot]:
    """Yield what is free and costs less at the site. Raises AvailabilityUnknown."""
    slot = search.slot
    if not evses:
        return
    free = free_times(search, slot.location, evses, held=held)
    for evse in evses:
        may_differ = slot.evse is None or evse == slot.evse
        apart = APART if may_differ else timedelta(0)
        starts = starts_that_fit(
            free[evse.pk],
            length=search.length,
            earliest=max(search.earliest, slot.start_at - apart),
            latest=min(search.latest, slot.start_at + apart),
        )
        for start_at in starts:
            price = _price(search, costs, [evse], start_at)
            if price and costs_less(price, wanted):
                yield CheaperSlot(search.at(slot.location, evse, start_at), price, wanted)


def _slots_near(
    search: Search,
    costs: Costs,
    wanted: Price,
    near: Iterable[tuple[Nearby, list[Evse]]],
) -> Iterator[CheaperSlot]:
    """Yield what costs less near by at the same time; nobody has asked yet whether it is free."""
    for site, evses in near:
        for evse in evses:
            price = _price(search, costs, [evse], search.slot.start_at)
            if price and costs_less(price, wanted):
                slot = search.at(_place([evse]), evse, search.slot.start_at)
                yield CheaperSlot(slot, price, wanted, site.km)


def _best(found: Iterable[CheaperSlot], at: datetime) -> CheaperSlot | None:
    """Return what costs least; of several the one nearest to what is wanted then."""
    return min(
        found,
        key=lambda each: (each.price.most.total or 0, each.km or 0, abs(each.slot.start_at - at)),
        default=None,
    )


def _price(search: Search, costs: Costs, evses: Sequence[Evse], start_at: datetime) -> Price | None:
    if not evses:
        return None
    return costs.of(evses, start_at, search.length, zone=_place(evses).zone)


def _place(evses: Sequence[Evse]) -> Location:
    return evses[0].charge_point.location
