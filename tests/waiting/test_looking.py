"""What becomes free is given to whoever waits for it, through the simulated operator."""

from datetime import timedelta

import pytest
import time_machine
from django.conf import settings
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils.timezone import now

from bookings.models import Booking
from drivers.models import FleetMembership
from sites.models import Evse
from sync.restore import expect_gap
from tests.factories import DriverFactory, LimitFactory, MembershipFactory, VehicleFactory
from tests.small_operator import add_pier_8, forget_free_times
from tests.waiting.conftest import HOUR, decide, history_of, look, soon, state_of
from waiting.looking import end_wishes, expire_offers, look_for_freed
from waiting.models import Offer, SiteWatch

pytestmark = pytest.mark.django_db


def test_what_is_taken_is_waited_for(wait, evse):
    wish = wait()
    assert look(evse)
    assert state_of(wish) == "waiting"
    assert history_of(wish) == ["made"]


def test_a_cancellation_leads_to_an_offer_that_holds_for_a_time(wait, cancel, evse, confirmed):
    wish = wait()
    cancel()
    look(evse)
    assert state_of(wish) == "offered"
    offer = wish.offers.get()
    assert (offer.evse, offer.start_at, offer.end_at) == (
        evse,
        confirmed.start_at,
        confirmed.end_at,
    )
    assert offer.expires_at - offer.found_at == timedelta(minutes=settings.WAITING_OFFER_MINUTES)
    assert not Booking.objects.exclude(pk=confirmed.pk).exists()


def test_it_is_asked_for_by_itself_where_the_manager_said_so(
    wait, cancel, evse, confirmed, operator, workers, manager
):
    wish = wait(by_itself=True)
    cancel()
    look(evse)
    assert state_of(wish) == "asked"
    booking = Booking.objects.exclude(pk=confirmed.pk).get()
    assert (wish.booking, booking.driver, booking.reference) == (booking, wish.driver, "Tour 7")
    assert booking.created_by == manager
    decide(operator, workers)
    assert state_of(wish) == "fulfilled"
    assert history_of(wish) == ["made", "asked", "fulfilled"]


def test_a_cancellation_wakes_whoever_waits_there(
    wait, cancel, evse, django_capture_on_commit_callbacks
):
    """And nobody where nothing is waited for."""
    wish = wait()
    with django_capture_on_commit_callbacks() as callbacks:
        cancel()
    names = [each.__closure__ and str(each.__closure__[-1].cell_contents) for each in callbacks]
    assert "waiting.tasks.look_at_site" in names
    SiteWatch.objects.update(look_at=None)
    wish.delete()


def test_first_come_first_served_within_a_fleet(wait, cancel, evse):
    second = wait()
    first = wait()
    first.turn_at = second.turn_at - HOUR
    first.save()
    cancel()
    look(evse)
    assert (state_of(first), state_of(second)) == ("offered", "waiting")


def test_fleets_compete_by_age_and_see_nothing_of_each_other(
    wait, cancel, evse, other_fleet, other_manager, as_manager
):
    theirs = wait(of=other_fleet, user=other_manager)
    ours = wait()
    cancel()
    look(evse)
    assert (state_of(theirs), state_of(ours)) == ("offered", "waiting")
    assert as_manager.get(f"/waiting/{theirs.pk}/").status_code == 404
    assert as_manager.get(f"/waiting/offers/{theirs.offers.get().uid}/").status_code == 404


def test_what_another_fleet_has_asked_for_is_not_offered(
    wait, cancel, evse, other_fleet, other_manager
):
    """The operator calls it free until it has decided."""
    theirs = wait(of=other_fleet, user=other_manager, by_itself=True)
    ours = wait()
    cancel()
    look(evse)
    look(evse)
    assert (state_of(theirs), state_of(ours)) == ("asked", "waiting")


