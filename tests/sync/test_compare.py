"""What the operator does to bookings is recorded once, and what we asked for is not its doing."""

import threading
import uuid
from dataclasses import replace
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils.timezone import now

from ampeco.types import Booking as Theirs
from bookings.actions.change import request_cancellation, request_change
from bookings.models import Actor, Booking, BookingEvent, BookingRequest, ChargingSession
from drivers.models import Driver
from sandbox.world import cast
from sandbox.world.records import ChargePoint, Connector, Location
from sandbox.world.records import Evse as Charger
from sites.mirroring import full_walk
from sites.models import Evse
from sites.models import Location as Site
from sync import compare, polling, refresh
from sync.compare import Outcome
from sync.full_walk import sync_bookings
from tests.factories import next_noon

pytestmark = pytest.mark.django_db

HOUR = timedelta(hours=1)
STATUSES = ["accepted", "reserved", "completed", "cancelled", "no-show", "failed", "unknown"]


@pytest.fixture
def booking(follow) -> Booking:
    return follow(next_noon())


@pytest.fixture
def theirs(booking, operator):
    """The operator's own record of the booking."""
    return operator.bookings[booking.ampeco_booking_id]


@pytest.fixture
def other_site(operator, ampeco_client, mirrored):
    """Another site of the operator with a charger, mirrored."""
    operator.add_location(
        Location(102, {"en": "Pier 57"}, "US", 40.7, -74.0, "America/New_York", now())
    )
    operator.add_charge_point(ChargePoint(202, "CP-2", 102, now()))
    operator.add_evse(
        Charger(303, 202, "REF-303", "Bay 303", "dc", 150, [Connector(3030, "ccs1")], now())
    )
    full_walk.sync_sites(client=ampeco_client, full=True)
    return Site.objects.get(ampeco_id=102)


def answer_for(booking: Booking, **changes) -> Theirs:
    """Return the operator's answer about a booking, the same as ours but for some changes."""
    known = Theirs(
        id=booking.ampeco_booking_id,
        user_id=booking.driver.ampeco_user_id,
        location_id=booking.location.ampeco_id,
        start_at=booking.start_at,
        end_at=booking.end_at,
        status=booking.status,
        evse_ids=(booking.evse.ampeco_id,),
        session_id=None,
        access_methods=(),
        created_at=None,
        last_updated_at=None,
    )
    return replace(known, **changes)


def history(booking: Booking) -> list[tuple[str, dict]]:
    return [(event.what, event.changes) for event in booking.events.all()]


class TestStatus:
    @pytest.mark.parametrize("after", STATUSES)
    @pytest.mark.parametrize("before", STATUSES)
    def test_is_recorded_once_whatever_it_was(self, booking, before, after):
        Booking.objects.update(status=before)
        for expected in (Outcome.CHANGED, Outcome.SAME):
            booking = compare.followed().get()
            outcome = compare.record(
                booking, answer_for(booking, status=after), asked_at=now() + HOUR
            )
            assert outcome == (Outcome.SAME if before == after else expected)
        booking = Booking.objects.get()
        assert booking.status == after
        if before == after:
            assert not booking.events.exists()
            return
        assert history(booking) == [("changed", {"status": [before, after]})]
        assert booking.events.get().actor == Actor.OPERATOR
        needs = after in {"cancelled", "failed", "no-show", "unknown"}
        assert booking.needs_attention == needs
        assert booking.version == 1
        assert (booking.refresh_at is None) == (after in {"cancelled", "failed"})

    @pytest.mark.parametrize("status", ["reserved", "cancelled", "no-show", "failed"])
    def test_comes_in_by_a_single_read(self, booking, theirs, workers, operator, status):
        operator.set_booking_status(theirs, status)
        assert workers.refresh() == 1
        assert workers.refresh_all() == 0
        booking.refresh_from_db()
        assert booking.status == status
        assert len(history(booking)) == 1

    @pytest.mark.parametrize("status", ["reserved", "cancelled", "no-show", "failed"])
    def test_comes_in_by_the_list(self, booking, theirs, workers, operator, status):
        Booking.objects.update(refresh_at=now() + HOUR)
        operator.set_booking_status(theirs, status)
        workers.sync()
        workers.refresh()
        assert workers.sync().counts["bookings"]["changed"] == 0
        booking.refresh_from_db()
        assert booking.status == status
        assert len(history(booking)) == 1

    def test_that_nobody_knows_is_unknown_until_it_is_known_again(
        self, booking, theirs, workers, operator
    ):
        operator.set_booking_status(theirs, "on-hold")
        assert (workers.refresh(), workers.refresh_all()) == (1, 0)
        booking.refresh_from_db()
        assert (booking.status, booking.needs_attention) == ("unknown", True)
        assert booking.refresh_at is not None
        operator.set_booking_status(theirs, "accepted")
        assert workers.refresh_all() == 1
        booking.refresh_from_db()
        assert booking.status == "accepted"
        assert booking.reminder_at is not None
        assert [changes["status"] for _what, changes in history(booking)] == [
            ["accepted", "unknown"],
            ["unknown", "accepted"],
        ]

    def test_that_the_table_does_not_expect_is_recorded_and_logged(
        self, booking, theirs, operator, workers, caplog
    ):
        Booking.objects.update(status="cancelled")
        assert workers.refresh() == 1
        booking.refresh_from_db()
        assert booking.status == "accepted"
        assert "from cancelled to accepted" in caplog.text


