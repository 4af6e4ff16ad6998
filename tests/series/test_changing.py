"""A series is changed in all that is to come, or from a day on; nothing is given up before."""

import uuid
from datetime import time, timedelta
from unittest.mock import Mock

import pytest
from django.utils.timezone import now

from bookings.actions.change import request_change
from bookings.models import Actor, Booking, BookingRequest
from series.changing import SeriesRefused, begin_series, change_series
from series.due import ask_for_due
from series.models import Series, SeriesDate
from sites.models import Evse
from team.handover import hand_over
from tests.factories import BookingFactory, MembershipFactory
from tests.small_operator import decide_all

pytestmark = pytest.mark.django_db

State = SeriesDate.State
Kind = BookingRequest.Kind


def test_other_times_from_a_day_on(begun, nights, manager, tomorrow):
    since = tomorrow + timedelta(days=2)
    outcome = change_series(
        begun, nights(4, end_time=time(5)), user=manager, seen_version=begun.version, since=since
    )
    assert outcome.problems == []
    assert outcome.changed == 2
    rest = outcome.series
    assert rest != begun
    assert list(rest.dates.values_list("day", flat=True)) == [since, since + timedelta(days=1)]
    begun.refresh_from_db()
    assert begun.last_day == since - timedelta(days=1)
    assert begun.end_time == time(4)
    assert BookingRequest.objects.filter(kind=Kind.UPDATE).count() == 2


def test_another_charger_for_all_moves_each_booking(begun, nights, manager, workers, operator):
    other = Evse.objects.get(ampeco_id=302)
    outcome = change_series(begun, nights(4, evse=other), user=manager, seen_version=begun.version)
    assert (outcome.series, outcome.changed, outcome.problems) == (begun, 4, [])
    assert Booking.objects.filter(replaces__isnull=False, evse=other).count() == 4
    decide_all(operator, workers)
    booked = [each.booking for each in begun.dates.select_related("booking")]
    assert {each.evse_id for each in booked} == {other.pk}


def test_what_cannot_move_stays_where_it_is(begun, nights, manager, workers, operator):
    other = Evse.objects.get(ampeco_id=302)
    change_series(begun, nights(4, evse=other), user=manager, seen_version=begun.version)
    decide_all(operator, workers, "Taken.")
    booked = [each.booking for each in begun.dates.select_related("booking")]
    assert {each.evse.ampeco_id for each in booked} == {301}
    assert {each.status for each in booked} == {"accepted"}


def test_fewer_weekdays_cancel_and_more_days_are_asked_for(begun, nights, manager, tomorrow):
    wanted = nights(6, weekdays=[n for n in range(7) if n != tomorrow.weekday()])
    outcome = change_series(begun, wanted, user=manager, seen_version=begun.version)
    assert outcome.cancelled == 1
    assert outcome.asked.asked == 2
    assert begun.dates.get(day=tomorrow).state == State.CANCELLED
    assert begun.dates.filter(state=State.ASKED).count() == 5


def test_excluded_days_are_given_up(begun, nights, manager, tomorrow):
    wanted = nights(4, excluded_days=[tomorrow.isoformat()])
    assert change_series(begun, wanted, user=manager, seen_version=begun.version).cancelled == 1


def test_who_saw_another_version_changes_nothing(begun, nights, manager):
    with pytest.raises(SeriesRefused, match="Somebody has changed"):
        change_series(begun, nights(2), user=manager, seen_version=begun.version + 1)
    assert Series.objects.count() == 1
    assert not BookingRequest.objects.exclude(kind=Kind.CREATE).exists()


def test_another_vehicle_is_named_at_once(begun, nights, manager, van):
    outcome = change_series(begun, nights(4, vehicle=van), user=manager, seen_version=begun.version)
    assert (outcome.changed, outcome.problems) == (4, [])
    assert set(Booking.objects.values_list("vehicle", flat=True)) == {van.pk}
    assert not BookingRequest.objects.exclude(kind=Kind.CREATE).exists()
    # The same once more changes nothing.
    again = change_series(begun, nights(4, vehicle=van), user=manager, seen_version=begun.version)
    assert (again.changed, again.cancelled, again.asked.asked) == (0, 0, 0)


