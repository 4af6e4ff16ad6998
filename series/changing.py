"""What people do with series: begin one, leave out or cancel dates, change what is to come."""

import copy
import uuid
from datetime import date, datetime, timedelta

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from bookings.models import Booking
from drivers.models import Fleet
from series.asking import ask_for_dates, did_not_work_out, make_dates, next_look, with_facts
from series.checks import left_out
from series.models import Series, SeriesDate
from series.rebooking import Outcome, cancel, carry_out, live

State = SeriesDate.State
ONE_DAY = timedelta(days=1)
# What a change sets; when it began stays.
CHANGEABLE = (
    "name",
    "weekdays",
    "start_time",
    "end_time",
    "last_day",
    "without_holidays",
    "excluded_days",
    "vehicle",
    "driver",
    "location",
    "evse",
    "reference",
    "asks_again",
    "may_overlap",
)


class SeriesRefused(Exception):
    """What is not done with a series; the message is for the person who wanted it."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


def begin_series(series: Series, *, user: User, now: datetime | None = None) -> Outcome:
    """Save a series with its dates, and ask for those that can be asked for now.

    The same form sent twice gives the same series.
    """
    now = now or timezone.now()
    series.created_by, series.created_at, series.changed_at = user, now, now
    # Workers go on where this one dies.
    series.look_at = now
    days = list(series.rhythm.days())
    try:
        with transaction.atomic():
            series.save()
            make_dates(series, days, left_out(series, days))
    except IntegrityError:
        same = Series.objects.filter(submission_key=series.submission_key).first()
        if same is None:
            raise
        return Outcome(same)
    return Outcome(series, asked=ask_for_dates(series, user=user, now=now))


def cancel_dates(
    series: Series,
    *,
    user: User,
    first: date,
    last: date | None = None,
    now: datetime | None = None,
) -> Outcome:
    """Give up the dates from one to another one, or to the end, with their bookings.

    What has begun stays. A booking that cannot be cancelled is left as it is, and named.
    """
    now = now or timezone.now()
    outcome = Outcome(series)
    with transaction.atomic():
        _hold(series, seen_version=None)
        rows = series.dates.filter(day__gte=first)
        if last is not None:
            rows = rows.filter(day__lte=last)
        booked = list(live(rows, now=now))
        # What did not work out would else be asked for again by itself.
        given_up = rows.filter(Q(state__in=SeriesDate.OPEN) | did_not_work_out(now))
        given_up.update(state=State.CANCELLED, problem="")
        _note_change(series, now=now)
    cancel(booked, user=user, outcome=outcome)
    _end_if_done(series, now=now)
    return outcome


def change_series(
    series: Series,
    wanted: Series,
    *,
    user: User,
    seen_version: int,
    since: date | None = None,
    now: datetime | None = None,
) -> Outcome:
    """Let a series be as it is wanted, from a day on or in all that is to come.

    From a later day on, what follows becomes a series of its own. Bookings get other times or
    another driver, or move; each keeps what it has until the operator has decided. Raises
    SeriesRefused, with nothing changed, for who saw another version.
    """
    now = now or timezone.now()
    today = now.astimezone(series.zone).date()
    with transaction.atomic():
        _hold(series, seen_version=seen_version)
        since = max(since or today, today)
        target = _split(series, since, user=user, now=now) if since > series.first_day else series
        had = _wanted_days(target, since)
        for name in CHANGEABLE:
            setattr(target, name, getattr(wanted, name))
        target.last_day = max(target.last_day, target.first_day)
        _note_change(target, now=now)
        _fit_dates(target, since, had=had, now=now)
    outcome = Outcome(target)
    # Workers do so where this one dies.
    carry_out(outcome, user=user, now=now)
    outcome.asked = ask_for_dates(target, user=user, now=now)
    return outcome


def take_over(series: Series, *, user: User) -> None:
    """Let workers go on in somebody else's name."""
    Series.objects.filter(pk=series.pk).update(created_by=user, problem="", look_at=timezone.now())


