"""Two beats, two workers, workers that die: a wish is fulfilled at most once, and no slot twice."""

import threading
from datetime import timedelta

import pytest
from django.db import DatabaseError, connection
from django.utils.timezone import now

from bookings.models import Booking, BookingRequest
from tests.waiting.conftest import decide, look, state_of
from waiting import actions, looking
from waiting.models import Offer, SiteWatch, Wish, WishEvent

pytestmark = [pytest.mark.postgresql, pytest.mark.django_db(transaction=True)]


def together(*works) -> list[BaseException]:
    """Do things at the same moment; return what went wrong."""
    start, troubles = threading.Barrier(len(works)), []

    def run(work) -> None:
        try:
            start.wait(timeout=10)
            work()
        except Exception as error:
            troubles.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return troubles


def test_two_beats_give_a_slot_away_once(wait, cancel, evse):
    wishes = [wait(by_itself=True) for _ in range(4)]
    cancel()
    SiteWatch.objects.update(look_at=now())
    assert together(*[looking.look_for_freed] * 3) == []
    assert sorted(state_of(wish) for wish in wishes) == ["asked", "waiting", "waiting", "waiting"]
    assert state_of(wishes[0]) == "asked"
    assert BookingRequest.objects.filter(kind="create", status="queued").count() == 1


def test_two_who_take_an_offer_book_once(wait, cancel, evse, manager, fleet_admin):
    wish = wait()
    cancel()
    look(evse)
    offers = [Offer.objects.select_related("wish__fleet").get() for _ in range(2)]
    takers = [
        lambda offer=offer, user=user: actions.take_offer(
            offer, user=user, driver=wish.driver, reference=""
        )
        for offer, user in zip(offers, (manager, fleet_admin), strict=True)
    ]
    troubles = together(*takers)
    assert len(troubles) == 1
    assert state_of(wish) == "asked"
    assert Booking.objects.count() == 2


def test_the_same_wish_from_two_tabs_is_there_once(wait, driver):
    troubles = together(*[lambda: wait(driver=driver)] * 2)
    assert [type(each) for each in troubles] == [actions.NotWaiting]
    assert Wish.objects.count() == 1


def test_an_offer_that_expires_as_it_is_taken_is_one_or_the_other(wait, cancel, evse, manager):
    wish = wait()
    cancel()
    look(evse)
    offer = Offer.objects.select_related("wish__fleet").get()
    together(
        lambda: actions.take_offer(offer, user=manager, driver=wish.driver, reference=""),
        lambda: looking.expire_offers(now() + timedelta(hours=1)),
    )
    offer.refresh_from_db()
    is_asked = state_of(wish) == "asked"
    assert offer.state == ("taken" if is_asked else "let-pass")
    assert Booking.objects.count() == 1 + is_asked


@pytest.mark.parametrize("dies_at", ["waiting_offer", "waiting_wish", "waiting_wishevent"])
def test_a_worker_that_dies_leaves_all_or_nothing(wait, cancel, evse, dies_at, operator, workers):
    """It dies at one of the rows that it writes; the next look finds everything as it was."""
    wish = wait(by_itself=True)
    cancel()

    def die(execute, sql, params, many, context):
        if sql.startswith(("INSERT", "UPDATE")) and f'"{dies_at}"' in sql.split("SET")[0]:
            raise DatabaseError("The worker died.")
        return execute(sql, params, many, context)

    with connection.execute_wrapper(die), pytest.raises(DatabaseError):
        look(evse)
    assert state_of(wish) == "waiting"
    assert Booking.objects.count() == 1
    assert not Offer.objects.exists()

    # A worker that was killed gives nothing back: its claim runs out.
    SiteWatch.objects.update(look_at=now(), lease_until=now(), lease_owner=None)
    look(evse)
    decide(operator, workers)
    assert state_of(wish) == "fulfilled"
    assert Booking.objects.filter(status="accepted").count() == 1
    assert WishEvent.objects.filter(what="asked").count() == 1


def test_whoever_cancels_while_it_is_asked_for_gets_one_or_the_other(wait, cancel, evse, manager):
    wish = wait(by_itself=True)
    cancel()
    seen = Wish.objects.select_related("fleet").get(pk=wish.pk)
    together(lambda: look(evse), lambda: actions.cancel_wish(seen, user=manager))
    booked = Booking.objects.filter(status="requested").count()
    assert (state_of(wish), booked) in {("asked", 1), ("cancelled", 0)}
