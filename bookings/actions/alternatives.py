"""What to book instead: the same charger at other times, other chargers, other sites near by."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from django.db.models import Exists, OuterRef, QuerySet

from bookings.actions.candidate import Candidate, Slot
from bookings.actions.limits import closed_times, longest_stays
from bookings.models import Booking, BookingRequest
from drivers.permissions import private_partner_ids
from maintenance.planned import PlannedTimes, planned_times
from shell.wall_clock import instants_of
from sites import parking
from sites.facts import trouble_of
from sites.finding.nearby import Nearby, nearest_sites
from sites.models import Connector, Evse, Location
from sites.periods import STEP, Period, next_step, starts_that_fit
from sites.selectors import (
    DISABLED,
    Criteria,
    all_bookable_evses,
    bookable_evses,
    held_at,
    held_times,
)
from sites.slots import rules
from sites.slots.availability import (
    LONGEST_WINDOW,
    AvailabilityUnknown,
    FreeTimes,
    read_availability,
)
from sites.slots.limits import OwnLimits
from vehicles.fitting import misfit, why_not

ONE_DAY = timedelta(days=1)
MOST_TIMES = 4
MOST_CHARGERS = 4
MOST_SITES = 3
# Each site that is asked costs a call to AMPECO, unless the cache knows.
MOST_SITES_ASKED = 4
# Sites whose chargers turn out to be closed to the driver are passed over.
MOST_SITES_LOOKED_AT = 12
WITHIN_KM = 100.0
# Times that are offered lie so far apart, or as far as the stay is long.
APART = timedelta(hours=1)
# Where the wanted start has passed, others need not begin at once.
SOON_ENOUGH = timedelta(hours=12)


@dataclass(frozen=True, slots=True)
class SiteOffer:
    """A slot at another site, so far away."""

    slot: Slot
    km: float


@dataclass(frozen=True, slots=True)
class Alternatives:
    """What is free instead of `wanted`, which begins now where the start asked for `has_passed`.

    `problem` is a sentence where the operator did not tell what is free at the site itself,
    `sites_problem` where it did not for others.
    """

    wanted: Slot
    has_passed: bool
    other_times: tuple[Slot, ...] = ()
    other_chargers: tuple[Slot, ...] = ()
    other_sites: tuple[SiteOffer, ...] = ()
    problem: str = ""
    sites_problem: str = ""

    def __bool__(self) -> bool:
        return bool(self.other_times or self.other_chargers or self.other_sites)


@dataclass(frozen=True, slots=True)
class Wish:
    """What a charger must offer to do instead; `power_kw` is what it would best have."""

    connector_types: frozenset[str]
    current_type: str
    min_power_kw: Decimal | None
    power_kw: Decimal | None

    def fits(self, evse: Evse) -> bool:
        if self.connector_types and not self.connector_types & plugs_of(evse):
            return False
        criteria = Criteria(current_type=self.current_type, min_power_kw=self.min_power_kw)
        return criteria.fits(evse)

    def distance(self, evse: Evse) -> tuple[bool, bool, Decimal, str]:
        """Return by what chargers are put in order: those that work now, then by power."""
        wanted = self.power_kw or Decimal(0)
        power = evse.max_power_kw or Decimal(0)
        return bool(trouble_of(evse)), power < wanted, abs(power - wanted), evse.name

    def narrow(self, evses: QuerySet[Evse]) -> QuerySet[Evse]:
        """Return those of the chargers that may fit, as far as the database can tell."""
        if self.connector_types:
            plugs = Connector.objects.filter(evse=OuterRef("pk"), type__in=self.connector_types)
            evses = evses.filter(Exists(plugs.exclude(status=DISABLED)))
        if self.current_type:
            evses = evses.filter(current_type=self.current_type)
        if self.min_power_kw is not None:
            evses = evses.filter(max_power_kw__gte=self.min_power_kw)
        return evses


@dataclass(frozen=True, slots=True)
class Search:
    """What is looked for instead of a candidate: as good, of `length`, at or near `wanted_at`."""

    candidate: Candidate
    wish: Wish
    partner_ids: frozenset[int]
    now: datetime
    earliest: datetime
    latest: datetime
    wanted_at: datetime
    length: timedelta

    @property
    def slot(self) -> Slot:
        return self.candidate.slot

    @property
    def has_passed(self) -> bool:
        return next_step(self.slot.start_at) < self.earliest

    def at(self, location: Location, evse: Evse | None, start_at: datetime) -> Slot:
        criteria = Criteria() if evse else self.slot.criteria
        return Slot(location, evse, criteria, start_at, start_at + self.length)

    def usable(self, evses: Iterable[Evse]) -> list[Evse]:
        fitting = [evse for evse in evses if self.wish.fits(evse)]
        if vehicle := self.candidate.vehicle:
            misfits = {evse.pk: why_not(vehicle, evse) for evse in fitting}
            fitting = [
                evse for evse in fitting if not ((misfit := misfits[evse.pk]) and misfit.is_certain)
            ]
        return self.candidate.usable(fitting) if self.candidate.driver else fitting

    def distance(self, evse: Evse) -> tuple[bool, tuple[bool, bool, Decimal, str]]:
        """Return by what chargers are put in order: where the vehicle may not fit, comes last."""
        vehicle = self.candidate.vehicle
        return vehicle is not None and bool(misfit(vehicle, evse)), self.wish.distance(evse)

    def first_start(self, free: Iterable[Period]) -> datetime | None:
        """Return when a charger could be had: as wanted, or where that has passed soon enough."""
        latest = self.wanted_at
        if self.has_passed:
            latest = min(self.wanted_at + SOON_ENOUGH, self.latest)
        starts = starts_that_fit(free, length=self.length, earliest=self.wanted_at, latest=latest)
        return next(starts, None)


def alternatives_for(candidate: Candidate, *, with_times: bool = True) -> Alternatives:
    """Return what the driver could have instead of a slot, of the same length.

    The same charger (or any that fits) at the nearest free times, other chargers at this site and
    other sites of the fleet at the same time. Where the start has passed, all of it from now on.
    Costs up to 1 + MOST_SITES_ASKED calls to AMPECO, fewer while the cache knows; where the
    operator does not answer no other site is asked. Without a driver chargers that only some may
    use count, too; without `with_times` the first kind is left out.
    """
    search = begin_search(candidate)
    slot = candidate.slot
    wanted = search.at(slot.location, slot.evse, search.wanted_at)
    found = Alternatives(wanted, has_passed=search.has_passed)
    try:
        found = _at_this_site(search, found, with_times=with_times)
    except AvailabilityUnknown as unknown:
        found = replace(found, problem=unknown.message)
        if unknown.reason != "refused":
            return found
    return _at_other_sites(search, found)


def criteria_of(booking: Booking) -> Criteria:
    """Return what any charger had to offer, for a booking that names none; else nothing."""
    if booking.evse_id is not None:
        return Criteria()
    creation = (
        booking.requests.filter(kind=BookingRequest.Kind.CREATE).order_by("created_at").last()
    )
    return creation.criteria if creation else Criteria()


def begin_search(candidate: Candidate) -> Search:
    """Return what can be looked for instead of a candidate, within the rules of booking."""
    now = candidate.now.astimezone(UTC)
    length = _bookable_length(candidate.slot.duration)
    length = min([length, *longest_stays(candidate.fleet, candidate.slot.location)])
    earliest = next_step(now + rules.notice())
    latest = next_step(rules.last_instant(now) - length - STEP)
    return Search(
        candidate=candidate,
        wish=_wish_of(candidate.slot),
        partner_ids=private_partner_ids(candidate.fleet),
        now=now,
        earliest=earliest,
        latest=latest,
        wanted_at=min(max(next_step(candidate.slot.start_at), earliest), latest),
        length=length,
    )


def _wish_of(slot: Slot) -> Wish:
    if slot.evse is None:
        criteria = slot.criteria
        types = frozenset({criteria.connector_type} - {""})
        power = criteria.min_power_kw
        return Wish(types, criteria.current_type, min_power_kw=power, power_kw=power)
    plugs = plugs_of(slot.evse)
    # A charger that has lost its plugs is still known by its current.
    known = slot.evse.current_type != Evse.CurrentType.UNKNOWN
    current = slot.evse.current_type if known and not plugs else ""
    return Wish(plugs, current, min_power_kw=None, power_kw=slot.evse.max_power_kw)


def plugs_of(evse: Evse) -> frozenset[str]:
    return frozenset(plug.type for plug in evse.connectors.all() if plug.status != DISABLED)


def _bookable_length(length: timedelta) -> timedelta:
    least = -(-rules.shortest() // STEP) * STEP
    return min(max(-(-length // STEP) * STEP, least), rules.longest())


def _at_this_site(search: Search, found: Alternatives, *, with_times: bool) -> Alternatives:
    """Add what is free at the site itself. Raises AvailabilityUnknown."""
    location, wanted = search.slot.location, search.slot.evse
    bookable = list(with_room(search, bookable_evses(location, partner_ids=search.partner_ids)))
    usable = search.usable(bookable)
    if not usable:
        return found
    held = held_at(location, fleet_pk=search.candidate.fleet.pk, now=search.now)
    free = free_times(search, location, usable, held=held)
    others = sorted((evse for evse in usable if evse != wanted), key=search.distance)
    chargers = [
        search.at(location, evse, start)
        for evse in others
        if (start := search.first_start(free[evse.pk])) is not None
    ]
    times: list[datetime] = []
    if with_times:
        same = [evse for evse in usable if wanted is None or evse == wanted]
        times = _nearest_times(search, [free[evse.pk] for evse in same])
    return replace(
        found,
        other_times=tuple(search.at(location, wanted, at) for at in times),
        other_chargers=tuple(chargers[:MOST_CHARGERS]),
    )


def _nearest_times(search: Search, free: Sequence[Iterable[Period]]) -> list[datetime]:
    """Return the starts around the wanted one, in order of time, some way apart.

    Where it has passed, the same time on the next day is one of them, if it is free.
    """
    starts = {
        start
        for each in free
        for start in starts_that_fit(
            each, length=search.length, earliest=search.earliest, latest=search.latest
        )
    }
    if not search.has_passed:
        # This is what did not work out.
        starts.discard(search.wanted_at)
    chosen: list[datetime] = []
    tomorrow = _same_time_tomorrow(search)
    if search.has_passed and tomorrow in starts:
        chosen.append(tomorrow)
    apart = min(APART, search.length)
    for start in sorted(starts, key=lambda at: (abs(at - search.wanted_at), at)):
        if len(chosen) == MOST_TIMES:
            break
        if all(abs(start - other) >= apart for other in chosen):
            chosen.append(start)
    return sorted(chosen)


def _same_time_tomorrow(search: Search) -> datetime:
    zone = search.slot.location.zone
    clock = search.slot.start_at.astimezone(zone).time()
    day = search.wanted_at.astimezone(zone).date() + ONE_DAY
    instants = instants_of(day, clock, zone)
    return next_step(instants[0] if instants else search.wanted_at + ONE_DAY)


def _at_other_sites(search: Search, found: Alternatives) -> Alternatives:
    """Add the nearest other sites with a charger that will do; asks about a few of them."""
    bookable = all_bookable_evses(partner_ids=search.partner_ids)
    near = nearest_sites(
        search.slot.location,
        evses=search.wish.narrow(bookable),
        within_km=WITHIN_KM,
        limit=MOST_SITES_LOOKED_AT,
    )
    at_sites = usable_at(search, bookable, near)
    held = held_times(search.candidate.fleet.pk, location__in=at_sites, now=search.now)
    around = Period(search.earliest, search.wanted_at + LONGEST_WINDOW)
    planned = planned_times(at_sites, during=around)
    offers: list[SiteOffer] = []
    for site in [site for site in near if site.location_pk in at_sites][:MOST_SITES_ASKED]:
        evses = at_sites[site.location_pk]
        location = evses[0].charge_point.location
        try:
            free = free_times(search, location, evses, held=held, planned=planned)
        except AvailabilityUnknown as unknown:
            if unknown.reason != "refused":
                return replace(found, other_sites=tuple(offers), sites_problem=unknown.message)
            continue
        for evse in sorted(evses, key=search.distance):
            start = search.first_start(free[evse.pk])
            if start is not None:
                wanted = evse if search.slot.evse else None
                offers.append(SiteOffer(search.at(location, wanted, start), site.km))
                break
        if len(offers) == MOST_SITES:
            break
    return replace(found, other_sites=tuple(offers))


def usable_at(
    search: Search, bookable: QuerySet[Evse], near: Sequence[Nearby]
) -> dict[int, list[Evse]]:
    evses = (
        search.wish.narrow(bookable)
        .filter(charge_point__location__in=[site.location_pk for site in near])
        .select_related("charge_point__location")
        .prefetch_related("connectors")
    )
    evses = with_room(search, evses)
    at_sites: dict[int, list[Evse]] = defaultdict(list)
    for evse in search.usable(evses):
        at_sites[evse.charge_point.location_id].append(evse)
    return at_sites


def with_room(search: Search, evses: QuerySet[Evse]) -> QuerySet[Evse]:
    """Let a query read what is held against a vehicle, where one is named."""
    if search.candidate.vehicle is None:
        return evses
    return evses.prefetch_related(*parking.PREFETCH)


def free_times(
    search: Search,
    location: Location,
    evses: Iterable[Evse],
    *,
    held: FreeTimes,
    planned: PlannedTimes | None = None,
) -> dict[int, tuple[Period, ...]]:
    """Return when chargers of a site are free, by primary key. Raises AvailabilityUnknown."""
    day = search.wanted_at.astimezone(location.zone).date()
    evses = list(evses)
    candidate = search.candidate
    closed = closed_times(candidate.fleet, location, evses, now=search.now, but=candidate.previous)
    if search.slot.evse is None:
        closed = OwnLimits(closed=closed).closed_to_any(evses)
    availability = read_availability(location, day=day, now=search.now, planned=planned)
    availability = availability.without(held)
    availability = availability.without(closed)
    return {evse.pk: availability.of(evse) for evse in evses}