class TestMoves:
    def test_to_another_time_with_old_and_new(self, booking, theirs, operator, workers):
        start, end = booking.start_at, booking.end_at
        operator.move_booking(theirs, start_at=start + HOUR, end_at=end + HOUR)
        assert (workers.refresh(), workers.refresh_all()) == (1, 0)
        booking.refresh_from_db()
        assert (booking.start_at, booking.end_at) == (start + HOUR, end + HOUR)
        assert booking.needs_attention
        assert booking.reminder_at == start  # an hour before
        assert history(booking) == [
            (
                "changed",
                {
                    "start_at": [start.isoformat(), (start + HOUR).isoformat()],
                    "end_at": [end.isoformat(), (end + HOUR).isoformat()],
                },
            )
        ]

    def test_to_another_driver_of_the_fleet(self, booking, theirs, operator, workers):
        ben = Driver.objects.get(ampeco_user_id=cast.BEN.id)
        operator.move_booking(theirs, user_id=cast.BEN.id)
        assert workers.refresh() == 1
        old = booking.driver_id
        booking.refresh_from_db()
        assert (booking.driver, booking.needs_attention) == (ben, True)
        assert history(booking) == [("changed", {"driver": [old, ben.pk]})]

    @pytest.mark.parametrize("user_id", [cast.NOBODYS.id, cast.JULES.id])
    def test_to_a_driver_who_is_not_the_fleets_is_noted_once(
        self, booking, theirs, operator, workers, user_id, other_fleet, ampeco_client
    ):
        from drivers.sync import sync_fleet_drivers

        sync_fleet_drivers(other_fleet, client=ampeco_client)
        operator.move_booking(theirs, user_id=user_id)
        assert workers.refresh() == 1
        assert workers.refresh_all() == 0
        driver = booking.driver
        booking.refresh_from_db()
        assert (booking.driver, booking.needs_attention) == (driver, True)
        event = booking.events.get()
        assert event.changes == {}
        assert str(user_id) in event.note

    def test_to_another_charger(self, booking, theirs, operator, workers):
        operator.move_booking(theirs, evse_id=302)
        assert workers.refresh() == 1
        old = booking.evse_id
        booking.refresh_from_db()
        assert (booking.evse.ampeco_id, booking.needs_attention) == (302, True)
        assert history(booking) == [("changed", {"evse": [old, booking.evse_id]})]

    def test_to_another_charger_is_noticed_by_the_list(self, booking, theirs, operator, workers):
        """It names no charger, but says that something has changed."""
        workers.refresh()
        operator.clock.advance(timedelta(minutes=1))
        operator.move_booking(theirs, evse_id=302)
        workers.sync()
        booking.refresh_from_db()
        assert booking.evse.ampeco_id == 301
        assert workers.refresh() == 1
        booking.refresh_from_db()
        assert booking.evse.ampeco_id == 302

    def test_to_another_site_and_time_is_told_as_one(
        self, booking, theirs, operator, workers, other_site
    ):
        operator.move_booking(theirs, evse_id=303, start_at=theirs.start_at - HOUR)
        workers.sync()
        workers.refresh()
        booking.refresh_from_db()
        assert (booking.location, booking.evse.ampeco_id) == (other_site, 303)
        ((what, changes),) = history(booking)
        assert (what, set(changes)) == ("changed", {"location", "evse", "start_at"})

    def test_to_a_place_that_is_not_mirrored_is_noted_and_recorded_once_it_is(
        self, booking, theirs, operator, workers, other_site
    ):
        Site.objects.filter(pk=other_site.pk).update(ampeco_id=999)
        operator.move_booking(theirs, evse_id=303)
        assert workers.refresh() == 1
        assert workers.refresh_all() == 0
        booking.refresh_from_db()
        assert (booking.location.ampeco_id, booking.evse.ampeco_id) == (101, 301)
        assert "102" in booking.events.get().note
        Site.objects.filter(pk=other_site.pk).update(ampeco_id=102)
        assert workers.refresh_all() == 1
        booking.refresh_from_db()
        assert booking.location == other_site

    def test_to_a_charger_that_is_not_mirrored_keeps_ours(self, booking, theirs, operator, workers):
        Evse.objects.filter(ampeco_id=302).update(ampeco_id=998)
        operator.move_booking(theirs, evse_id=302)
        assert workers.refresh() == 1
        booking.refresh_from_db()
        assert (booking.evse.ampeco_id, booking.needs_attention) == (301, True)
        assert "302" in booking.events.get().note

    def test_times_that_make_no_sense_are_left(self, booking):
        answer = answer_for(booking, end_at=booking.start_at, status="reserved")
        booking = compare.followed().get()
        assert compare.record(booking, answer, asked_at=now()) is Outcome.CHANGED
        assert history(booking) == [("changed", {"status": ["accepted", "reserved"]})]

    def test_no_driver_named_is_no_other_driver(self, booking):
        booking = compare.followed().get()
        answer = answer_for(booking, user_id=None)
        assert compare.record(booking, answer, asked_at=now()) is Outcome.SAME


