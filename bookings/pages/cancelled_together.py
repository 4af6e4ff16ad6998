"""Bookings that were cancelled together: which were meant, and what becomes of each."""

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.contrib.sessions.backends.base import SessionBase
from django.db.models import Q
from django.utils.translation import gettext as _

from bookings.actions.change import Together
from bookings.models import Booking, BookingRequest
from bookings.selectors import bookings_named
from drivers.models import Fleet
from shell.keys import read_key, read_keys

MOST_TOGETHER = 100
# A refusal leaves no trace in the database: nothing was asked for. Who asked is told all the same.
SESSION_KEY = "cancelled_together"
BATCHES_KEPT = 3

Status = BookingRequest.Status


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one of several bookings, as far as it is known now."""

    booking: Booking
    text: str
    is_waiting: bool = False
    may_be_asked_again: bool = False

    @property
    def is_cancelled(self) -> bool:
        return self.booking.status == Booking.Status.CANCELLED


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why nothing was asked for about a booking, and which version of it that was said of."""

    message: str
    version: int


def chosen_keys(texts: Iterable[str]) -> tuple[list[int], bool]:
    """Return the primary keys that a list of boxes names, and whether some were left out.

    What is no key is passed over; MOST_TOGETHER keys count.
    """
    keys = read_keys(texts)
    return keys[:MOST_TOGETHER], len(keys) > MOST_TOGETHER


def seen_versions(texts: Iterable[str]) -> dict[int, int]:
    """Return the versions that a form was shown with, by primary key; what is none is left out."""
    pairs = (text.partition(".") for text in texts)
    found = ((read_key(key), read_key(version)) for key, _dot, version in pairs)
    return {key: version for key, version in found if key is not None and version is not None}


def note_refusals(session: SessionBase, together: Together, *, asked_at: datetime) -> None:
    """Remember for who asked which bookings were meant, and what was refused at once."""
    said = {
        str(booking.pk): ["" if cancellation else message, booking.version]
        for booking, cancellation, message in together.outcomes
    }
    noted = {"at": asked_at.isoformat(), "said": said}
    batches = [*session.get(SESSION_KEY, {}).items(), (str(together.batch), noted)]
    session[SESSION_KEY] = dict(batches[-BATCHES_KEPT:])


def outcomes_of(fleet: Fleet, batch: uuid.UUID, *, session: SessionBase) -> list[Outcome]:
    """Return what became of each of a fleet's bookings that were cancelled together, by start.

    Who did not ask sees those for which a cancellation was requested.
    """
    noted = session.get(SESSION_KEY, {}).get(str(batch), {})
    said = {int(key): Refusal(*each) for key, each in noted.get("said", {}).items()}
    named = BookingRequest.objects.filter(booking__fleet=fleet, batch=batch)
    bookings = bookings_named(fleet, {*named.values_list("booking_id", flat=True), *said})
    # The cancellation of a booking that was undecided is asked for later, and by itself. What was
    # decided before anybody asked here is no answer.
    asked = BookingRequest.objects.filter(booking__in=bookings, kind=BookingRequest.Kind.CANCEL)
    if noted:
        answers = Q(batch=batch) | Q(settled_at=None) | Q(settled_at__gte=noted["at"])
        asked = asked.filter(answers)
    latest = {request.booking_id: request for request in asked.order_by("created_at", "pk")}
    return [_outcome(booking, latest.get(booking.pk), said.get(booking.pk)) for booking in bookings]


def _outcome(booking: Booking, request: BookingRequest | None, refusal: Refusal | None) -> Outcome:
    """Return what to say of a booking: what it is now comes before what was said at the press."""
    if booking.status == Booking.Status.CANCELLED:
        return Outcome(booking, _("Cancelled."))
    if booking.open_change in Booking.TO_BE_CANCELLED:
        return Outcome(booking, _what_is_waited_for(booking, request), is_waiting=True)
    again = booking.can_cancel()
    if request and request.status == Status.REJECTED:
        if not request.rejection_reason:
            text = _("The operator rejected it and gave no reason.")
            return Outcome(booking, text, may_be_asked_again=again)
        words = {"reason": request.rejection_reason}
        text = _("The operator rejected it and says: “%(reason)s”") % words
        return Outcome(booking, text, may_be_asked_again=again)
    text, reason = _("Not cancelled."), ""
    if request and request.status == Status.FAILED:
        text, reason = _("Not cancelled: %(reason)s"), request.get_failure_display()
    elif refusal and refusal.message:
        text, reason = _("Not cancelled: %(reason)s"), refusal.message
        if booking.version != refusal.version:
            text = _("Not cancelled when you asked: %(reason)s")
    return Outcome(booking, text % {"reason": reason}, may_be_asked_again=again)


def _what_is_waited_for(booking: Booking, request: BookingRequest | None) -> str:
    if booking.open_change == Booking.OpenChange.WITHDRAW:
        return _("Will be cancelled as soon as the operator has decided on it.")
    if request and request.trouble:
        return str(request.get_trouble_display())
    if request and request.status == Status.STALE:
        return _(
            "Requested. The operator has not answered for a long time; the portal keeps asking."
        )
    return _("Requested. The operator decides.")
