"""What can be done while a booking runs: end it early, or extend it."""

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from bookings.actions.candidate import (
    BookingRefused,
    Candidate,
    Slot,
    first_refusal,
    refused_while_held,
    times_are_allowed,
)
from bookings.actions.change import read_booking, save_change, why_not
from bookings.actions.limits import closed_times, longest_stays
from bookings.models import Actor, Booking, BookingRequest
from bookings.wording.open_change import describe_changes
from drivers.models import Driver
from sites.periods import STEP, Period, covers, next_step, subtract
from sites.selectors import Criteria, held_times
from sites.slots import rules
from sites.slots.availability import AvailabilityUnknown, read_availability

# How much later an end is offered at most, and how much later is tried.
MOST_LATER = timedelta(hours=6)


@dataclass(frozen=True, slots=True)
class Ends:
    """Which ends a running booking can be asked to get: earlier ones, and later ones while free.

    `problem` is a sentence where it is not known, or why there are no later ones.
    """

    earlier: tuple[datetime, ...]
    later: tuple[datetime, ...]
    problem: str = ""


def ends_of(booking: Booking, *, now: datetime | None = None) -> Ends:
    """Return the ends to choose from, on quarter hours. One call to AMPECO, or none."""
    now = now or timezone.now()
    begin = max(next_step(now + timedelta(minutes=1)), booking.start_at + rules.shortest())
    earlier = tuple(_steps(next_step(begin), booking.end_at - STEP))
    latest = min([rules.longest(), *longest_stays(booking.fleet_id, booking.location)])
    last = min(booking.start_at + latest, booking.end_at + MOST_LATER)
    wanted = tuple(_steps(next_step(booking.end_at + timedelta(minutes=1)), last))
    if not wanted:
        return Ends(earlier, (), _("This booking is as long as a booking may be."))
    if booking.evse is None:
        return Ends(earlier, (), _("The charger is not known yet."))
    closed = closed_times(booking.fleet_id, booking.location, [booking.evse], now=now, but=booking)
    shut = closed.get(booking.evse.ampeco_id, ())
    try:
        free = _free_after(booking, now=now)
    except AvailabilityUnknown as unknown:
        return Ends(earlier, (), unknown.message)
    free_then = [at for at in wanted if covers(free, Period(booking.end_at, at))]
    later = [at for at in free_then if covers(subtract(free, shut), Period(booking.end_at, at))]
    if later:
        return Ends(earlier, tuple(later))
    if free_then:
        return Ends(earlier, (), _("The rules of your fleet allow no more time here."))
    return Ends(earlier, (), _("The charger is not free after the end of this booking."))


def _steps(first: datetime, last: datetime) -> list[datetime]:
    steps = []
    while first <= last:
        steps.append(first)
        first += STEP
    return steps


def _free_after(booking: Booking, *, now: datetime) -> tuple[Period, ...]:
    """Return when the booking's charger is free from its end on. Raises AvailabilityUnknown."""
    assert booking.evse is not None
    day = booking.end_at.astimezone(booking.zone).date()
    held = held_times(booking.fleet_id, evse=booking.evse_id, but=[booking.pk], now=now)
    told = read_availability(booking.location, day=day, now=now).without(held)
    return subtract(told.of(booking.evse), [booking.period])


@refused_while_held()
def request_end(
    *,
    booking: Booking,
    end_at: datetime,
    asked_by: Actor,
    user: User | None = None,
    driver: Driver | None = None,
    seen_version: int,
    submission_key: uuid.UUID,
    now: datetime | None = None,
) -> BookingRequest:
    """Save an update request for another end of a booking that runs.

    Less time needs to satisfy nothing but the rules of times; more has to be free, and keeps all
    rules. Whether it takes a change of what has started is the operator's to say. The same form
    sent twice gives the same request. Raises BookingRefused with nothing changed.
    """
    now = now or timezone.now()
    same_form = BookingRequest.objects.filter(
        submission_key=submission_key, booking=booking, end_at=end_at
    )
    if existing := same_form.first():
        return existing
    current = read_booking(booking)
    if seen_version != current.version or (driver and driver != current.driver):
        raise BookingRefused("booking", describe_changes(current, reader=user))
    if not current.can_change_end(now):
        raise BookingRefused("booking", why_no_end(current, reader=user, now=now))
    if end_at == current.end_at:
        raise BookingRefused("slot", _("This is the end that the booking has already."))
    if end_at <= now:
        raise BookingRefused("slot", _("This time has passed. Please pick a later one."))
    slot = Slot(current.location, current.evse, Criteria(), current.start_at, end_at)
    candidate = Candidate(current.fleet, slot, current.driver, previous=current, now=now)
    if end_at < current.end_at:
        refusal = times_are_allowed(candidate)
    else:
        # There is nowhere to confirm that its vehicle is booked elsewhere by then, too.
        candidate.confirmed_overlap = not candidate.others_of_driver
        refusal = first_refusal(candidate)
    if refusal:
        raise BookingRefused("slot", refusal.message)
    try:
        return save_change(
            candidate, current, user=user, submission_key=submission_key, asked_by=asked_by
        )
    except BookingRefused:
        # Of two clicks the other one was faster by a moment.
        if existing := same_form.first():
            return existing
        raise


def why_no_end(booking: Booking, *, reader: User | None, now: datetime) -> str:
    """Return why the end of a booking cannot be changed now; for a fleet's people."""
    if booking.open_change or not booking.is_running(now):
        if booking.status in Booking.GOES_AHEAD and not booking.open_change:
            if booking.end_at <= now:
                return _("The time of this booking is over.")
            return _("This booking has not started yet. Please change it instead.")
        return why_not(booking, reader=reader, now=now)
    return _("The operator has not given this booking a number yet. Please try again in a moment.")