@pytest.mark.parametrize("may_overlap", [False, True])
def test_a_vehicle_that_is_booked_then_is_named_only_where_the_series_may_overlap(
    begun, nights, manager, fleet, van, may_overlap
):
    first = Booking.objects.order_by("start_at").first()
    BookingFactory(fleet=fleet, vehicle=van, accepted=True, start_at=first.start_at)
    wanted = nights(4, vehicle=van, may_overlap=may_overlap)
    outcome = change_series(begun, wanted, user=manager, seen_version=begun.version)
    first.refresh_from_db()
    assert first.vehicle == (van if may_overlap else None)
    assert outcome.changed == (4 if may_overlap else 3)
    told = [each.partition(":")[0] for each in outcome.problems]
    assert told == ([] if may_overlap else ["Van 1 has another booking at that time"])


def test_whoever_leaves_hands_a_series_over(begun, manager, fleet):
    heir = MembershipFactory(fleet=fleet).user
    hand_over(fleet=fleet, giver=manager, taker=heir, actor=Actor.MANAGER, by=heir)
    begun.refresh_from_db()
    assert begun.created_by == heir


@pytest.fixture
def undecided(nights, manager):
    """A series of two nights about which the operator has not decided."""
    series = nights(2)
    begin_series(series, user=manager)
    return series


def times_of(series):
    return {
        (booking.start_at, booking.end_at)
        for booking in Booking.objects.filter(series_dates__series=series)
    }


def wanted_times(series):
    occurrences = [series.rhythm.occurrence(day, series.zone) for day in series.rhythm.days()]
    return {(each.start_at, each.end_at) for each in occurrences}


def test_what_is_undecided_gets_its_other_times_once_it_is_decided(
    undecided, nights, manager, workers, operator
):
    outcome = change_series(
        undecided, nights(2, end_time=time(5)), user=manager, seen_version=undecided.version
    )
    assert (outcome.changed, outcome.later, outcome.problems) == (0, 2, [])
    assert all("once the operator has decided" in date.problem for date in undecided.dates.all())
    decide_all(operator, workers)
    ask_for_due()
    assert BookingRequest.objects.filter(kind=Kind.UPDATE).count() == 2
    decide_all(operator, workers)
    assert times_of(undecided) == wanted_times(outcome.series)
    assert set(undecided.dates.values_list("problem", flat=True)) == {""}
    ask_for_due()
    assert BookingRequest.objects.filter(kind=Kind.UPDATE).count() == 2


def test_one_date_that_somebody_changes_alone_is_left_so(begun, manager, workers, operator):
    booking = begun.dates.first().booking
    request_change(
        booking=booking,
        user=manager,
        driver=booking.driver,
        start_at=booking.start_at,
        end_at=booking.end_at + timedelta(hours=1),
        seen_version=booking.version,
        submission_key=uuid.uuid4(),
    )
    decide_all(operator, workers)
    Series.objects.update(look_at=now())
    ask_for_due()
    assert BookingRequest.objects.filter(kind=Kind.UPDATE).count() == 1


@pytest.mark.parametrize("fewer", [False, True])
def test_a_change_that_is_cut_off_is_carried_out_by_workers(
    begun, nights, manager, workers, operator, tomorrow, monkeypatch, fewer
):
    last = tomorrow if fewer else begun.last_day
    wanted = nights(4, end_time=time(5), last_day=last)
    with monkeypatch.context() as dies, pytest.raises(SystemExit):
        dies.setattr("series.changing.carry_out", Mock(side_effect=SystemExit))
        change_series(begun, wanted, user=manager, seen_version=begun.version)
    assert not BookingRequest.objects.exclude(kind=Kind.CREATE).exists()
    ask_for_due()
    decide_all(operator, workers)
    standing = Booking.objects.filter(status="accepted")
    assert standing.count() == (1 if fewer else 4)
    assert {(each.start_at, each.end_at) for each in standing} == wanted_times(wanted)