def test_what_is_the_same_is_not_written_row_by_row(follow, operator, ampeco_client):
    """A page costs one query to read ours, and a few to set when they are read next."""
    for number in range(90):
        follow(now() + (2 + number) * HOUR)
    (page,) = ampeco_client.booking_pages()
    for expected in (8, 1):
        with CaptureQueriesContext(connection) as queries:
            record = compare.record_page(page.items, asked_at=now())
        assert (record.changed, len(record.done)) == (0, 90)
        assert len(queries) <= expected
    assert not BookingEvent.objects.exists()
    assert set(Booking.objects.values_list("version", flat=True)) == {0}


def test_a_row_that_cannot_be_recorded_does_not_stop_the_others(follow, operator, workers):
    bad, good = follow(), follow()
    for booking in (bad, good):
        operator.set_booking_status(operator.bookings[booking.ampeco_booking_id], "cancelled")
    refuse_to_cancel(bad)
    workers.sync()
    good.refresh_from_db()
    bad.refresh_from_db()
    assert (good.status, bad.status) == ("cancelled", "accepted")


def refuse_to_cancel(booking: Booking) -> None:
    """Let the database refuse a change."""
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute(
                "CREATE TRIGGER refuse BEFORE UPDATE OF status ON bookings_booking "
                f"WHEN new.id = {int(booking.pk)} BEGIN SELECT RAISE(ABORT, 'no'); END"
            )
        else:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            cursor.execute(
                "ALTER TABLE bookings_booking ADD CONSTRAINT refuse "
                f"CHECK (id <> {int(booking.pk)} OR status <> 'cancelled')"
            )


