"""What managers do with their waiting list: put on it, change it, take what is offered."""

import hashlib
import uuid
from dataclasses import dataclass, fields
from datetime import datetime, time
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from bookings.actions.candidate import (
    BookingRefused,
    Candidate,
    Slot,
    first_refusal,
    refused_while_held,
)
from bookings.actions.create import submit_booking_request
from bookings.models import Booking
from drivers.models import Driver, Fleet
from drivers.permissions import private_partner_ids
from sites.finding.nearby import nearest_sites
from sites.models import Evse, Location
from sites.selectors import Criteria, all_bookable_evses
from vehicles.models import Vehicle
from waiting.models import Offer, SiteWatch, Wish, WishEvent, WishPlace
from waiting.state import move_wish, pass_on, record

State = Wish.State
What = WishEvent.What

# Each site is a call to the operator whenever it is looked at.
MOST_SITES = 8
# Of one fleet, so that nobody keeps the portal busy with looking.
MOST_OPEN = 500


class NotWaiting(Exception):
    """Nothing was put on the list, changed or asked for. The message is for whoever wanted it.

    `same` is the wish that is on the list already.
    """

    def __init__(self, message: str, *, same: Wish | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.same = same


@dataclass(frozen=True, slots=True)
class Wanted:
    """What somebody waits for, as a form tells it."""

    location: Location
    evse: Evse | None
    criteria: Criteria
    radius_km: int
    window_start: datetime
    window_end: datetime
    minutes: int
    earliest_clock: time | None
    latest_clock: time | None
    vehicle: Vehicle | None
    driver: Driver | None
    by_itself: bool
    reference: str

    def columns(self) -> dict[str, Any]:
        """Return how a wish keeps it."""
        names = (each.name for each in fields(self) if each.name != "criteria")
        columns = {name: getattr(self, name) for name in names}
        return columns | {
            "wanted_current_type": self.criteria.current_type,
            "wanted_connector_type": self.criteria.connector_type,
            "wanted_min_power_kw": self.criteria.min_power_kw,
            "key": self.key,
        }

    @property
    def key(self) -> str:
        """The text by which the same wish is recognised, whoever made it and however it is met."""
        parts = (
            self.location.pk,
            self.evse.pk if self.evse else self.criteria.key,
            self.radius_km,
            int(self.window_start.timestamp()),
            int(self.window_end.timestamp()),
            self.minutes,
            self.earliest_clock,
            self.latest_clock,
            self.vehicle.pk if self.vehicle else None,
            self.driver.pk if self.driver else None,
        )
        return hashlib.sha256(repr(parts).encode()).hexdigest()


def put_on_list(
    fleet: Fleet,
    wanted: Wanted,
    *,
    user: User,
    submission_key: uuid.UUID | None = None,
    now: datetime | None = None,
) -> Wish:
    """Wait for something from now on; it is looked for at once. Raises NotWaiting.

    The same form sent twice gives the same wish, whatever has become of it.
    """
    now = now or timezone.now()
    if submission_key and (sent := _sent_as(fleet, submission_key)):
        return sent
    if Wish.objects.filter(fleet=fleet, state__in=Wish.OPEN).count() >= MOST_OPEN:
        text = _("Your fleet waits for %(number)d things already. Please cancel some first.")
        raise NotWaiting(text % {"number": MOST_OPEN})
    try:
        with transaction.atomic():
            wish = Wish.objects.create(
                fleet=fleet,
                created_by=user,
                created_at=now,
                turn_at=now,
                submission_key=submission_key,
                **wanted.columns(),
            )
            record(wish, what=What.MADE, user=user)
            _watch(wish, now=now)
    except IntegrityError:
        if submission_key and (sent := _sent_as(fleet, submission_key)):
            return sent
        raise _known_already(fleet, wanted) from None
    return wish


def change_wish(
    wish: Wish, wanted: Wanted, *, user: User, seen_version: int, now: datetime | None = None
) -> None:
    """Wait for something else instead; the wish keeps its place in the line. Raises NotWaiting."""
    now = now or timezone.now()
    if wish.version != seen_version or wish.state != State.WAITING:
        raise NotWaiting(
            _("This has changed since you opened the page. Please look again before you save.")
        )
    try:
        with transaction.atomic():
            moved = move_wish(
                wish, to=State.WAITING, what=What.CHANGED, user=user, **wanted.columns()
            )
            if moved:
                wish.places.all().delete()
                _watch(wish, now=now)
    except IntegrityError:
        raise _known_already(wish.fleet, wanted) from None
    if not moved:
        raise NotWaiting(_("This has changed in this moment. Please look at it again."))


def cancel_wish(wish: Wish, *, user: User | None) -> bool:
    """Wait no longer; return whether this call did it. A booking that was asked for stays.

    `user` is None where it goes by itself.
    """
    offer = wish.offers.filter(state=Offer.State.OPEN).first()
    done = wish.is_open and move_wish(
        wish,
        to=State.CANCELLED,
        what=What.CANCELLED,
        user=user,
        offer=offer,
        offer_becomes=Offer.State.LET_PASS if offer else None,
    )
    if done and offer:
        look_soon([offer.location_id])
    return done


def take_offer(
    offer: Offer, *, user: User, driver: Driver, reference: str, now: datetime | None = None
) -> Booking:
    """Ask the operator for what is offered; return the booking that is to be.

    It keeps the same rules as any booking. Raises NotWaiting for an offer that is over, and
    BookingRefused; where the slot is gone, the wish waits on.
    """
    now = now or timezone.now()
    wish = offer.wish
    if offer.state != Offer.State.OPEN or offer.expires_at <= now:
        raise NotWaiting(_("This offer is over. What you wait for is looked for again."))
    candidate = candidate_of(wish, slot_of(offer), driver=driver, now=now)
    try:
        return _submit(wish, offer, candidate, user=user, reference=reference)
    except BookingRefused as refusal:
        if refusal.field == "slot":
            move_wish(
                wish,
                to=State.WAITING,
                what=What.GONE,
                offer=offer,
                offer_becomes=Offer.State.GONE,
            )
        raise


def let_pass(offer: Offer, *, user: User, now: datetime | None = None) -> bool:
    """Leave an offer to whoever waits next, and wait on; return whether this call did it."""
    done = offer.state == Offer.State.OPEN and pass_on(offer, user=user, now=now)
    if done:
        look_soon([offer.location_id])
    return done


def slot_of(offer: Offer) -> Slot:
    return Slot(offer.location, offer.evse, Criteria(), offer.start_at, offer.end_at)


def candidate_of(wish: Wish, slot: Slot, *, driver: Driver | None, now: datetime) -> Candidate:
    """Return the booking that a wish would become; what does not quite fit was not offered."""
    return Candidate(wish.fleet, slot, driver, vehicle=wish.vehicle, confirmed_misfit=True, now=now)


def look_soon(locations: list[int]) -> None:
    """Let sites be looked at as soon as somebody comes by."""
    SiteWatch.objects.filter(location__in=locations).update(look_at=timezone.now())


def _submit(
    wish: Wish, offer: Offer, candidate: Candidate, *, user: User, reference: str
) -> Booking:
    # What the operator says is read before anything is held.
    refusal = first_refusal(candidate)
    if refusal:
        raise refusal
    with refused_while_held(), transaction.atomic():
        submission = submit_booking_request(
            candidate, user=user, reference=reference, submission_key=offer.uid
        )
        booking = submission.request.booking
        moved = move_wish(
            wish,
            # Somebody may have booked just that by other ways.
            to=State.FULFILLED if booking.is_confirmed else State.ASKED,
            what=What.ASKED,
            user=user,
            offer=offer,
            offer_becomes=Offer.State.TAKEN,
            booking=booking,
        )
        if not moved:
            transaction.set_rollback(True)
    if not moved:
        raise NotWaiting(_("Somebody else has dealt with this offer in this moment."))
    return booking


def _sent_as(fleet: Fleet, submission_key: uuid.UUID) -> Wish | None:
    return Wish.objects.filter(fleet=fleet, submission_key=submission_key).first()


def _known_already(fleet: Fleet, wanted: Wanted) -> NotWaiting:
    same = Wish.objects.filter(fleet=fleet, key=wanted.key).first()
    return NotWaiting(_("This is on the waiting list already."), same=same)


def _watch(wish: Wish, *, now: datetime) -> None:
    """Keep where a wish may be fulfilled, and let these sites be looked at soon."""
    places = [WishPlace(wish=wish, location=wish.location)]
    if wish.radius_km and wish.evse is None:
        evses = all_bookable_evses(partner_ids=private_partner_ids(wish.fleet))
        near = nearest_sites(
            wish.location, evses=evses, within_km=wish.radius_km, limit=MOST_SITES - 1
        )
        places += [WishPlace(wish=wish, location_id=site.location_pk, km=site.km) for site in near]
    WishPlace.objects.bulk_create(places)
    keys = sorted(place.location_id for place in places)
    SiteWatch.objects.bulk_create(
        [SiteWatch(location_id=key, look_at=now) for key in keys],
        update_conflicts=True,
        unique_fields=["location"],
        update_fields=["look_at"],
    )
