"""Whose request made a booking that nobody here knows: asked whenever one turns up.

An ask that arrives after its request was decided, an operator that leaves identities out of its
answers, and one whose clock is far from ours.
"""

import threading
import uuid
from contextlib import contextmanager
from datetime import timedelta

import pytest
import time_machine
from django.db import connections
from django.urls import reverse
from django.utils.timezone import now

from bookings.actions.change import request_cancellation, request_change
from bookings.models import Actor, Booking, BookingRequest
from bookings.pages.cancelled_together import outcomes_of
from mirror.models import SyncRun
from notifications.models import Notification
from sandbox.world import cast
from sites.models import Evse
from sync import adoption
from tests.faults.conftest import let_pass, live_upstream, reconcile
from tests.faults.killed import worker
from tests.faults.test_late_arrivals import AFTER_GRACE, finish
from tests.small_operator import slot_of

pytestmark = pytest.mark.django_db

HOUR = timedelta(hours=1)
CREATION = {"method": "POST", "path": "booking-requests"}


@contextmanager
def both_later(operator, seconds):
    """Be some time ahead, the operator's clock as well."""
    at = now() + timedelta(seconds=seconds)
    behind = operator.clock.now() - now()
    with time_machine.travel(at, tick=False):
        operator.clock.freeze(at + behind)
        yield


@pytest.fixture
def two_fit(operator, evse):
    """Let two chargers fit who wants any, so that the operator approves two requests."""
    operator.evses[302].current_type = "dc"


@pytest.fixture
def wanted(ask, any_slot, two_fit):
    return ask(any_slot).request


@pytest.fixture
def arrives_late(wanted, workers, operator):
    """Let an ask be held back for 70 s, while it is sent again and approved."""

    def arrive() -> None:
        operator.faults.add("late", count=1, seconds=70, **CREATION)
        workers.submit()
        assert not operator.requests
        with both_later(operator, AFTER_GRACE):
            workers.submit()
            decide_all(operator)
            workers.poll()
            wanted.refresh_from_db()
            assert wanted.status == "approved"
        with both_later(operator, 71):
            workers.sync()
            decide_all(operator)
            assert len(live_upstream(operator)) == 2

    return arrive


def decide_all(operator) -> None:
    for asked in list(operator.requests.values()):
        operator.decide(asked)


def surplus_of(wanted) -> Booking:
    return Booking.objects.exclude(pk=wanted.booking_id).get()


