"""Asks the operator for what has become free, without an offer."""

import uuid
from datetime import datetime

from django.db import transaction

from bookings.actions.candidate import BookingRefused, Slot, first_refusal, refused_while_held
from bookings.actions.create import submit_booking_request
from bookings.actions.limits import hold_fleet
from waiting.actions import candidate_of
from waiting.models import Wish, WishEvent
from waiting.state import note_asked, record

# What is refused for these may name others and their bookings, which is nothing to keep.
NAMES_OTHERS = frozenset({"slot", "overlap", "misfit"})


def ask(wish: Wish, slot: Slot, *, now: datetime, answer_age: float) -> bool:
    """Ask for the booking by the rules of any booking; what is refused is waited for still.

    What the operator said is free will do for `answer_age` seconds.
    """
    candidate = candidate_of(wish, slot, driver=wish.drives, now=now)
    candidate.answer_age = answer_age
    user = wish.created_by
    assert user is not None
    try:
        # What the operator says is read before anything is held.
        refusal = first_refusal(candidate)
        if refusal:
            raise refusal
        with refused_while_held(), transaction.atomic():
            hold_fleet([candidate])
            held = Wish.objects.select_for_update().filter(pk=wish.pk, version=wish.version)
            if held.first() is None:
                return False
            submission = submit_booking_request(
                candidate,
                user=user,
                reference=wish.reference,
                submission_key=uuid.uuid4(),
            )
            return note_asked(wish, slot, booking=submission.request.booking, found_at=now)
    except BookingRefused as refusal:
        _note_refusal(wish, "" if refusal.field in NAMES_OTHERS else refusal.message)
        return False


def _note_refusal(wish: Wish, message: str) -> None:
    """Say why what was free could not be asked for, once as long as that is the reason."""
    last = wish.events.order_by("at", "pk").last()
    if last is None or (last.what, last.note) != (WishEvent.What.NOT_ASKED, message[:1000]):
        record(wish, what=WishEvent.What.NOT_ASKED, note=message)
