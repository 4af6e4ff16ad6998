"""What is offered or asked for may not be had after all: it is waited for on, by the sweep alone.

Nobody tells the site: the looks that come by have to find it.
"""

from datetime import timedelta

import pytest
import time_machine
from django.utils.timezone import now

from bookings.actions.candidate import BookingRefused
from bookings.actions.change import request_cancellation
from bookings.actions.create import retry_failed
from bookings.models import Actor, BookingRequest
from drivers.models import FleetMembership
from sites.models import Evse
from tests.factories import DriverFactory, VehicleFactory
from tests.small_operator import add_pier_8, forget_free_times
from tests.waiting.conftest import HOUR, history_of, look, soon, state_of
from vehicles.actions import retire
from waiting.actions import let_pass, take_offer
from waiting.looking import TIME_TO_ANSWER, expire_offers, look_for_freed
from waiting.models import Offer, Wish

pytestmark = pytest.mark.django_db


def sweep(*, minutes: int) -> int:
    """Let the sweep come by, so many minutes later; return how many sites it looks at."""
    with time_machine.travel(now() + timedelta(minutes=minutes), tick=False):
        forget_free_times()
        return look_for_freed()


def open_offer(wish: Wish) -> Offer:
    return Offer.objects.select_related("wish__fleet").get(wish=wish, state=Offer.State.OPEN)


@pytest.fixture
def take_away(operator, confirmed):
    """Let the slot that is waited for be taken by somebody else at the operator."""

    def take_away():
        forget_free_times()
        return operator.add_booking(
            location_id=101,
            evse_id=301,
            start_at=confirmed.start_at,
            end_at=confirmed.end_at,
            user_id=7002,
        )

    return take_away


def give_back(operator, theirs) -> None:
    operator.set_booking_status(theirs, "cancelled")
    forget_free_times()


def test_after_a_rejection_the_site_is_looked_at_again(wait, confirmed, operator, workers):
    wish = wait(by_itself=True, window_end=confirmed.end_at + 2 * HOUR)
    assert look_for_freed() == 1
    assert state_of(wish) == "asked"
    # Meanwhile nobody waits there.
    assert sweep(minutes=3) == 1
    workers.submit()
    asked = next(each for each in operator.requests.values() if each.status == "pending")
    operator.reject(asked, "The bay is serviced.")
    workers.poll()
    assert state_of(wish) == "waiting"
    assert sweep(minutes=6) == 1
    assert history_of(wish) == ["made", "asked", "rejected", "asked"]


def test_after_an_offer_that_was_let_pass_sites_near_by_are_looked_at_again(
    wait, evse, fleet, manager, operator, ampeco_client
):
    add_pier_8(operator, ampeco_client)
    wish = wait(evse=None, radius_km=20, driver=DriverFactory(fleet=fleet))
    look_for_freed()
    assert state_of(wish) == "offered"
    assert sweep(minutes=3) == 2
    let_pass(open_offer(wish), user=manager)
    sweep(minutes=6)
    assert state_of(wish) == "offered"
    assert len(set(wish.offers.values_list("location", flat=True))) == 2


def test_after_an_offer_that_was_gone_the_site_is_looked_at_again(
    wait, cancel, evse, manager, operator, take_away
):
    wish = wait()
    cancel()
    look_for_freed()
    sweep(minutes=3)
    theirs = take_away()
    with pytest.raises(BookingRefused):
        take_offer(open_offer(wish), user=manager, driver=wish.driver, reference="")
    assert state_of(wish) == "waiting"
    give_back(operator, theirs)
    assert sweep(minutes=6) == 1
    assert state_of(wish) == "offered"


def test_a_fleet_that_is_switched_on_again_waits_on(wait, cancel, fleet):
    wish = wait()
    fleet.is_active = False
    fleet.save()
    assert look_for_freed() == 1
    cancel()
    fleet.is_active = True
    fleet.save()
    assert sweep(minutes=3) == 1
    assert state_of(wish) == "offered"


def test_what_somebody_else_had_for_a_moment_is_asked_for_again(
    wait, cancel, operator, workers, take_away
):
    """It was taken before the request could be sent, which nobody has rejected."""
    wish = wait(by_itself=True)
    cancel()
    look_for_freed()
    theirs = take_away()
    workers.submit()
    assert state_of(wish) == "waiting"
    give_back(operator, theirs)
    sweep(minutes=3)
    assert history_of(wish) == ["made", "asked", "rejected", "asked"]


def test_a_booking_that_staff_ask_for_again_ends_no_offer_of_another(
    wait, cancel, confirmed, manager, staff, operator, workers, take_away
):
    wish = wait(window_end=confirmed.end_at + HOUR)
    cancel()
    look_for_freed()
    first = open_offer(wish)
    booking = take_offer(first, user=manager, driver=wish.driver, reference="")
    theirs = take_away()
    workers.submit()
    sweep(minutes=3)
    assert state_of(wish) == "offered"
    give_back(operator, theirs)
    failed = BookingRequest.objects.get(booking=booking)
    assert failed.status == "failed"
    assert retry_failed(failed, staff_user=staff)
    booking.refresh_from_db()
    request_cancellation(booking=booking, asked_by=Actor.MANAGER, user=manager)
    booking.refresh_from_db()
    assert booking.status == "cancelled"
    assert state_of(wish) == "offered"
    assert wish.offers.filter(state=Offer.State.OPEN).exclude(pk=first.pk).exists()


def test_what_nobody_may_ask_for_any_more_is_offered_with_time_to_answer(wait, fleet):
    """Its manager has left, so it is not asked for by itself."""
    free = Evse.objects.get(ampeco_id=302)
    wish = wait(evse=free, by_itself=True, window_start=now(), window_end=soon(hours=4))
    FleetMembership.objects.filter(user=wish.created_by).delete()
    look_for_freed()
    offer = wish.offers.get()
    assert offer.expires_at - offer.found_at >= TIME_TO_ANSWER


def test_for_a_vehicle_that_is_retired_nothing_is_asked_for_by_itself(wait, fleet):
    van = VehicleFactory(fleet=fleet, plugs=["j1772"])
    free = Evse.objects.get(ampeco_id=302)
    wish = wait(evse=free, vehicle=van, by_itself=True)
    retire(van)
    look_for_freed()
    assert state_of(wish) == "offered"


def test_only_offers_in_a_row_that_nobody_answers_end_a_wish(wait, evse, confirmed, manager):
    wish = wait(window_start=confirmed.start_at - HOUR, window_end=confirmed.end_at + 4 * HOUR)
    for answers in (False, False, True, False):
        look(evse)
        offer = open_offer(wish)
        if answers:
            let_pass(offer, user=manager)
        else:
            Offer.objects.filter(pk=offer.pk).update(expires_at=now())
            expire_offers(now())
    assert state_of(wish) == "waiting"