class TestArrivingAfterTheApproval:
    @pytest.mark.parametrize("names_it", [True, False])
    @pytest.mark.parametrize("gives_ids_back", [True, False])
    def test_is_cancelled_when_it_turns_up(
        self, wanted, arrives_late, workers, operator, names_it, gives_ids_back
    ):
        operator.leaves_out_booking_id = not names_it
        operator.drops_external_id = not gives_ids_back
        arrives_late()
        with both_later(operator, 600):
            for _ in range(3):
                workers.refresh_all()
                workers.sync()
                finish(operator, workers)
            reconcile(operator)
        assert len(live_upstream(operator)) == 1
        surplus = surplus_of(wanted)
        assert (surplus.status, surplus.needs_attention) == ("cancelled", False)
        assert not surplus.made_elsewhere
        assert f"#{wanted.booking_id}" in surplus.events.first().note
        assert f"#{surplus.pk}" in wanted.booking.events.get(actor="portal").note
        assert not surplus.notifications.exists(), "nobody asked for it, nobody is told"
        assert Notification.objects.filter(booking=wanted.booking_id).count() == 2

    def test_is_given_up_by_the_poll_that_comes_across_it(
        self, wanted, arrives_late, ask, evse, workers, operator
    ):
        arrives_late()
        with both_later(operator, 600):
            for hours in range(3):
                ask(slot_of(evse, wanted.start_at + (2 + hours) * HOUR))
            workers.submit()
            workers.poll()
            surplus = Booking.objects.get(open_change="withdraw")
            assert surplus.requests.get().ampeco_request_id == 2
            finish(operator, workers)
            reconcile(operator)
        surplus.refresh_from_db()
        assert surplus.status == "cancelled"

    def test_is_given_up_by_the_refresh_that_comes_across_it(
        self, wanted, arrives_late, follow, workers, operator
    ):
        arrives_late()
        with both_later(operator, 600):
            follow(wanted.start_at)
            start = wanted.start_at + 3 * HOUR
            for minutes in range(30):
                follow(start + timedelta(minutes=minutes), length=timedelta(minutes=1))
            workers.refresh_all()
            assert Booking.objects.filter(open_change="withdraw").count() == 1

    def test_though_the_wanted_one_is_cancelled_by_then(
        self, wanted, arrives_late, workers, operator, manager
    ):
        arrives_late()
        wanted.booking.refresh_from_db()
        request_cancellation(booking=wanted.booking, asked_by=Actor.MANAGER, user=manager)
        with both_later(operator, 600):
            finish(operator, workers)
            workers.sync()
            finish(operator, workers)
            reconcile(operator)
        assert not live_upstream(operator)

    @pytest.mark.parametrize("fault", ["cut-after", "cut-before", "late"])
    def test_whose_cancellation_loses_its_answer(
        self, wanted, arrives_late, workers, operator, fault
    ):
        arrives_late()
        with both_later(operator, 600):
            workers.sync()
            workers.poll()
            operator.faults.add(fault, count=1, seconds=70, **CREATION)
            workers.submit()
        for seconds in (660, 700, 800):
            with both_later(operator, seconds):
                finish(operator, workers)
        reconcile(operator)
        assert surplus_of(wanted).status == "cancelled"
        assert len(live_upstream(operator)) == 1

    def test_what_the_driver_booked_in_the_app_for_the_same_time_stays(
        self, wanted, workers, operator
    ):
        workers.submit()
        decide_all(operator)
        workers.poll()
        theirs = operator.ask(
            type="create",
            user_id=cast.ANA.id,
            location_id=101,
            start_at=wanted.start_at,
            end_at=wanted.end_at,
        )
        BookingRequest.objects.update(may_be_doubled=True)
        operator.decide(theirs)
        workers.sync()
        assert Booking.objects.get(made_elsewhere=True).ampeco_booking_id == theirs.booking_id
        assert len(live_upstream(operator)) == 2

    @pytest.mark.parametrize("asked_before", [False, True])
    def test_without_ids_only_what_was_asked_since_is_ours(
        self, wanted, arrives_late, workers, operator, asked_before
    ):
        operator.drops_external_id = True
        arrives_late()
        late = max(operator.requests.values(), key=lambda each: each.id)
        if asked_before:
            late.created_at -= HOUR
        with both_later(operator, 600):
            workers.sync()
            finish(operator, workers)
        assert Booking.objects.filter(made_elsewhere=True).exists() == asked_before
        assert len(live_upstream(operator)) == 1 + asked_before

    @pytest.mark.postgresql
    @pytest.mark.django_db(transaction=True)
    def test_is_given_up_once_by_all_who_find_it_at_the_same_moment(
        self, wanted, arrives_late, workers, operator, ampeco_client
    ):
        if connections["default"].vendor != "postgresql":
            pytest.skip("needs PostgreSQL")
        arrives_late()
        strangers = [each for page in ampeco_client.booking_pages() for each in page.items]
        strangers = [each for each in strangers if each.id != 1]
        BookingRequest.objects.update(next_attempt_at=now() - HOUR)
        start = threading.Barrier(6)
        problems = []

        def find() -> None:
            try:
                start.wait()
                adoption.adopt(strangers, client=ampeco_client, most_reads=9)
            except Exception as problem:
                problems.append(problem)
            finally:
                connections.close_all()

        threads = [threading.Thread(target=find) for _ in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert problems == []
        assert surplus_of(wanted).requests.count() == 1
        assert wanted.booking.events.filter(actor="portal").count() == 1
        finish(operator, workers)
        reconcile(operator)

    @pytest.mark.postgresql
    @pytest.mark.django_db(transaction=True)
    @pytest.mark.parametrize("processed", [True, False])
    def test_a_worker_that_dies_while_it_asks_leaves_it_to_the_next(
        self, wanted, arrives_late, workers, operator, door, processed
    ):
        if connections["default"].vendor != "postgresql":
            pytest.skip("needs PostgreSQL")
        arrives_late()
        let_pass(600)
        SyncRun.objects.all().delete()
        stop = door.stop_at("GET", "booking-requests", processed=processed)
        with worker("sync_bookings", door=door) as kill:
            assert stop.reached.wait(60)
            kill()
            stop.let_go()
        assert Booking.objects.count() == 1
        SyncRun.objects.update(alive_at=now() - HOUR)
        workers.sync()
        finish(operator, workers)
        reconcile(operator)
        assert surplus_of(wanted).status == "cancelled"


class TestWithoutNumber:
    """The document of 3.108 shows approved creates without `bookingId`."""

    @pytest.fixture(autouse=True)
    def _leaves_it_out(self, operator):
        operator.leaves_out_booking_id = True

    @pytest.fixture
    def approved(self, wanted, workers, operator):
        workers.submit()
        decide_all(operator)
        workers.poll()
        booking = Booking.objects.get()
        assert (booking.status, booking.ampeco_booking_id) == ("accepted", None)
        return booking

    @pytest.mark.parametrize("shape", ["3.108", "3.110"])
    def test_the_booking_is_found_by_what_was_asked_for(self, approved, workers, operator, shape):
        operator.shape = shape
        workers.refresh_all()
        approved.refresh_from_db()
        assert (approved.ampeco_booking_id, approved.evse.ampeco_id) == (1, 301)
        assert approved.can_change()
        assert Booking.objects.count() == 1

    def test_two_at_the_same_time_get_their_own(self, ask, evse, workers, operator):
        """A driver who is to have two chargers at once, which managers may confirm."""
        start = now().replace(minute=0, second=0, microsecond=0) + 5 * HOUR
        other = Evse.objects.select_related("charge_point__location").get(ampeco_id=302)
        for charger in (other, evse):
            ask(slot_of(charger, start))
        workers.submit()
        decide_all(operator)
        workers.poll()
        workers.refresh_all()
        found = {each.ampeco_booking_id: each.evse.ampeco_id for each in Booking.objects.all()}
        assert found == {each.id: each.evse_id for each in operator.bookings.values()}

    def test_what_others_made_is_not_taken_for_it(self, approved, wanted, workers, operator):
        theirs = operator.bookings.pop(1)
        operator.holding[theirs.evse_id].discard(1)
        times = {"location_id": 101, "start_at": wanted.start_at, "end_at": wanted.end_at}
        operator.add_booking(evse_id=302, user_id=cast.BEN.id, **times)
        older = operator.add_booking(evse_id=301, user_id=cast.ANA.id, **times)
        older.created_at -= timedelta(days=3)
        workers.refresh_all()
        approved.refresh_from_db()
        assert approved.ampeco_booking_id is None

    def test_a_cancellation_says_what_it_waits_for_and_then_goes_out(
        self, approved, workers, operator, manager, as_manager
    ):
        batch = uuid.uuid4()
        request_cancellation(booking=approved, asked_by=Actor.MANAGER, user=manager, batch=batch)
        workers.submit()
        (outcome,) = outcomes_of(approved.fleet, batch, session={})
        assert "has not said its number yet" in outcome.text
        page = as_manager.get(reverse("bookings:detail", args=[approved.pk])).content.decode()
        assert "has not said its number yet" in page
        assert approved.requests.get(kind="cancel").trouble == "unnamed"
        workers.refresh_all()
        finish(operator, workers)
        approved.refresh_from_db()
        assert approved.status == "cancelled"
        reconcile(operator)

    def test_its_page_says_why_it_cannot_be_changed_and_what_mails_wait_for(
        self, approved, workers, as_manager
    ):
        page = as_manager.get(reverse("bookings:detail", args=[approved.pk])).content.decode()
        assert "has not said its number yet" in page
        assert "waits until the operator names the charger" in page
        sent = as_manager.get(reverse("notifications:sent")).content.decode()
        assert "waits until the operator names the charger" in sent
        workers.refresh_all()
        page = as_manager.get(reverse("bookings:detail", args=[approved.pk])).content.decode()
        assert "has not said its number yet" not in page
        assert "waits until the operator names the charger" not in page

    def test_a_booking_that_is_moved_is_cancelled_though_it_has_no_number(
        self, confirmed, ask, evse, workers, operator
    ):
        """However it lost it: both must not stand."""
        workers.refresh_all()
        confirmed.refresh_from_db()
        other = Evse.objects.select_related("charge_point__location").get(ampeco_id=302)
        ask(slot_of(other, confirmed.start_at), replaces=confirmed)
        Booking.objects.filter(pk=confirmed.pk).update(ampeco_booking_id=None)
        for _ in range(3):
            finish(operator, workers)
            workers.refresh_all()
        confirmed.refresh_from_db()
        assert confirmed.status == "cancelled"
        reconcile(operator)


class TestAnotherClock:
    """An operator that gives no external id back, and whose clock is not ours."""

    @pytest.fixture(params=[-1440, -30, -10, 0, 10, 30], ids=lambda minutes: f"{minutes:+} min")
    def _skewed(self, request, operator):
        operator.drops_external_id = True
        operator.clock.freeze(now() + timedelta(minutes=request.param))

    @pytest.fixture(params=[False, True], ids=["exact", "rounded"])
    def _rounds(self, request, operator):
        operator.rounds_to_minutes = request.param

    @pytest.mark.usefixtures("_skewed", "_rounds")
    def test_a_lost_answer_makes_one_booking(self, wanted, workers, operator):
        operator.faults.add("cut-after", count=1, **CREATION)
        workers.submit()
        with both_later(operator, AFTER_GRACE):
            workers.submit()
            finish(operator, workers)
            workers.sync()
            reconcile(operator)
        assert len(operator.requests) == 1
        assert Booking.objects.count() == 1

    @pytest.mark.usefixtures("_skewed", "_rounds")
    @pytest.mark.parametrize("kind", ["update", "cancel"])
    def test_a_lost_answer_about_a_booking_is_found(
        self, confirmed, manager, workers, operator, kind
    ):
        if kind == "cancel":
            request_cancellation(booking=confirmed, asked_by=Actor.MANAGER, user=manager)
        else:
            request_change(
                booking=confirmed,
                user=manager,
                driver=confirmed.driver,
                start_at=confirmed.start_at + 3 * HOUR,
                end_at=confirmed.end_at + 3 * HOUR,
                seen_version=confirmed.version,
                submission_key=uuid.uuid4(),
            )
        operator.faults.add("cut-after", count=1, **CREATION)
        workers.submit()
        with both_later(operator, AFTER_GRACE):
            workers.submit()
            finish(operator, workers)
            reconcile(operator)
        assert len(operator.requests) == 2

    def test_an_older_one_that_was_given_up_is_not_taken_for_ours(self, wanted, workers, operator):
        """The driver asked for the same in the app last week, and cancelled it."""
        operator.drops_external_id = True
        older = operator.ask(
            type="create",
            user_id=cast.ANA.id,
            location_id=101,
            start_at=wanted.start_at,
            end_at=wanted.end_at,
        )
        operator.set_booking_status(operator.approve(older), "cancelled")
        older.created_at -= timedelta(days=7)
        operator.faults.add("cut-before", count=1, **CREATION)
        workers.submit()
        with both_later(operator, AFTER_GRACE):
            workers.submit()
            finish(operator, workers)
        wanted.refresh_from_db()
        assert (wanted.status, wanted.ampeco_request_id) == ("approved", 2)
        assert len(live_upstream(operator)) == 1

    @pytest.mark.usefixtures("_skewed")
    def test_its_times_do_not_make_a_request_late(self, request_row, workers):
        workers.submit()
        workers.poll()
        request_row.refresh_from_db()
        assert request_row.status == "pending"
        assert request_row.created_at <= request_row.sent_at <= now()
