"""What stands in the way of wishes at a site, read once for all of them."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from datetime import date, datetime, timedelta

from django.db.models import Q

from bookings.actions.holdings import Holdings
from bookings.actions.limits import ONE_DAY, closed_times, held_around
from bookings.models import Booking
from drivers.models import Fleet, FleetMembership
from limits.models import Limit
from limits.reading import rules_of
from limits.rules import Wanted, first_breach
from sites.models import Evse, Location
from sites.periods import Period, merge
from sites.slots.rules import last_instant
from waiting.models import Offer, Wish

Free = dict[int, tuple[Period, ...]]
# A fleet, and its driver or its vehicle.
Whose = tuple[int, str, int]
# After so many rejections a wish is asked about before it is asked for.
MOST_REJECTIONS = 3
HOURS = frozenset({Limit.Kind.HOURS_PER_DAY, Limit.Kind.HOURS_PER_WEEK})
INSTANT = timedelta.resolution
# By wish, and charger or None for all of the site.
NotAgain = dict[tuple[int, int | None], list[Period]]


def taken_at(location: Location, now: datetime) -> Free:
    """Return what is booked, asked for or offered at a site, by whichever fleet.

    The operator calls free what it has not decided about.
    """
    booked = Booking.objects.filter(
        location=location, evse__isnull=False, status__in=Booking.HOLDS_A_PLACE, end_at__gt=now
    )
    offered = Offer.objects.filter(location=location, state=Offer.State.OPEN)
    taken: dict[int, list[Period]] = defaultdict(list)
    for rows in (booked, offered):
        columns = rows.values_list("evse__ampeco_id", "start_at", "end_at")
        for ampeco_id, start_at, end_at in columns:
            taken[ampeco_id].append(Period.between(start_at, end_at))
    return {ampeco_id: merge(periods) for ampeco_id, periods in taken.items()}


class Busy:
    """When the drivers and vehicles of wishes are booked, wherever that is."""

    def __init__(self, wishes: Iterable[Wish]) -> None:
        self._times: dict[Whose, list[Period]] = defaultdict(list)
        wishes = list(wishes)
        if not wishes:
            return
        drivers = {wish.drives.pk for wish in wishes if wish.drives}
        vehicles = {wish.vehicle_id for wish in wishes if wish.vehicle_id}
        rows = Booking.objects.filter(
            Q(driver__in=drivers) | Q(vehicle__in=vehicles),
            fleet__in={wish.fleet_id for wish in wishes},
            status__in=Booking.HOLDS_A_PLACE,
            start_at__lt=max(wish.window_end for wish in wishes),
            end_at__gt=min(wish.window_start for wish in wishes),
        )
        columns = ("fleet_id", "driver_id", "vehicle_id", "start_at", "end_at")
        for fleet, driver, vehicle, start_at, end_at in rows.values_list(*columns):
            period = Period.between(start_at, end_at)
            self._times[fleet, "driver", driver].append(period)
            if vehicle:
                self._times[fleet, "vehicle", vehicle].append(period)

    def of(self, wish: Wish) -> Iterator[Period]:
        for whose in _whose(wish):
            yield from self._times[whose]

    def add(self, wish: Wish, period: Period) -> None:
        """Note what was asked for just now."""
        for whose in _whose(wish):
            self._times[whose].append(period)


def _whose(wish: Wish) -> Iterator[Whose]:
    if wish.drives:
        yield wish.fleet_id, "driver", wish.drives.pk
    if wish.vehicle_id:
        yield wish.fleet_id, "vehicle", wish.vehicle_id


class FleetLimits:
    """What the limits of a fleet are against at a site, as of the bookings that it has now."""

    def __init__(
        self, fleet: Fleet, location: Location, evses: Iterable[Evse], *, now: datetime
    ) -> None:
        self._location, self._now = location, now
        self._limits = [each for each in rules_of(fleet) if each.concerns(location.pk, None)]
        self._counts_hours = any(each.kind in HOURS for each in self._limits)
        self._closed: Free = {}
        self._held = Holdings()
        if self._limits:
            self._closed = dict(closed_times(fleet, location, evses, now=now))
            ahead = Period.between(now, last_instant(now) + ONE_DAY)
            self._held = held_around(fleet, self._limits, [ahead])

    def closed(self, evse: Evse) -> tuple[Period, ...]:
        """Return when nothing may be booked at a charger, however short."""
        return self._closed.get(evse.ampeco_id, ())

    def first_allowed(
        self, found: Iterable[datetime], evse: Evse, *, length: timedelta
    ) -> datetime | None:
        """Return the first of some starts that no limit is against.

        Of a day one is looked at; where hours are counted, also what lasts into the next: the later
        it begins, the fewer of them are of that day.
        """
        refused: date | None = None
        for start_at in found:
            day = self._day(start_at)
            lasts = self._counts_hours and self._day(start_at + length - INSTANT) != day
            if day == refused and not lasts:
                continue
            if not self._breach(evse, Period(start_at, start_at + length)):
                return start_at
            refused = day
        return None

    def _day(self, at: datetime) -> date:
        return at.astimezone(self._location.zone).date()

    def _breach(self, evse: Evse, period: Period) -> str:
        place, zone = self._location.pk, self._location.zone
        wanted = Wanted(period, place, frozenset({evse.pk}), zone, self._now)
        return first_breach(self._limits, wanted, self._held.rows)


def not_again(
    wishes: Iterable[Wish], location: Location
) -> dict[tuple[int, int | None], list[Period]]:
    """Return what wishes are not given again, by wish: what it let pass at the site (None), what
    the operator did not want at a charger, by its key.
    """
    found: NotAgain = defaultdict(list)
    settled = Offer.objects.filter(
        wish__in=list(wishes),
        location=location,
        state__in=[Offer.State.LET_PASS, Offer.State.REFUSED],
    )
    for offer in settled:
        key = offer.evse_id if offer.state == Offer.State.REFUSED else None
        found[offer.wish_id, key].append(Period.between(offer.start_at, offer.end_at))
    return found


def those_asked_for(wishes: Iterable[Wish]) -> frozenset[int]:
    """Return by their keys the wishes that are asked for without an offer.

    They speak for a manager still, for a vehicle that is not retired, and were not rejected again
    and again.
    """
    wanted = [
        each
        for each in wishes
        if each.by_itself
        and each.drives
        and each.created_by
        and not (each.vehicle and each.vehicle.is_retired)
    ]
    if not wanted:
        return frozenset()
    manage = FleetMembership.objects.filter(
        fleet__in={each.fleet_id for each in wanted},
        user__in={each.created_by_id for each in wanted},
        user__is_active=True,
        role=FleetMembership.Role.MANAGER,
    )
    managers = set(manage.values_list("fleet_id", "user_id"))
    refused = Offer.objects.filter(wish__in=wanted, state=Offer.State.REFUSED)
    rejections = Counter(refused.values_list("wish_id", flat=True))
    return frozenset(
        each.pk
        for each in wanted
        if (each.fleet_id, each.created_by_id) in managers and rejections[each.pk] < MOST_REJECTIONS
    )
