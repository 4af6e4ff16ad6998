"""Asks for the dates of series that can be asked for."""

import uuid
from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from bookings.actions.limits import hold_fleet
from bookings.actions.together import Wish, save_together
from bookings.models import Booking, BookingRequest
from series.checks import DateCheck, Verdict, check_days, keep_within_limits
from series.models import Series, SeriesDate
from sites.slots.availability import JUST_NOW_SECONDS
from sites.slots.rules import last_instant

State = SeriesDate.State
# So often it is tried by itself what the operator rejected or could not be sent.
MOST_TRIES = 3
LOOK_AGAIN = timedelta(minutes=15)
SHARED_SECONDS = 30


@dataclass(frozen=True, slots=True)
class Asked:
    """How many dates were asked for, and how many were not free."""

    asked: int
    not_free: int


def did_not_work_out(now: datetime) -> Q:
    """Return which dates have a booking to come that the operator rejected, or could not keep."""
    return Q(
        state=State.ASKED,
        booking__status__in=Booking.DID_NOT_WORK_OUT,
        booking__start_at__gt=now,
    )


def retryable(now: datetime, *, by_itself: bool) -> Q:
    """Return which dates may be asked for (again): what is open, and what did not work out.

    A clash is tried again as long as it takes, what the operator rejected a few times only.
    """
    failed = did_not_work_out(now)
    if by_itself:
        failed &= Q(tries__lt=MOST_TRIES)
    since = now.date() - timedelta(days=1)
    return (Q(state__in=SeriesDate.OPEN) | failed) & Q(day__gte=since)


def ask_for_dates(
    series: Series,
    *,
    user: User,
    days: Collection[date] | None = None,
    by_itself: bool = False,
    now: datetime | None = None,
) -> Asked:
    """Ask for what of a series can be asked for now; note of the rest why it cannot.

    The operator is asked before anything is held. Of two who do this at the same time the second
    finds nothing left to do. `days` narrows it down to some.
    """
    now = now or timezone.now()
    wanted = _wanted(series, days, by_itself=by_itself, now=now)
    answer_age = SHARED_SECONDS if by_itself else JUST_NOW_SECONDS
    checks = check_days(series, [each.day for each in wanted], now=now, answer_age=answer_age)
    with transaction.atomic():
        hold_fleet([check.candidate for check in checks if check.candidate])
        held = Series.objects.select_for_update(of=("self",)).get(pk=series.pk)
        if not held.is_active or held.version != series.version:
            return Asked(0, 0)
        still = {each.day: each for each in _wanted(series, days, by_itself=by_itself, now=now)}
        found = [
            (still[check.day], check)
            for check in checks
            if check.day in still and not _is_left_alone(still[check.day], check, by_itself)
        ]
        keep_within_limits([check for _row, check in found])
        _save(series, found, user=user)
        look_at = next_look(series, now=now)
        Series.objects.filter(pk=series.pk).update(look_at=look_at, problem="")
    states = Counter(row.state for row, _check in found)
    return Asked(states[State.ASKED], states[State.NOT_FREE])


def _wanted(
    series: Series, days: Collection[date] | None, *, by_itself: bool, now: datetime
) -> list[SeriesDate]:
    rows = series.dates.filter(retryable(now, by_itself=by_itself))
    if by_itself and not series.asks_again:
        rows = rows.filter(state=State.WAITING)
    if days is not None:
        rows = rows.filter(day__in=days)
    # Those that lie beyond the horizon are left alone until their time comes.
    horizon = last_instant(now).date() + timedelta(days=1)
    return list(rows.filter(day__lte=horizon).order_by("day"))


def _is_left_alone(row: SeriesDate, check: DateCheck, by_itself: bool) -> bool:
    """Return whether a date stays as it is: what nobody waits for while the operator says nothing,
    and what ended without success, once its time has come.
    """
    if check.verdict == Verdict.PASSED:
        return row.state == State.ASKED
    return by_itself and check.verdict == Verdict.NOT_SAID


def _save(series: Series, found: list[tuple[SeriesDate, DateCheck]], *, user: User) -> None:
    wishes = [
        Wish(check.candidate, series.reference, row.submission_key)
        for row, check in found
        if check.will_be_asked and check.candidate
    ]
    requests = save_together(wishes, user=user)
    for row, check in found:
        request = requests.get(row.submission_key)
        booking = request.booking if request else check.booked or _same(row)
        if booking is not None:
            row.state, row.booking, row.problem = State.ASKED, booking, ""
            row.to_adjust = False
            row.tries += 1
            row.submission_key = uuid.uuid4()
        elif check.verdict == Verdict.BEYOND_HORIZON:
            row.state, row.problem = State.WAITING, ""
        else:
            text = check.text or _("Something went wrong. Please ask again.")
            row.state, row.problem = State.NOT_FREE, text[:1000]
    fields = ["state", "booking", "problem", "to_adjust", "tries", "submission_key"]
    SeriesDate.objects.bulk_update([row for row, _check in found], fields, batch_size=500)


def _same(row: SeriesDate) -> Booking | None:
    """Return the booking that was asked for with the same key, in the very moment."""
    request = BookingRequest.objects.filter(submission_key=row.submission_key).first()
    return request.booking if request else None


def next_look(series: Series, *, now: datetime) -> datetime | None:
    """Return when there may be something to do by itself; None if there never is."""
    if not series.is_active:
        return None
    looks = []
    since = now.date() - timedelta(days=1)
    if series.dates.filter(to_adjust=True).exists():
        looks.append(now + LOOK_AGAIN)
    undecided = Q(state=State.ASKED, booking__status=Booking.Status.REQUESTED)
    again = series.dates.filter(
        (retryable(now, by_itself=True) & ~Q(state=State.WAITING)) | undecided, day__gte=since
    )
    if series.asks_again and again.exists():
        looks.append(now + LOOK_AGAIN)
    waiting = series.dates.filter(state=State.WAITING, day__gte=since).order_by("day").first()
    if waiting is not None:
        end_at = series.rhythm.occurrence(waiting.day, series.zone).end_at
        comes = end_at - timedelta(days=settings.BOOKING_HORIZON_DAYS)
        looks.append(max(comes, now + timedelta(minutes=1)))
    return min(looks, default=None)


def with_facts(series: QuerySet[Series]) -> QuerySet[Series]:
    return series.select_related(
        "fleet", "location", "evse__charge_point", "vehicle__usual_driver", "driver", "created_by"
    )


def make_dates(series: Series, days: Iterable[date], excluded: dict[date, str]) -> None:
    """Save a row for each day; those left out with the reason."""
    SeriesDate.objects.bulk_create(
        SeriesDate(
            series=series,
            day=day,
            state=State.EXCLUDED if day in excluded else State.WAITING,
            problem=excluded.get(day, ""),
        )
        for day in days
    )
