"""Lets the booking of a date be what its series wants now; what it has, it keeps until then."""

import uuid
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from accounts.models import User
from bookings.actions.candidate import BookingRefused, Candidate, Slot
from bookings.actions.change import read_booking, request_cancellation, request_change
from bookings.actions.create import submit_booking_request
from bookings.actions.vehicle import name_vehicle
from bookings.models import Actor, Booking
from drivers.models import Driver
from series.asking import Asked
from series.checks import driver_of, left_out
from series.days.rhythm import Occurrence
from series.models import Series, SeriesDate
from sites.selectors import Criteria


@dataclass(slots=True)
class Outcome:
    """What came of a change: how many bookings were changed or cancelled, and what was not.

    Those of `later` are changed once the operator has decided what was asked for before.
    """

    series: Series
    changed: int = 0
    cancelled: int = 0
    later: int = 0
    problems: list[str] = field(default_factory=list)
    asked: Asked = field(default_factory=lambda: Asked(0, 0))


def carry_out(outcome: Outcome, *, user: User, now: datetime) -> None:
    """Let the bookings that are to go or to be others since a change of their series be so.

    What has to wait for the operator is left to a later call.
    """
    series = outcome.series
    rows = list(live(series.dates.filter(to_adjust=True), now=now))
    if not rows:
        return
    days = {day for day in series.rhythm.days() if day >= rows[0].day}
    wanted = days - left_out(series, days).keys()
    cancel([row for row in rows if row.day not in wanted], user=user, outcome=outcome)
    for row in rows:
        if row.day in wanted:
            _rebook(row, series, user=user, outcome=outcome, now=now)


def live(rows: QuerySet[SeriesDate], *, now: datetime) -> QuerySet[SeriesDate]:
    """Return the dates with a booking that holds a place, or may, and has not begun."""
    live = rows.filter(
        state=SeriesDate.State.ASKED,
        booking__status__in=Booking.MAY_COME,
        booking__start_at__gt=now,
    )
    return live.select_related(
        "series",
        "booking__fleet",
        "booking__driver",
        "booking__location",
        "booking__evse__charge_point",
    ).order_by("day")


def cancel(rows: Iterable[SeriesDate], *, user: User, outcome: Outcome) -> None:
    for row in rows:
        assert row.booking is not None
        try:
            request_cancellation(booking=row.booking, asked_by=Actor.MANAGER, user=user)
        except BookingRefused as refusal:
            _note_problem(row, refusal.message, outcome)
        else:
            _settle(row, state=SeriesDate.State.CANCELLED)
            outcome.cancelled += 1


def _rebook(
    row: SeriesDate, series: Series, *, user: User, outcome: Outcome, now: datetime
) -> None:
    """Change or move the booking of a date to what its series wants now, if that is another one."""
    booking, driver = row.booking, driver_of(series)
    occurrence = series.rhythm.occurrence(row.day, series.zone)
    assert booking is not None
    if driver is None or occurrence.period is None:
        _note_problem(row, occurrence.remark or _("Nobody drives."), outcome)
        return
    try:
        if not _stays(booking, series, user=user):
            _move(row, _candidate(series, booking, driver, occurrence, now=now), user=user)
        elif not _change(booking, series, driver, occurrence, user=user, now=now):
            _settle(row)
            return
    except BookingRefused as refusal:
        if read_booking(booking).is_in_motion:
            # What the operator has not decided can only be cancelled.
            text = _("It is changed once the operator has decided what was asked for before.")
            SeriesDate.objects.filter(pk=row.pk).update(problem=text)
            outcome.later += 1
        else:
            _note_problem(row, refusal.message, outcome)
    else:
        _settle(row)
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
        name_vehicle(
            booking,
            series.vehicle,
            user=user,
            seen_version=None,
            confirmed_misfit=True,
            confirmed_overlap=series.may_overlap,
        )
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


def _settle(row: SeriesDate, **changes: Any) -> None:
    SeriesDate.objects.filter(pk=row.pk).update(problem="", to_adjust=False, **changes)


def _note_problem(row: SeriesDate, problem: str, outcome: Outcome) -> None:
    SeriesDate.objects.filter(pk=row.pk).update(problem=problem[:1000], to_adjust=False)
    outcome.problems.append(problem)
