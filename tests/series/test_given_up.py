"""What is cancelled of a series stays cancelled, and what has been stays as it was."""

from datetime import time, timedelta

import pytest
import time_machine
from django.utils.timezone import now

from bookings.actions.change import request_cancellation
from bookings.models import Actor, Booking
from series.changing import begin_series, cancel_dates, change_series
from series.due import ask_for_due
from series.models import Series, SeriesDate
from tests.small_operator import decide_all, forget_free_times

pytestmark = pytest.mark.django_db

State = SeriesDate.State


def look_again() -> None:
    forget_free_times()
    Series.objects.update(look_at=now())
    ask_for_due()


def rename(series, nights, manager, name="Night vans", **changes):
    series.refresh_from_db()
    wanted = nights(4, name=name, **changes)
    return change_series(series, wanted, user=manager, seen_version=series.version)


@pytest.mark.parametrize("by", [Actor.MANAGER, Actor.DRIVER])
def test_what_was_cancelled_by_itself_is_not_booked_again_by_a_change(
    begun, nights, manager, workers, operator, tomorrow, by
):
    booking = begun.dates.get(day=tomorrow).booking
    request_cancellation(booking=booking, asked_by=by, user=manager)
    decide_all(operator, workers)
    forget_free_times()

    assert rename(begun, nights, manager).asked.asked == 0
    look_again()

    assert begun.dates.get(day=tomorrow).state == State.CANCELLED
    assert Booking.objects.filter(status="cancelled").count() == 1
    assert Booking.objects.count() == 4


@pytest.fixture
def one_rejected(nights, manager, workers, operator, tomorrow) -> Series:
    """A series of three nights, the last of which the operator rejected."""
    series = nights(3)
    begin_series(series, user=manager)
    workers.submit()
    last = max(operator.requests.values(), key=lambda asked: asked.start_at)
    operator.reject(last, "Taken.")
    decide_all(operator, workers)
    assert sorted(Booking.objects.values_list("status", flat=True)) == [
        "accepted",
        "accepted",
        "rejected",
    ]
    return series


def test_a_rejected_date_that_is_given_up_is_not_asked_for_again(one_rejected, manager, tomorrow):
    cancel_dates(one_rejected, user=manager, first=tomorrow + timedelta(days=1))
    look_again()
    assert one_rejected.dates.get(day=one_rejected.last_day).state == State.CANCELLED
    assert Booking.objects.count() == 3


def test_a_rejected_date_keeps_its_series_going(one_rejected, manager, tomorrow):
    for day in (tomorrow, tomorrow + timedelta(days=1)):
        cancel_dates(one_rejected, user=manager, first=day, last=day)
    one_rejected.refresh_from_db()
    assert one_rejected.state == Series.State.ACTIVE
    look_again()
    again = one_rejected.dates.select_related("booking").get(day=one_rejected.last_day)
    assert again.booking.status == "requested"


def test_a_rejected_date_can_be_given_up_on_its_page(one_rejected, as_manager, fleet):
    address = f"/series/{one_rejected.pk}/"
    day = one_rejected.last_day.isoformat()
    assert f"cancel/?day={day}" in as_manager.get(address).content.decode()
    data = {"fleet": fleet.pk, "day": day, "scope": "one"}
    as_manager.post(f"{address}cancel/", data)
    assert one_rejected.dates.get(day=day).state == State.CANCELLED


@pytest.mark.parametrize("ended", ["accepted", "completed", "no-show", "rejected"])
def test_what_has_begun_stays_as_it_was(begun, nights, manager, tomorrow, ended):
    row = begun.dates.select_related("booking").get(day=tomorrow)
    booking = row.booking
    Booking.objects.filter(pk=booking.pk).update(status=ended)
    with time_machine.travel(booking.start_at + timedelta(minutes=10)):
        rename(begun, nights, manager)
        look_again()
    row.refresh_from_db()
    assert (row.state, row.booking, row.problem) == (State.ASKED, booking, "")


def test_a_day_that_comes_back_is_asked_for(begun, nights, manager, workers, operator, tomorrow):
    without = [n for n in range(7) if n != tomorrow.weekday()]
    rename(begun, nights, manager, weekdays=without)
    decide_all(operator, workers)
    assert begun.dates.get(day=tomorrow).state == State.CANCELLED
    forget_free_times()

    rename(begun, nights, manager, name="As before")

    row = begun.dates.select_related("booking").get(day=tomorrow)
    assert (row.state, row.booking.status) == (State.ASKED, "requested")


def test_a_day_that_comes_back_too_late_is_settled(begun, nights, manager, tomorrow):
    without = [n for n in range(7) if n != tomorrow.weekday()]
    rename(begun, nights, manager, weekdays=without)
    night = begun.rhythm.occurrence(tomorrow, begun.zone)
    with time_machine.travel(night.start_at + timedelta(minutes=10)):
        rename(begun, nights, manager, name="As before")
        row = begun.dates.get(day=tomorrow)
        assert (row.state, row.problem) == (State.NOT_FREE, "This start time has passed.")


def test_what_was_never_settled_does_not_keep_workers_looking(begun, nights, manager, tomorrow):
    begun.dates.filter(day=tomorrow).update(state=State.WAITING)
    with time_machine.travel(now() + timedelta(days=7)):
        look_again()
        begun.refresh_from_db()
        assert begun.look_at is None


def test_a_day_that_somebody_cancelled_does_not_come_back_with_others(
    begun, nights, manager, tomorrow
):
    after = tomorrow + timedelta(days=1)
    cancel_dates(begun, user=manager, first=tomorrow, last=tomorrow)
    rename(begun, nights, manager, excluded_days=[after.isoformat()])
    rename(begun, nights, manager)
    assert begun.dates.get(day=tomorrow).state == State.CANCELLED


def test_who_cancels_takes_nothing_back_that_others_have_changed(begun, nights, manager, tomorrow):
    as_read_before = Series.objects.get(pk=begun.pk)
    rename(begun, nights, manager, end_time=time(5))
    cancel_dates(as_read_before, user=manager, first=tomorrow, last=tomorrow)
    begun.refresh_from_db()
    assert (begun.end_time, begun.name) == (time(5), "Night vans")


def test_a_page_of_yesterday_cancels_nothing_of_today(as_manager, begun, fleet, tomorrow):
    address = f"/series/{begun.pk}/cancel/"
    night = begun.rhythm.occurrence(tomorrow + timedelta(days=1), begun.zone)
    with time_machine.travel(night.start_at - timedelta(hours=2)):
        data = {"fleet": fleet.pk, "day": tomorrow.isoformat(), "scope": "one"}
        shown = as_manager.post(address, data)
    assert shown.status_code == 200
    assert not begun.dates.filter(state=State.CANCELLED).exists()
