"""Dates of series become bookings: those that are free, and the others once they are."""

import re
from collections import Counter
from dataclasses import replace
from datetime import time, timedelta

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils.timezone import now

from bookings.models import Booking, BookingRequest
from series.asking import ask_for_dates
from series.changing import begin_series, cancel_dates
from series.checks import Verdict, check_days, check_series
from series.due import ask_for_due
from series.models import Series, SeriesDate
from sites.models import Evse
from tests.factories import LimitFactory
from tests.small_operator import forget_free_times

pytestmark = pytest.mark.django_db

State = SeriesDate.State


def states(series):
    return Counter(series.dates.values_list("state", flat=True))


def block(operator, series, day):
    """Let somebody else have the charger on a night of a series."""
    occurrence = series.rhythm.occurrence(day, series.zone)
    return operator.add_booking(
        location_id=101,
        evse_id=301,
        start_at=occurrence.start_at,
        end_at=occurrence.end_at,
        user_id=999,
    )


def test_every_date_is_told_before_it_is_asked_for(nights, operator, wire, settings, tomorrow):
    settings.BOOKING_HORIZON_DAYS = 20
    series = nights(40, excluded_days=[(tomorrow + timedelta(days=2)).isoformat()])
    block(operator, series, tomorrow + timedelta(days=1))
    before = wire.count("availability")
    checks = check_series(series)
    verdicts = Counter(check.verdict for check in checks)
    assert len(checks) == 40
    assert verdicts[Verdict.NOT_FREE] == 1
    assert verdicts[Verdict.EXCLUDED] == 1
    assert 15 <= verdicts[Verdict.FREE] <= 18
    assert verdicts[Verdict.BEYOND_HORIZON] == 38 - verdicts[Verdict.FREE]
    # A call for each stretch of some days within the horizon, none beyond it.
    assert wire.count("availability") - before <= 5
    assert not Booking.objects.exists()


def test_what_is_free_is_asked_for_and_the_rest_is_named(nights, operator, manager, tomorrow):
    series = nights()
    block(operator, series, tomorrow + timedelta(days=1))
    outcome = begin_series(series, user=manager)
    assert (outcome.asked.asked, outcome.asked.not_free) == (2, 1)
    assert states(series) == {State.ASKED: 2, State.NOT_FREE: 1}
    clash = series.dates.get(state=State.NOT_FREE)
    assert "no longer free" in clash.problem
    assert Booking.objects.filter(status="requested").count() == 2


def test_the_same_form_twice_is_one_series(nights, manager):
    first, second = nights(), nights()
    second.submission_key = first.submission_key
    begin_series(first, user=manager)
    assert begin_series(second, user=manager).series == first
    assert Series.objects.count() == 1
    assert Booking.objects.count() == 3


def test_a_clash_is_asked_for_once_it_frees_up(nights, operator, manager, tomorrow):
    series = nights()
    theirs = block(operator, series, tomorrow)
    begin_series(series, user=manager)
    assert states(series)[State.NOT_FREE] == 1
    operator.forget_booking(theirs)
    forget_free_times()
    with time_machine.travel(now() + timedelta(minutes=20)):
        assert ask_for_due() == 1
    assert states(series) == {State.ASKED: 3}
    assert Booking.objects.count() == 3


def test_who_wants_to_be_asked_is_not_asked_for_by_itself(nights, operator, manager, tomorrow):
    series = nights(asks_again=False)
    theirs = block(operator, series, tomorrow)
    begin_series(series, user=manager)
    operator.forget_booking(theirs)
    forget_free_times()
    with time_machine.travel(now() + timedelta(minutes=20)):
        ask_for_due()
    assert states(series)[State.NOT_FREE] == 1
    assert ask_for_dates(series, user=manager).asked == 1


def test_dates_beyond_the_horizon_are_asked_for_as_they_come(nights, manager, settings):
    settings.BOOKING_HORIZON_DAYS = 3
    series = nights(5)
    begin_series(series, user=manager)
    asked = states(series)[State.ASKED]
    # By the hour at which this runs.
    assert asked in {1, 2}
    assert ask_for_due() == 0
    with time_machine.travel(now() + timedelta(days=1, minutes=2)):
        forget_free_times()
        assert ask_for_due() == 1
        assert states(series)[State.ASKED] == asked + 1
        # What is done is not done again.
        assert ask_for_due() == 0
        Series.objects.update(look_at=now())
        ask_for_due()
    assert Booking.objects.count() == asked + 1
    assert BookingRequest.objects.count() == asked + 1


