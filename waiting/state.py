"""The one door for a wish's state: how it moves, with its history, its offer and its mails."""

import logging
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils import timezone

from accounts.models import User
from bookings.actions.candidate import Slot
from bookings.models import Booking
from notifications.recipients import plan_for_wish
from sites.slots import rules
from waiting.models import Offer, Wish, WishEvent

logger = logging.getLogger(__name__)

State = Wish.State
What = WishEvent.What


def move_wish(
    wish: Wish,
    *,
    to: Wish.State,
    what: WishEvent.What,
    user: User | None = None,
    offer: Offer | None = None,
    offer_becomes: Offer.State | None = None,
    note: str = "",
    **changes: Any,
) -> bool:
    """Move a wish from the version it was read at; return whether this call did it.

    In one transaction: the wish, its `offer` if that becomes something else, a line of history, and
    the mails about it. Whoever comes second changes nothing and gets False. On success `wish` is up
    to date. A wish that is not open any more may be made again.
    """
    changes |= {"state": to}
    if to not in Wish.OPEN:
        changes["key"] = ""
    with transaction.atomic():
        moved = Wish.objects.filter(pk=wish.pk, version=wish.version).update(
            version=F("version") + 1, **changes
        )
        if not moved:
            logger.info("Wish %s changed since it was read; %s is dropped.", wish.pk, what)
            return False
        for name, value in changes.items():
            setattr(wish, name, value)
        wish.version += 1
        if offer is not None and offer_becomes is not None:
            Offer.objects.filter(pk=offer.pk).update(
                state=offer_becomes, booking=changes.get("booking")
            )
            offer.state = offer_becomes
        record(wish, what=what, user=user, offer=offer, note=note)
    return True


def record(
    wish: Wish,
    *,
    what: WishEvent.What,
    user: User | None = None,
    offer: Offer | None = None,
    note: str = "",
) -> None:
    """Write a line of a wish's history, and the mails that tell it."""
    event = WishEvent.objects.create(wish=wish, what=what, user=user, offer=offer, note=note[:1000])
    plan_for_wish(event)


def make_offer(wish: Wish, slot: Slot, *, found_at: datetime) -> bool:
    """Offer a slot to those who wait for it, for some time; return whether this call did it."""
    try:
        with transaction.atomic():
            offer = _offer_of(wish, slot, found_at=found_at)
            moved = move_wish(wish, to=State.OFFERED, what=What.OFFERED, offer=offer)
            if not moved:
                transaction.set_rollback(True)
    except IntegrityError:
        # Of two who offer something for the same wish at once one was faster.
        return False
    return moved


def note_asked(wish: Wish, slot: Slot, *, booking: Booking, found_at: datetime) -> bool:
    """Note that a slot was asked for without an offer; for callers that are in a transaction."""
    offer = _offer_of(wish, slot, found_at=found_at, state=Offer.State.TAKEN, booking=booking)
    # Somebody may have booked just that by other ways.
    to = State.FULFILLED if booking.is_confirmed else State.ASKED
    return move_wish(wish, to=to, what=What.ASKED, offer=offer, booking=booking)


def _offer_of(wish: Wish, slot: Slot, *, found_at: datetime, **fields: Any) -> Offer:
    assert slot.evse is not None
    held_until = found_at + timedelta(minutes=settings.WAITING_OFFER_MINUTES)
    return Offer.objects.create(
        wish=wish,
        location=slot.location,
        evse=slot.evse,
        start_at=slot.start_at,
        end_at=slot.end_at,
        found_at=found_at,
        expires_at=min(held_until, slot.start_at - rules.notice()),
        **fields,
    )


# What ends by itself


# After so many offers that nobody answered a wish ends, so that others are not kept from them.
MOST_UNANSWERED = 3
UNANSWERED = "unanswered"


def pass_on(offer: Offer, *, user: User | None = None, now: datetime | None = None) -> bool:
    """Let an offer pass, by somebody's wish or because its time is over: the next in line gets it.

    The wish waits on at the end of the line. One whose offers nobody answers ends.
    """
    wish = offer.wish
    if user is None and _unanswered(wish) + 1 >= MOST_UNANSWERED:
        return move_wish(
            wish,
            to=State.ENDED,
            what=What.ENDED,
            offer=offer,
            offer_becomes=Offer.State.LET_PASS,
            note=UNANSWERED,
        )
    return move_wish(
        wish,
        to=State.WAITING,
        what=What.LET_PASS,
        user=user,
        offer=offer,
        offer_becomes=Offer.State.LET_PASS,
        turn_at=now or timezone.now(),
    )


def _unanswered(wish: Wish) -> int:
    """Return how many offers in a row nobody has answered before this one."""
    number = 0
    others = wish.events.exclude(what__in=[What.OFFERED, What.NOT_ASKED])
    for line in others.order_by("-at", "-pk").values_list("what", "user"):
        if line != (What.LET_PASS, None):
            break
        number += 1
    return number