def test_an_offer_that_nobody_takes_goes_to_the_next_in_line(wait, cancel, evse):
    first, second = wait(), wait()
    cancel()
    look(evse)
    later = soon(minutes=settings.WAITING_OFFER_MINUTES + 1)
    with time_machine.travel(later, tick=False):
        forget_free_times()
        assert look_for_freed() == 1
        assert (state_of(first), state_of(second)) == ("waiting", "offered")
        # What was let pass is not offered to the same again.
        assert first.turn_at > second.turn_at
        second.offers.update(expires_at=now())
        expire_offers(now())
        forget_free_times()
        look(evse)
        assert state_of(first) == state_of(second) == "waiting"


def test_whoever_answers_no_offer_waits_no_longer(wait, cancel, evse, confirmed):
    """There are three starts, an hour each, within the window."""
    wish = wait(window_start=confirmed.start_at - HOUR, window_end=confirmed.end_at + 3 * HOUR)
    for number in range(1, 4):
        look(evse)
        assert wish.offers.count() == number
        wish.offers.filter(state="open").update(expires_at=now())
        expire_offers(now())
    assert state_of(wish) == "ended"
    assert wish.offers.filter(state="let-pass").count() == 3


def test_a_rejected_request_waits_on_with_the_reason(
    wait, cancel, evse, operator, workers, confirmed
):
    wish = wait(by_itself=True)
    cancel()
    look(evse)
    workers.submit()
    asked = next(each for each in operator.requests.values() if each.status == "pending")
    operator.reject(asked, "The bay is serviced.")
    workers.poll()
    assert state_of(wish) == "waiting"
    assert wish.booking is None
    assert wish.events.last().note == "The bay is serviced."
    # The operator does not want just that: it is not asked again.
    forget_free_times()
    look(evse)
    assert state_of(wish) == "waiting"
    assert Booking.objects.count() == 2


def test_a_booking_that_is_withdrawn_is_waited_for_no_longer(
    wait, cancel, evse, operator, workers, manager
):
    wish = wait(by_itself=True)
    cancel()
    look(evse)
    from bookings.actions.change import request_cancellation

    wish.refresh_from_db()
    request_cancellation(booking=wish.booking, asked_by="manager", user=manager)
    decide(operator, workers)
    assert state_of(wish) in {"cancelled", "fulfilled"}
    assert not wish.is_open


def test_what_is_refused_is_waited_for_and_said_once(wait, cancel, evse, driver):
    wish = wait(by_itself=True)
    wish.driver.status = "disabled"
    wish.driver.save()
    cancel()
    look(evse)
    forget_free_times()
    look(evse)
    assert state_of(wish) == "waiting"
    assert history_of(wish) == ["made", "not-asked"]
    assert wish.events.last().note == "The operator has disabled this driver."


def test_of_a_manager_who_left_it_is_offered_to_the_others(wait, cancel, evse, fleet):
    MembershipFactory(fleet=fleet)
    wish = wait(by_itself=True)
    FleetMembership.objects.filter(user=wish.created_by).delete()
    cancel()
    look(evse)
    assert state_of(wish) == "offered"


def test_it_ends_with_its_window(wait, evse, confirmed):
    wish = wait()
    with time_machine.travel(confirmed.start_at - timedelta(minutes=1), tick=False):
        assert end_wishes(now()) == 0
    with time_machine.travel(confirmed.start_at + timedelta(minutes=1), tick=False):
        assert end_wishes(now()) == 1
        assert end_wishes(now()) == 0
    assert state_of(wish) == "ended"
    assert wish.key == ""


def test_a_site_that_nobody_waits_at_is_looked_at_no_longer(wait, evse, wire):
    wish = wait()
    wish.delete()
    look(evse)
    calls = wire.count("availability")
    assert SiteWatch.objects.get().look_at is None
    assert look_for_freed() == 0
    assert wire.count("availability") == calls


@pytest.mark.parametrize("has_limits", [False, True])
def test_a_look_costs_as_many_queries_however_many_wait(
    wait, evse, fleet, has_limits, django_assert_num_queries
):
    if has_limits:
        LimitFactory(fleet=fleet, kind="per-day", most=9)
    for _ in range(2):
        wait(driver=DriverFactory(fleet=fleet))
    look(evse)
    with CaptureQueriesContext(connection) as few:
        look(evse)
    for _ in range(6):
        wait(driver=DriverFactory(fleet=fleet))
    with django_assert_num_queries(len(few)):
        look(evse)


