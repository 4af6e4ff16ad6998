"""Looks for what has become free, and gives it to whoever waits: who came first is served first.

A site is looked at for all that wait there at once, by whoever has claimed its row of SiteWatch, so
that nobody gives the same slot away twice. What is asked for, what is offered and what any fleet of
this portal has booked counts as taken: fleets compete by their place in the line and learn nothing
of each other. What a look finds it writes wish by wish; a worker that is killed meanwhile leaves
the rest to the next look.
"""

import logging
import uuid
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import F, OuterRef, QuerySet, Subquery
from django.utils import timezone

from ampeco.connection import has_calls_to_spare
from bookings.actions.candidate import SLOT_RULES, Slot, first_refusal
from drivers.models import Fleet
from drivers.permissions import private_partner_ids
from mirror.work import claim
from sites.facts import trouble_of
from sites.models import Evse, Location
from sites.periods import Period, merge, next_step, subtract
from sites.selectors import Criteria, bookable_evses
from sites.slots import rules
from sites.slots.availability import AvailabilityUnknown, read_availability, window_for
from vehicles.fitting import for_fitting, why_not
from waiting.actions import candidate_of, look_soon
from waiting.asking import ask
from waiting.matching import soonest, starts
from waiting.models import Offer, SiteWatch, Wish, WishEvent
from waiting.state import make_offer, move_wish, pass_on
from waiting.taken import (
    Busy,
    FleetLimits,
    Free,
    NotAgain,
    not_again,
    taken_at,
    those_asked_for,
)

logger = logging.getLogger(__name__)

LEASE_SECONDS = 120
MOST_SITES = 20
MOST_WISHES = 500
# So much time an offer leaves at least to whoever reads it.
TIME_TO_ANSWER = timedelta(minutes=15)


def look_for_freed(*, now: datetime | None = None) -> int:
    """Let pass and end what is over, then look at the sites that are due; return how many.

    Those first where somebody has waited longest, as long as there are calls to spare. Any number
    of these may run at once.
    """
    now = now or timezone.now()
    expire_offers(now)
    end_wishes(now)
    oldest = Wish.objects.filter(
        places__location=OuterRef("location"), state=Wish.State.WAITING, fleet__is_active=True
    )
    due = SiteWatch.objects.filter(look_at__lte=now).annotate(
        oldest=Subquery(oldest.order_by("turn_at").values("turn_at")[:1])
    )
    looked = 0
    for location_pk in list(
        due.order_by(F("oldest").asc(nulls_last=True), "pk").values_list("location", flat=True)[
            :MOST_SITES
        ]
    ):
        if not has_calls_to_spare():
            break
        looked += look_at_site(location_pk, now=now)
    return looked


def look_at_site(location_pk: int, *, freed: bool = False, now: datetime | None = None) -> bool:
    """Look at a site for all that wait there; return whether this call did it.

    Something that was `freed` just now is looked for past the cache. While another worker looks,
    it is due again once that is done.
    """
    now = now or timezone.now()
    watched = SiteWatch.objects.filter(location=location_pk)
    if freed:
        watched.update(look_at=now)
        if not has_calls_to_spare():
            return False
    owner, won = claim(watched.filter(look_at__lte=now), now=now, seconds=LEASE_SECONDS, limit=1)
    if not won:
        return False
    try:
        wishes = list(_waiting_at(location_pk, now))
        if wishes:
            _Look(Location.objects.get(pk=location_pk), now).serve(wishes, fresh=freed)
    except AvailabilityUnknown as unknown:
        logger.info("Site %s could not be looked at: %s.", location_pk, unknown.reason)
    finally:
        _give_back(owner, now=now)
    return True


