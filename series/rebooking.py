"""Lets the booking of a date be what its series wants now; what it has, it keeps until then."""

import uuid
from dataclasses import dataclass, field
from datetime import datetime

from django.utils.translation import gettext as _

from accounts.models import User
from bookings.actions.candidate import BookingRefused, Candidate, Slot
from bookings.actions.change import read_booking, request_change
from bookings.actions.create import submit_booking_request
from bookings.actions.vehicle import name_vehicle
from bookings.models import Booking
from drivers.models import Driver
from series.asking import Asked
from series.checks import driver_of
from series.days.rhythm import Occurrence
from series.models import Series, SeriesDate
from sites.selectors import Criteria


@dataclass(slots=True)
class Outcome:
    """What came of a change: how many bookings were changed or cancelled, and what was not."""

    series: Series
    changed: int = 0
    cancelled: int = 0
    problems: list[str] = field(default_factory=list)
    asked: Asked = field(default_factory=lambda: Asked(0, 0))


def rebook(row: SeriesDate, series: Series, *, user: User, outcome: Outcome, now: datetime) -> None:
    """Change or move the booking of a date to what its series wants now, if that is another one."""
    booking, driver = row.booking, driver_of(series)
    occurrence = series.rhythm.occurrence(row.day, series.zone)
    assert booking is not None
    if driver is None or occurrence.period is None:
        note_problem(row, occurrence.remark or _("Nobody drives."), outcome)
        return
    try:
        if not _stays(booking, series, user=user):
            _move(row, _candidate(series, booking, driver, occurrence, now=now), user=user)
        elif not _change(booking, series, driver, occurrence, user=user, now=now):
            return
    except BookingRefused as refusal:
        note_problem(row, refusal.message, outcome)
    else:
        SeriesDate.objects.filter(pk=row.pk).update(problem="")
        outcome.changed += 1


def _stays(booking: Booking, series: Series, *, user: User) -> bool:
    """Return whether a booking is at a charger that its series wants; let it be for its vehicle.

    One that got any charger stays there, unless the vehicle cannot charge there. Raises
    BookingRefused where the series wants that very charger.
    """
    is_there = booking.location_id == series.location_id and (
        series.evse_id is None or booking.evse_id == series.evse_id
    )
    if not is_there or booking.vehicle_id == series.vehicle_id:
        return is_there
    try:
        name_vehicle(booking, series.vehicle, user=user, seen_version=None, confirmed_misfit=True)
    except BookingRefused as refusal:
        if refusal.field != "vehicle" or series.evse_id is not None:
            raise
        return False
    return True


def _change(
    booking: Booking,
    series: Series,
    driver: Driver,
    occurrence: Occurrence,
    *,
    user: User,
    now: datetime,
) -> bool:
    """Ask for other times or another driver; return whether anything of the booking changes."""
    same = (booking.driver, booking.start_at, booking.end_at) == (
        driver,
        occurrence.start_at,
        occurrence.end_at,
    )
    if same:
        return booking.vehicle_id != series.vehicle_id
    request_change(
        booking=booking,
        user=user,
        driver=driver,
        start_at=occurrence.start_at,
        end_at=occurrence.end_at,
        seen_version=read_booking(booking).version,
        submission_key=uuid.uuid4(),
        confirmed_overlap=series.may_overlap,
        now=now,
    )
    return True


def _move(row: SeriesDate, candidate: Candidate, *, user: User) -> None:
    submission = submit_booking_request(
        candidate, user=user, reference=row.series.reference, submission_key=uuid.uuid4()
    )
    SeriesDate.objects.filter(pk=row.pk).update(booking=submission.request.booking)


def _candidate(
    series: Series, booking: Booking, driver: Driver, occurrence: Occurrence, *, now: datetime
) -> Candidate:
    """Return the booking that shall replace one that a date has."""
    slot = Slot(series.location, series.evse, Criteria(), occurrence.start_at, occurrence.end_at)
    return Candidate(
        series.fleet,
        slot,
        driver,
        previous=booking,
        moves=True,
        vehicle=series.vehicle,
        confirmed_overlap=series.may_overlap,
        confirmed_misfit=True,
        now=now,
    )


def note_problem(row: SeriesDate, problem: str, outcome: Outcome) -> None:
    SeriesDate.objects.filter(pk=row.pk).update(problem=problem[:1000])
    outcome.problems.append(problem)
