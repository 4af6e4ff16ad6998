"""Bookings that were cancelled together: which were meant, and what becomes of each."""

import uuid
from collections.abc import Iterable
from dataclasses import dataclass

from django.contrib.sessions.backends.base import SessionBase
from django.utils.translation import gettext as _

from bookings.actions.change import Together
from bookings.models import Booking, BookingRequest
from bookings.selectors import bookings_named
from drivers.models import Fleet

MOST_TOGETHER = 100
LONGEST_KEY = 18
# A refusal leaves no trace in the database: nothing was asked for. Who asked is told all the same.
SESSION_KEY = "cancelled_together"
BATCHES_KEPT = 3

Status = BookingRequest.Status


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one of several bookings, as far as it is known now."""

    booking: Booking
    text: str
    is_waiting: bool

    @property
    def is_cancelled(self) -> bool:
        return self.booking.status == Booking.Status.CANCELLED


def chosen_keys(texts: Iterable[str]) -> tuple[list[int], bool]:
    """Return the primary keys that a list of boxes names, and whether some were left out.

    What is no key is passed over; MOST_TOGETHER keys count.
    """
    keys = [
        int(text)
        for text in dict.fromkeys(texts)
        if text.isascii() and text.isdecimal() and len(text) <= LONGEST_KEY
    ]
    return keys[:MOST_TOGETHER], len(keys) > MOST_TOGETHER


def note_refusals(session: SessionBase, together: Together) -> None:
    """Remember for who asked which bookings were meant, and what was refused at once."""
    said = {
        str(booking.pk): "" if cancellation else message
        for booking, cancellation, message in together.outcomes
    }
    batches = [*session.get(SESSION_KEY, {}).items(), (str(together.batch), said)]
    session[SESSION_KEY] = dict(batches[-BATCHES_KEPT:])


def outcomes_of(fleet: Fleet, batch: uuid.UUID, *, session: SessionBase) -> list[Outcome]:
    """Return what became of each of a fleet's bookings that were cancelled together, by start.

    Who did not ask sees those for which a cancellation was requested.
    """
    said = session.get(SESSION_KEY, {}).get(str(batch), {})
    named = BookingRequest.objects.filter(booking__fleet=fleet, batch=batch)
    keys = {*named.values_list("booking_id", flat=True), *(int(key) for key in said)}
    bookings = bookings_named(fleet, keys)
    # The cancellation of a booking that was undecided is asked for later, and by itself.
    asked = BookingRequest.objects.filter(
        booking__in=bookings, kind=BookingRequest.Kind.CANCEL
    ).order_by("created_at", "pk")
    latest = {request.booking_id: request for request in asked}
    return [
        _outcome(booking, latest.get(booking.pk), said.get(str(booking.pk), ""))
        for booking in bookings
    ]


def _outcome(booking: Booking, request: BookingRequest | None, refusal: str) -> Outcome:
    waiting = booking.open_change in Booking.TO_BE_CANCELLED
    if refusal:
        return Outcome(booking, _("Not cancelled: %(reason)s") % {"reason": refusal}, False)
    if booking.status == Booking.Status.CANCELLED:
        return Outcome(booking, _("Cancelled."), False)
    if request and request.status == Status.REJECTED:
        if not request.rejection_reason:
            return Outcome(booking, _("The operator rejected it and gave no reason."), False)
        words = {"reason": request.rejection_reason}
        return Outcome(booking, _("The operator rejected it and says: “%(reason)s”") % words, False)
    if request and request.status == Status.FAILED:
        reason = request.get_failure_display()
        return Outcome(booking, _("Not cancelled: %(reason)s") % {"reason": reason}, False)
    if booking.open_change == Booking.OpenChange.WITHDRAW:
        text = _("Will be cancelled as soon as the operator has decided on it.")
    elif request and request.status == Status.STALE:
        text = _(
            "Requested. The operator has not answered for a long time; the portal keeps asking."
        )
    else:
        text = _("Requested. The operator decides.") if waiting else _("Not cancelled.")
    return Outcome(booking, text, waiting)
