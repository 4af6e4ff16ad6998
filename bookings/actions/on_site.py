"""When a charger cannot be used: the driver says so, and another one takes its place."""

import uuid
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from bookings.actions.alternatives import Alternatives, alternatives_for, criteria_of
from bookings.actions.candidate import BookingRefused, Candidate, Slot
from bookings.actions.create import Submission, submit_booking_request
from bookings.models import Actor, Booking, BookingEvent, BookingRequest, ChargerReport
from bookings.state.booking import change_booking
from bookings.wording.attention import REPORT_KEY
from bookings.wording.facts import one_line
from sites.periods import next_step
from sites.slots import rules

LONGEST_MESSAGE = 200
# Who comes early finds a blocked charger before their time begins.
BEFORE_START = timedelta(minutes=30)
PAUSE_BETWEEN_REPORTS = timedelta(minutes=1)
MOST_REPORTS = 5
# Others may change a booking at the same moment, but not again and again.
ATTEMPTS = 5


class ReportRefused(Exception):
    """Nobody was told. `message` is for the driver."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


def can_report(booking: Booking, now: datetime | None = None) -> bool:
    """Whether a driver may report trouble at the charger: shortly before the start until the end.

    Also after charging has started: a charger may break then, too.
    """
    now = now or timezone.now()
    return (
        booking.status in Booking.GOES_AHEAD
        and booking.open_change not in Booking.TO_BE_CANCELLED
        and booking.start_at - BEFORE_START <= now < booking.end_at
    )


def reports_of(booking: Booking) -> QuerySet[ChargerReport]:
    """Return what the booking's present driver has reported, oldest first."""
    return booking.reports.filter(driver=booking.driver_id).order_by("at", "pk")


def report_charger(
    booking: Booking, *, what: str, message: str = "", now: datetime | None = None
) -> ChargerReport:
    """Tell the managers what keeps the driver from charging; return what is kept of it.

    The same report within a minute is the one before. Raises ReportRefused for another one within
    that minute, for too many, and where the charger is not the driver's business any more.
    """
    driver_id = booking.driver_id
    message = one_line(message, longest=LONGEST_MESSAGE)
    for _attempt in range(ATTEMPTS):
        at = now or timezone.now()
        if booking.driver_id != driver_id or not can_report(booking, at):
            raise ReportRefused(_("This is not the time of your booking, so nobody was notified."))
        # Read after the booking: who says the same at the same moment changes its version.
        reports = list(reports_of(booking))
        if reports and at - reports[-1].at < PAUSE_BETWEEN_REPORTS:
            last = reports[-1]
            if (last.what, last.message) == (what, message):
                return last
            raise ReportRefused(
                _("You sent this less than a minute ago. Please wait a moment, then send it again.")
            )
        if len(reports) >= MOST_REPORTS:
            raise ReportRefused(
                _("You have already sent this several times. Please call your fleet manager.")
            )
        with transaction.atomic():
            event = change_booking(
                booking,
                what=BookingEvent.What.CHARGER_REPORTED,
                actor=Actor.DRIVER,
                by_driver=booking.driver,
                also={REPORT_KEY: [None, what]},
                needs_attention=True,
            )
            if event is not None:
                return ChargerReport.objects.create(
                    booking=booking,
                    event=event,
                    driver=booking.driver,
                    evse=booking.evse,
                    what=what,
                    message=message,
                    at=at,
                )
        booking.refresh_from_db()
    raise ReportRefused(_("Something went wrong. Please send the form again."))


def can_take_another(booking: Booking, now: datetime | None = None) -> bool:
    """Whether another charger can be had instead now; once charging has started, besides."""
    now = now or timezone.now()
    if booking.start_at - BEFORE_START > now:
        return False
    if booking.status == Booking.Status.COMPLETED:
        return booking.is_running(now)
    return booking.can_move(now) and now < booking.end_at


def others_now(booking: Booking, *, now: datetime | None = None) -> Alternatives:
    """Return the chargers that are free for the rest of a booking, here and near by."""
    return alternatives_for(_rest_of(booking, now=now or timezone.now()), with_times=False)


def take_another(
    booking: Booking,
    *,
    evse_pk: int,
    asked_by: Actor,
    user: User | None,
    seen_version: int,
    submission_key: uuid.UUID,
    now: datetime | None = None,
) -> Submission:
    """Ask for another charger for the rest of a booking: one of those that `others_now` returns.

    The new booking is asked for first; the old one is given up when that is approved. Once charging
    has started AMPECO counts the old one as fulfilled, so it stays. `user` looks after the new one,
    also where the driver asks. Raises BookingRefused with nothing changed.
    """
    now = now or timezone.now()
    same_form = BookingRequest.objects.filter(
        submission_key=submission_key, booking__fleet=booking.fleet, evse=evse_pk
    )
    if existing := same_form.select_related("booking").first():
        return Submission(existing, is_new=False)
    if not can_take_another(booking, now):
        raise BookingRefused("booking", _("Another charger can no longer be taken instead."))
    candidate = _rest_of(booking, now=now)
    found = alternatives_for(candidate, with_times=False)
    slots = [*found.other_chargers, *(offer.slot for offer in found.other_sites)]
    slot = next((each for each in slots if each.evse and each.evse.pk == evse_pk), None)
    if slot is None:
        raise BookingRefused("slot", _("This charger is no longer free. Please pick another one."))
    return submit_booking_request(
        Candidate(
            booking.fleet,
            slot,
            booking.driver,
            previous=candidate.previous,
            moves=candidate.moves,
            confirmed_overlap=True,
            vehicle=booking.vehicle,
            # Of what is offered the vehicle may fit each, which is more than it can do now.
            confirmed_misfit=True,
            now=now,
        ),
        user=user,
        reference=booking.reference,
        submission_key=submission_key,
        seen_version=seen_version,
        asked_by=asked_by,
    )


def _rest_of(booking: Booking, *, now: datetime) -> Candidate:
    start_at = max(next_step(now + rules.notice()), booking.start_at)
    end_at = max(booking.end_at, start_at + rules.shortest())
    slot = Slot(booking.location, booking.evse, criteria_of(booking), start_at, end_at)
    moves = booking.is_confirmed
    return Candidate(
        booking.fleet,
        slot,
        booking.driver,
        previous=booking if moves else None,
        moves=moves,
        vehicle=booking.vehicle,
        now=now,
    )