def test_one_look_does_not_book_somebody_in_two_places(wait, cancel, evse, fleet, confirmed):
    other = Evse.objects.get(ampeco_id=302)
    driver = DriverFactory(fleet=fleet)
    first = wait(driver=driver, by_itself=True)
    second = wait(driver=driver, by_itself=True, evse=other)
    cancel()
    look(evse)
    assert {state_of(first), state_of(second)} == {"asked", "waiting"}
    assert Booking.objects.filter(driver=driver).count() == 1


def test_a_site_costs_one_call_for_all_that_wait_there(wait, evse, wire):
    for _ in range(5):
        wait()
    before = wire.count("availability")
    assert look_for_freed() == 1
    assert wire.count("availability") == before + 1
    # Not due again before some time has passed.
    assert look_for_freed() == 0


def test_without_calls_to_spare_nothing_is_looked_at(wait, evse, wire, settings):
    wait()
    settings.AMPECO_CALLS_PER_MINUTE = 1
    from django.core.cache import cache

    from ampeco.connection import ALLOWANCE_KEY
    from upstream.call_quota import CacheCallQuota

    CacheCallQuota(cache, ALLOWANCE_KEY, per_minute=1).take()
    before = wire.count("availability")
    assert look_for_freed() == 0
    assert not look(evse)
    assert wire.count("availability") == before
    settings.AMPECO_CALLS_PER_MINUTE = 0
    assert look_for_freed() == 1


def test_an_operator_who_does_not_answer_keeps_all_waiting(wait, evse, operator):
    wish = wait()
    operator.faults.add("rate-limited", seconds=60)
    assert look(evse)
    assert state_of(wish) == "waiting"
    assert SiteWatch.objects.get().lease_owner is None


def test_any_charger_that_fits_the_vehicle_will_do(wait, evse, fleet):
    """The other charger is free, but has another plug."""
    ac = Evse.objects.get(ampeco_id=302)
    van = VehicleFactory(fleet=fleet, plugs=["chademo"])
    bike = VehicleFactory(fleet=fleet, plugs=["j1772"], dc_kw=0)
    for_van = wait(evse=None, vehicle=van)
    for_bike = wait(evse=None, vehicle=bike)
    look(evse)
    assert (state_of(for_van), state_of(for_bike)) == ("waiting", "offered")
    assert for_bike.offers.get().evse == ac


def test_a_driver_is_not_offered_what_overlaps_another_booking(wait, cancel, evse, confirmed):
    wish = wait(evse=None, driver=confirmed.driver)
    look(evse)
    assert state_of(wish) == "waiting"


def test_sites_near_by_will_do_within_the_radius(wait, evse, fleet, operator, ampeco_client):
    add_pier_8(operator, ampeco_client)
    near = wait(evse=None, radius_km=20, driver=DriverFactory(fleet=fleet))
    assert near.places.count() == 2
    while look_for_freed():
        pass
    assert state_of(near) == "offered"


@pytest.mark.parametrize("clocks", [("00:00", "00:15"), ("23:45", "00:15")])
def test_starts_keep_to_the_clock(wait, cancel, evse, confirmed, clocks):
    from datetime import time

    first, last = map(time.fromisoformat, clocks)
    wish = wait(
        window_start=confirmed.start_at,
        window_end=confirmed.start_at + timedelta(days=2),
        earliest_clock=first,
        latest_clock=last,
    )
    look(evse)
    offer = wish.offers.get()
    local = offer.start_at.astimezone(evse.charge_point.location.zone)
    assert f"{local:%H:%M}" in {"00:00", "23:45"}
    assert Offer.objects.count() == 1


def test_after_a_restore_nothing_is_asked_for_by_itself(wait, cancel, evse):
    """It may have been booked after the back-up was made."""
    wish = wait(by_itself=True)
    expect_gap()
    wish.refresh_from_db()
    cancel()
    look(evse)
    assert state_of(wish) == "offered"