def hand_over_series(fleet: Fleet, *, giver: User, taker: User | None) -> None:
    """Let a colleague's series go on in another name; without one they wait for somebody."""
    theirs = Series.objects.filter(fleet=fleet, created_by=giver, state=Series.State.ACTIVE)
    theirs.update(created_by=taker, look_at=timezone.now())


def _hold(series: Series, *, seen_version: int | None) -> None:
    """Let nobody else change a series until the commit; it is read anew, as others have left it."""
    rows = with_facts(Series.objects.select_for_update(of=("self",)))
    series.refresh_from_db(from_queryset=rows)
    if seen_version not in {None, series.version}:
        raise SeriesRefused(
            _("Somebody has changed this series since you opened it. Nothing was changed.")
        )


def _note_change(series: Series, *, now: datetime) -> None:
    """Save a series that is held."""
    series.version += 1
    series.changed_at, series.look_at = now, now
    series.save()


def _split(series: Series, since: date, *, user: User, now: datetime) -> Series:
    """Let what is to come from a day on be a series of its own; if all is to come, it stays one."""
    if not series.dates.filter(day__lt=since).exists():
        return series
    rest = copy.copy(series)
    rest.pk, rest.version, rest.submission_key = None, 0, uuid.uuid4()
    rest._state.adding = True
    rest.first_day, rest.created_by, rest.created_at = since, user, now
    rest.last_day = max(rest.last_day, since)
    rest.save()
    series.dates.filter(day__gte=since).update(series=rest)
    series.last_day = since - ONE_DAY
    _note_change(series, now=now)
    return rest


def _wanted_days(series: Series, since: date) -> set[date]:
    days = [day for day in series.rhythm.days() if day >= since]
    return set(days) - left_out(series, days).keys()


def _fit_dates(series: Series, since: date, *, had: set[date], now: datetime) -> None:
    """Let there be a row for each date of a series from a day on; note whose bookings are to go or
    to be others.

    What somebody cancelled stays so, unless its day was not one of those it `had`, and comes back.
    """
    days = [day for day in series.rhythm.days() if day >= since]
    excluded = left_out(series, days)
    wanted = set(days) - set(excluded)
    dates = series.dates.filter(day__gte=since)
    rows = list(dates.select_related("booking"))
    with_booking = {row.pk for row in live(dates, now=now)}
    again = {row.pk for row in dates.filter(did_not_work_out(now))}
    for row in rows:
        row.to_adjust = row.pk in with_booking
        stays_cancelled = row.day in had or row.day not in wanted
        if row.to_adjust or (row.state == State.CANCELLED and stays_cancelled):
            continue
        if row.state == State.ASKED and row.booking and row.pk not in again:
            # It has begun, or was cancelled by itself.
            if row.booking.status == Booking.Status.CANCELLED:
                row.state = State.CANCELLED
        elif row.day in wanted:
            row.state, row.problem = State.WAITING, ""
        else:
            gone = _("No longer part of the series.")
            row.state, row.problem = State.EXCLUDED, excluded.get(row.day, gone)
    SeriesDate.objects.bulk_update(rows, ["state", "problem", "to_adjust"], batch_size=500)
    known = {row.day for row in rows}
    make_dates(series, [day for day in days if day not in known], excluded)


def _end_if_done(series: Series, *, now: datetime) -> None:
    """End a series that has nothing to come any more, or let workers look when there may be."""
    rows = series.dates.filter(day__gte=now.astimezone(series.zone).date())
    goes_on = (
        rows.filter(state__in=SeriesDate.OPEN).exists()
        or live(rows, now=now).exists()
        or rows.filter(did_not_work_out(now)).exists()
    )
    state = Series.State.ACTIVE if goes_on else Series.State.ENDED
    series.state = state
    Series.objects.filter(pk=series.pk).update(state=state, look_at=next_look(series, now=now))
