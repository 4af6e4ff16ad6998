"""What the limits of a fleet are against is not given to its wishes; what they allow is."""

from datetime import timedelta

import pytest

from bookings.models import Booking
from tests.factories import BookingFactory, LimitFactory
from tests.waiting.conftest import HOUR, history_of, look, state_of

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(("by_itself", "state"), [(False, "offered"), (True, "asked")])
@pytest.mark.parametrize(("kind", "most"), [("per-day", 1), ("hours-per-day", 1), ("at-a-time", 1)])
def test_what_the_fleet_may_not_have_stands_not_in_the_way_of_what_it_may(
    wait, evse, fleet, confirmed, kind, most, by_itself, state
):
    LimitFactory(fleet=fleet, kind=kind, most=most)
    wish = wait(
        evse=None,
        by_itself=by_itself,
        window_start=confirmed.start_at,
        window_end=confirmed.start_at + timedelta(days=2),
    )
    look(evse)
    assert state_of(wish) == state
    start_at = wish.offers.get().start_at
    if kind == "at-a-time":
        assert start_at == confirmed.end_at
    else:
        zone = evse.charge_point.location.zone
        days = [at.astimezone(zone).date() for at in (confirmed.start_at, start_at)]
        assert days[1] - days[0] == timedelta(days=1)


def test_a_night_may_begin_on_a_day_that_has_too_few_hours_left_for_all_of_it(
    wait, evse, fleet, confirmed
):
    """One hour is left of the day, so that four of them begin an hour before it ends."""
    zone = evse.charge_point.location.zone
    LimitFactory(fleet=fleet, kind="hours-per-day", most=4)
    noon = confirmed.start_at.astimezone(zone).replace(hour=12, minute=0) + timedelta(days=2)
    BookingFactory(fleet=fleet, evse=evse, accepted=True, start_at=noon - 3 * HOUR, end_at=noon)
    Booking.objects.filter(pk=confirmed.pk).update(status="cancelled", slot_key="")
    wish = wait(minutes=240, window_start=noon, window_end=noon + timedelta(hours=18))
    look(evse)
    assert wish.offers.get().start_at.astimezone(zone).hour == 23


def test_what_is_closed_to_a_fleet_is_waited_out(wait, evse, fleet, confirmed):
    until = confirmed.end_at + 2 * HOUR
    LimitFactory(fleet=fleet, kind="blackout", most=None, start_at=confirmed.start_at, end_at=until)
    wish = wait(window_end=confirmed.end_at + 4 * HOUR)
    look(evse)
    assert wish.offers.get().start_at == until


def test_where_the_fleet_may_have_nothing_it_is_said_once(wait, evse, fleet, confirmed):
    LimitFactory(fleet=fleet, kind="per-day", most=1)
    wish = wait(by_itself=True, window_end=confirmed.end_at + 4 * HOUR)
    look(evse)
    look(evse)
    assert state_of(wish) == "waiting"
    assert history_of(wish) == ["made", "not-asked"]


def test_one_look_asks_for_no_more_than_the_fleet_may_have(wait, evse, fleet, confirmed):
    LimitFactory(fleet=fleet, kind="per-day", most=2)
    window = {"window_start": confirmed.end_at, "window_end": confirmed.end_at + 4 * HOUR}
    wishes = [wait(by_itself=True, **window) for _ in range(2)]
    look(evse)
    assert [state_of(wish) for wish in wishes] == ["asked", "waiting"]