@transaction.atomic
def _give_back(owner: uuid.UUID, *, now: datetime) -> None:
    """Give a claimed site back, to be looked at again as long as a wish may be fulfilled there.

    Also one that is offered something or has asked for it, or whose fleet is switched off: it may
    wait again without anybody saying so here.
    """
    # Whoever puts a wish on the list holds the row until it is there.
    watch = SiteWatch.objects.select_for_update().filter(lease_owner=owner).first()
    if watch is None:
        return
    # What was freed meanwhile is due already.
    if watch.look_at is not None and watch.look_at <= now:
        wishes = Wish.objects.filter(places__location=watch.location_id, state__in=Wish.OPEN)
        again = now + timedelta(seconds=settings.WAITING_LOOK_SECONDS)
        watch.look_at = again if wishes.exists() else None
    watch.lease_owner, watch.lease_until, watch.looked_at = None, None, now
    watch.save(update_fields=["look_at", "lease_owner", "lease_until", "looked_at"])


def expire_offers(now: datetime) -> int:
    """Pass on the offers that nobody took in time; return how many."""
    over = Offer.objects.filter(state=Offer.State.OPEN, expires_at__lte=now)
    offers = list(over.select_related("wish__fleet").order_by("expires_at", "pk")[:MOST_WISHES])
    passed = [offer for offer in offers if pass_on(offer, now=now)]
    look_soon([offer.location_id for offer in passed])
    return len(passed)


def end_wishes(now: datetime) -> int:
    """End what cannot be fulfilled any more; return how many."""
    soon = now + rules.notice()
    wishes = Wish.objects.filter(
        state=Wish.State.WAITING, window_end__lte=soon + rules.longest()
    ).select_related("fleet")
    soonest_ends = wishes.order_by("window_end", "pk")[:MOST_WISHES]
    over = [wish for wish in soonest_ends if wish.last_start < soon]
    return sum(move_wish(wish, to=Wish.State.ENDED, what=WishEvent.What.ENDED) for wish in over)


def _waiting_at(location_pk: int, now: datetime) -> QuerySet[Wish]:
    return (
        Wish.objects.filter(
            places__location=location_pk,
            state=Wish.State.WAITING,
            fleet__is_active=True,
            window_end__gt=now,
        )
        .select_related("fleet", "vehicle__usual_driver", "driver", "created_by")
        .order_by("turn_at", "pk")[:MOST_WISHES]
    )