def test_while_the_operator_is_silent_a_series_waits_for_nobody(nights, operator, manager):
    silence = operator.faults.add("server-error", path="availability")
    outcome = begin_series(nights(), user=manager)
    assert silence.hits
    # They are looked at once more before they are sent, as every request is.
    assert outcome.asked.asked == 3


def test_by_itself_nothing_is_asked_for_that_nobody_said_is_free(
    nights, operator, manager, tomorrow
):
    series = nights()
    block(operator, series, tomorrow)
    begin_series(series, user=manager)
    forget_free_times()
    silence = operator.faults.add("server-error", path="availability")
    with time_machine.travel(now() + timedelta(minutes=20)):
        assert ask_for_due() == 1
    assert silence.hits
    assert states(series) == {State.ASKED: 2, State.NOT_FREE: 1}


def test_a_series_goes_on_in_nobodys_name(nights, manager, fleet, settings):
    settings.BOOKING_HORIZON_DAYS = 2
    series = nights(5)
    begin_series(series, user=manager)
    before = Booking.objects.count()
    fleet.memberships.all().delete()
    Series.objects.update(look_at=now())
    ask_for_due()
    series.refresh_from_db()
    assert "take it over" in series.problem
    assert Booking.objects.count() == before


def test_cancelled_dates_stay_cancelled(nights, manager, workers, operator, tomorrow):
    series = nights(4)
    begin_series(series, user=manager)
    outcome = cancel_dates(series, user=manager, first=tomorrow, last=tomorrow)
    assert outcome.cancelled == 1
    assert states(series) == {State.ASKED: 3, State.CANCELLED: 1}
    Series.objects.update(look_at=now())
    ask_for_due()
    assert states(series) == {State.ASKED: 3, State.CANCELLED: 1}
    cancel_dates(series, user=manager, first=tomorrow + timedelta(days=2))
    assert states(series) == {State.ASKED: 1, State.CANCELLED: 3}
    cancel_dates(series, user=manager, first=tomorrow)
    series.refresh_from_db()
    assert series.state == Series.State.ENDED
    assert series.look_at is None


def test_dates_count_for_the_limits_of_those_that_follow(nights, manager, fleet):
    # Each night takes four of its hours from the day after it.
    LimitFactory(fleet=fleet, kind="hours-per-day", most=7)
    series = nights(3)
    verdicts = [check.verdict for check in check_series(series)]
    assert verdicts == [Verdict.FREE, Verdict.NOT_FREE, Verdict.FREE]
    outcome = begin_series(series, user=manager)
    assert (outcome.asked.asked, outcome.asked.not_free) == (2, 1)
    assert "3 h left" in series.dates.get(state=State.NOT_FREE).problem


@pytest.mark.postgresql
def test_the_fleet_is_held_before_its_series(nights, manager, fleet):
    # As by who leaves a team and hands series over: else each would wait for the other.
    LimitFactory(fleet=fleet, kind="per-day", most=5)
    with CaptureQueriesContext(connection) as captured:
        begin_series(nights(1), user=manager)
    held = [one["sql"] for one in captured if " FOR " in one["sql"]]
    tables = [re.search(r'FROM "(\w+)"', sql)[1] for sql in held]
    assert tables.index("drivers_fleet") < tables.index("series_series")


def test_limits_are_counted_again_as_dates_are_saved(
    nights, ask, slot, manager, fleet, monkeypatch
):
    LimitFactory(fleet=fleet, kind="per-day", most=1)
    day = slot.local_day
    series = nights(start_time=time(12), end_time=time(14), first_day=day, last_day=day)
    looked = check_days

    def look_while_a_colleague_books(*words, **options):
        checks = looked(*words, **options)
        ask(replace(slot, evse=Evse.objects.get(ampeco_id=302)))
        return checks

    monkeypatch.setattr("series.asking.check_days", look_while_a_colleague_books)
    outcome = begin_series(series, user=manager)
    assert (outcome.asked.asked, outcome.asked.not_free) == (0, 1)
    assert Booking.objects.count() == 1