class TestGone:
    def test_is_told_once_and_kept_as_unknown(self, booking, theirs, operator, workers, wire):
        operator.forget_booking(theirs)
        assert (workers.refresh(), workers.refresh_all()) == (1, 0)
        booking.refresh_from_db()
        assert (booking.status, booking.needs_attention) == ("unknown", True)
        assert history(booking) == [("gone", {"status": ["accepted", "unknown"]})]

    def test_needs_confirmation_by_the_list(self, booking, operator, workers, wire):
        operator_says_404 = wire.count

        def hide(request):
            if request.url.path.endswith(f"/{booking.ampeco_booking_id}"):
                request.url = request.url.copy_with(path=request.url.path + "9999")

        wire.intercept = hide
        assert workers.refresh() == 0
        booking.refresh_from_db()
        assert booking.status == "accepted"
        assert booking.refresh_at > now()
        assert operator_says_404("bookings/v1.0") == 2

    def test_comes_back_as_it_is(self, booking, theirs, operator, workers):
        operator.forget_booking(theirs)
        workers.refresh()
        operator.bookings[theirs.id] = theirs
        assert workers.refresh_all() == 1
        booking.refresh_from_db()
        assert booking.status == "accepted"

    def test_of_what_is_over_is_no_news(self, follow, operator, workers):
        booking = follow(now() - 2 * HOUR, status="completed")
        operator.forget_booking(operator.bookings[booking.ampeco_booking_id])
        assert workers.refresh() == 0
        booking.refresh_from_db()
        assert booking.status == "completed"
        assert not booking.events.exists()


class TestStaleReads:
    def test_what_was_asked_before_our_change_says_nothing(self, booking):
        Booking.objects.update(changed_at=now())
        booking = compare.followed().get()
        answer = answer_for(booking, status="cancelled", start_at=booking.start_at - HOUR)
        outcome = compare.record_single(booking, answer, asked_at=now())
        assert outcome is Outcome.READ_AGAIN
        assert not booking.events.exists()

    def test_is_read_again_soon(self, booking, theirs, operator, ampeco_client):
        Booking.objects.update(changed_at=now())
        operator.set_booking_status(theirs, "cancelled")
        assert refresh.refresh_due(client=ampeco_client) == 0
        booking.refresh_from_db()
        assert booking.status == "accepted"
        assert now() < booking.refresh_at < now() + timedelta(minutes=1)

    def test_what_we_have_just_ended_is_not_followed_again(self, booking, ampeco_client):
        Booking.objects.update(changed_at=now(), status="cancelled", refresh_at=None)
        sync_bookings(client=ampeco_client)
        booking.refresh_from_db()
        assert (booking.status, booking.refresh_at) == ("cancelled", None)

    def test_a_change_of_ours_during_the_call_wins(self, booking, workers, wire, operator, theirs):
        operator.set_booking_status(theirs, "reserved")

        def change(request):
            wire.intercept = None
            Booking.objects.update(
                end_at=booking.end_at + HOUR, version=1, changed_at=now(), refresh_at=None
            )

        wire.intercept = change
        assert workers.refresh() == 0
        booking.refresh_from_db()
        assert booking.end_at == theirs.end_at + HOUR

    def test_a_version_that_is_no_longer_current_changes_nothing(self, booking):
        booking = compare.followed().get()
        Booking.objects.update(version=5)
        answer = answer_for(booking, status="cancelled")
        assert compare.record(booking, answer, asked_at=now()) is Outcome.READ_AGAIN
        assert Booking.objects.get().status == "accepted"
        assert not BookingEvent.objects.exists()