@dataclass(slots=True)
class _Look:
    """One look at a site: what is free there, and less and less of it as it is given away."""

    location: Location
    now: datetime
    free: Free = field(default_factory=dict)
    chargers: dict[int, list[Evse]] = field(default_factory=dict)
    busy: Busy = field(default_factory=lambda: Busy([]))
    not_again: NotAgain = field(default_factory=dict)
    limits: dict[int, FleetLimits] = field(default_factory=dict)
    asks_by_itself: frozenset[int] = frozenset()

    def serve(self, wishes: list[Wish], *, fresh: bool) -> None:
        """Give each wish what fulfils it, in their order. Raises AvailabilityUnknown."""
        self.asks_by_itself = those_asked_for(wishes)
        wanted = [
            (wish, window, chargers)
            for wish in wishes
            if (window := self._window(wish)) and (chargers := self._chargers_for(wish))
        ]
        self._read([window for _wish, window, _chargers in wanted], fresh=fresh)
        self._leave_out(taken_at(self.location, self.now))
        whose = [wish for wish, _window, _chargers in wanted]
        self.busy, self.not_again = Busy(whose), not_again(whose, self.location)
        for wish, window, chargers in wanted:
            slot = self._slot_for(wish, window, chargers)
            if slot is not None and self._give(wish, slot):
                assert slot.evse is not None
                taken = Period.between(slot.start_at, slot.end_at)
                self._leave_out({slot.evse.ampeco_id: (taken,)})
                if wish.booking_id:
                    self.busy.add(wish, taken)
                    # It counts for the fleet's other wishes.
                    del self.limits[wish.fleet_id]

    def _read(self, windows: list[Period], *, fresh: bool) -> None:
        """Ask for what is free while anything is waited for: one call, or one a week."""
        found: dict[int, list[Period]] = defaultdict(list)
        while windows:
            first = min(window.start_at for window in windows)
            day = first.astimezone(self.location.zone).date()
            known_until = window_for(day, zone=self.location.zone, now=self.now).end_at
            answer = read_availability(self.location, day=day, now=self.now, fresh=fresh)
            for ampeco_id, periods in answer.free.items():
                found[ampeco_id] += periods
            windows = [
                Period(max(window.start_at, known_until), window.end_at)
                for window in windows
                if window.end_at > known_until
            ]
        self.free = {ampeco_id: merge(periods) for ampeco_id, periods in found.items()}

    def _window(self, wish: Wish) -> Period | None:
        """Return when a wish can be fulfilled as seen from now, if it can."""
        least = timedelta() if wish.pk in self.asks_by_itself else TIME_TO_ANSWER
        soonest_start = next_step(self.now.astimezone(UTC) + rules.notice() + least)
        start_at = max(wish.window_start, soonest_start)
        end_at = min(wish.window_end, rules.last_instant(self.now))
        if start_at + wish.length > end_at:
            return None
        return Period.between(start_at, end_at)

    def _leave_out(self, taken: Free) -> None:
        for ampeco_id, periods in taken.items():
            if ampeco_id in self.free:
                self.free[ampeco_id] = subtract(self.free[ampeco_id], periods)

    def _slot_for(self, wish: Wish, window: Period, chargers: list[Evse]) -> Slot | None:
        not_then = [*self.busy.of(wish), *self.not_again.get((wish.pk, None), ())]
        free = {
            evse: subtract(
                self.free.get(evse.ampeco_id, ()),
                merge([*not_then, *self.not_again.get((wish.pk, evse.pk), ())]),
            )
            for evse in chargers
        }
        limits = self._limits_of(wish.fleet)

        def starts_in(periods: Iterable[Period]) -> Iterator[datetime]:
            clocks = (wish.earliest_clock, wish.latest_clock)
            return starts(
                periods,
                window=window,
                length=wish.length,
                clocks=clocks,
                zone=self.location.zone,
            )

        def first_allowed(evse: Evse) -> datetime | None:
            found = starts_in(subtract(free[evse], limits.closed(evse)))
            return limits.first_allowed(found, evse, length=wish.length)

        # Where the fleet's limits are against all of it, what is asked for is told why.
        found = soonest(chargers, first_allowed) or soonest(
            chargers, lambda evse: next(starts_in(free[evse]), None)
        )
        if found is None:
            return None
        evse, start_at = found
        return Slot(self.location, evse, Criteria(), start_at, start_at + wish.length)

    def _give(self, wish: Wish, slot: Slot) -> bool:
        """Ask for a slot or offer it; return whether it is given away."""
        if wish.pk in self.asks_by_itself:
            return ask(wish, slot, now=self.now, answer_age=LEASE_SECONDS)
        candidate = candidate_of(wish, slot, driver=wish.drives, now=self.now)
        if first_refusal(candidate, SLOT_RULES):
            return False
        return make_offer(wish, slot, found_at=self.now)

    def _chargers_for(self, wish: Wish) -> list[Evse]:
        """Return what would do, what works now first."""
        evses = [
            evse
            for evse in self._chargers_of(wish.fleet)
            if wish.evse_id in {None, evse.pk} and _fits(wish, evse)
        ]
        if evses and wish.drives is not None:
            slot = Slot(self.location, evses[0], Criteria(), wish.window_start, wish.window_end)
            evses = candidate_of(wish, slot, driver=wish.drives, now=self.now).usable(evses)
        return sorted(evses, key=lambda evse: bool(trouble_of(evse)))

    def _chargers_of(self, fleet: Fleet) -> list[Evse]:
        if fleet.pk not in self.chargers:
            evses = bookable_evses(self.location, partner_ids=private_partner_ids(fleet))
            self.chargers[fleet.pk] = list(for_fitting(evses))
        return self.chargers[fleet.pk]

    def _limits_of(self, fleet: Fleet) -> FleetLimits:
        if fleet.pk not in self.limits:
            evses = self._chargers_of(fleet)
            self.limits[fleet.pk] = FleetLimits(fleet, self.location, evses, now=self.now)
        return self.limits[fleet.pk]


def _fits(wish: Wish, evse: Evse) -> bool:
    if wish.evse_id is None and not wish.criteria.fits(evse):
        return False
    reason = why_not(wish.vehicle, evse) if wish.vehicle else None
    return reason is None or (reason.is_about_driver and wish.driver is not None)