class TestOurOwnRequests:
    """A request of ours has been decided upstream, and the poll has not seen it yet, or has."""

    @pytest.fixture
    def approve(self, operator, workers):
        def approve(request: BookingRequest) -> None:
            workers.submit()
            request.refresh_from_db()
            operator.decide(operator.requests[request.ampeco_request_id])
            BookingRequest.objects.update(next_attempt_at=now() + HOUR)

        return approve

    @pytest.fixture
    def cancel(self, booking, manager) -> BookingRequest:
        asked = request_cancellation(
            booking=booking, asked_by=Actor.MANAGER, user=manager, driver=booking.driver
        )
        return asked.request

    @pytest.fixture
    def update(self, booking, manager) -> BookingRequest:
        return request_change(
            booking=booking,
            user=manager,
            driver=booking.driver,
            start_at=booking.start_at + HOUR,
            end_at=booking.end_at + HOUR,
            seen_version=booking.version,
            submission_key=uuid.uuid4(),
        )

    @pytest.mark.parametrize("sweep", ["refresh_all", "sync"])
    def test_cancellation_read_before_the_poll(self, cancel, approve, workers, booking, sweep):
        approve(cancel)
        getattr(workers, sweep)()
        booking.refresh_from_db()
        assert (booking.status, booking.open_change) == ("accepted", "cancel")
        assert now() < booking.refresh_at < now() + timedelta(minutes=1)
        assert polling.poll_due(client=workers.client) == 1  # without waiting for its turn
        self.is_cancelled_by_us(booking)

    def test_cancellation_read_after_the_poll(self, cancel, approve, workers, booking):
        approve(cancel)
        workers.poll()
        workers.refresh_all()
        workers.sync()
        self.is_cancelled_by_us(booking)

    def is_cancelled_by_us(self, booking):
        booking.refresh_from_db()
        assert (booking.status, booking.open_change) == ("cancelled", "")
        assert not booking.needs_attention
        assert not booking.events.filter(actor="operator").exists()

    @pytest.mark.parametrize("sweep", ["refresh_all", "sync"])
    def test_change_read_before_the_poll(self, update, approve, workers, booking, sweep):
        start = booking.start_at
        approve(update)
        getattr(workers, sweep)()
        booking.refresh_from_db()
        assert (booking.start_at, booking.open_change) == (start, "update")
        assert polling.poll_due(client=workers.client) == 1
        self.is_changed_by_us(booking, start)

    def test_change_read_after_the_poll(self, update, approve, workers, booking):
        start = booking.start_at
        approve(update)
        workers.poll()
        workers.refresh_all()
        workers.sync()
        self.is_changed_by_us(booking, start)

    def is_changed_by_us(self, booking, start):
        booking.refresh_from_db()
        assert (booking.start_at, booking.open_change) == (start + HOUR, "")
        assert not booking.needs_attention
        assert not booking.events.filter(actor="operator").exists()

    def test_what_else_the_operator_did_is_recorded(
        self, update, approve, workers, booking, theirs, operator
    ):
        approve(update)
        operator.set_booking_status(theirs, "reserved")
        assert workers.refresh_all() == 1
        booking.refresh_from_db()
        assert history(booking)[-1] == ("changed", {"status": ["accepted", "reserved"]})

    def test_another_time_than_we_asked_for_is_the_operators(
        self, update, workers, booking, theirs, operator
    ):
        workers.submit()
        operator.move_booking(theirs, end_at=theirs.end_at + 2 * HOUR)
        assert workers.refresh_all() == 1
        assert history(booking)[-1][0] == "changed"

    def test_one_that_was_never_sent_explains_nothing(
        self, cancel, workers, booking, theirs, operator
    ):
        operator.set_booking_status(theirs, "cancelled")
        assert workers.refresh_all() == 1
        booking.refresh_from_db()
        assert (booking.status, booking.needs_attention) == ("cancelled", True)

    def test_one_that_went_unanswered_for_long_explains_nothing(
        self, cancel, approve, workers, booking, settings
    ):
        approve(cancel)
        BookingRequest.objects.update(sent_at=now() - 25 * HOUR)
        assert workers.refresh_all() == 1
        booking.refresh_from_db()
        assert booking.status == "cancelled"

    def test_gone_while_it_is_being_cancelled(self, cancel, approve, workers, operator, booking):
        approve(cancel)
        operator.forget_booking(operator.bookings[booking.ampeco_booking_id])
        workers.refresh_all()
        booking.refresh_from_db()
        assert booking.status == "accepted"
        polling.poll_due(client=workers.client)
        self.is_cancelled_by_us(booking)


def test_a_session_is_noted_with_whatever_names_it(booking, theirs, workers, operator):
    operator.clock.freeze(booking.start_at + timedelta(minutes=20))
    operator.no_show_share = 0
    assert workers.refresh() == 1
    assert ChargingSession.objects.get(booking=booking).ampeco_session_id == "1"


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif("connection.vendor != 'postgresql'", reason="needs PostgreSQL")
def test_two_sweeps_at_once_record_a_change_once(follow, operator, workers):
    bookings = [follow(refresh_at=now()) for _ in range(10)]
    for booking in bookings:
        operator.set_booking_status(operator.bookings[booking.ampeco_booking_id], "cancelled")
    items = tuple(answer_for(booking, status="cancelled") for booking in bookings)
    barrier = threading.Barrier(3)
    pages = []

    def sweep():
        barrier.wait()
        pages.append(compare.record_page(items, asked_at=now() + HOUR))
        connection.close()

    threads = [threading.Thread(target=sweep) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(page.changed for page in pages) == 10
    assert BookingEvent.objects.count() == 10
    assert set(Booking.objects.values_list("status", "version")) == {("cancelled", 1)}
