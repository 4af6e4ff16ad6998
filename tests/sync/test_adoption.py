"""Bookings that the fleets' drivers make elsewhere."""

from datetime import timedelta

import httpx
import pytest
from django.core.cache import cache
from django.utils.timezone import now

from bookings.models import Actor, Booking, BookingEvent, BookingRequest, ChargingSession
from bookings.state.booking import merge_external_booking
from bookings.state.moves import move_request
from drivers.models import FleetDriver
from drivers.sync import sync_fleet_drivers
from mirror.models import SyncRun
from notifications.models import Notification
from sandbox.world import cast
from sites.models import Evse, Location
from sync import full_walk
from sync.adoption import choose_fleet
from sync.submission import record_decision
from tests.factories import (
    BookingFactory,
    BookingRequestFactory,
    DriverFactory,
    EvseFactory,
    FleetFactory,
    next_noon,
)

pytestmark = pytest.mark.django_db

HOUR = timedelta(hours=1)


@pytest.fixture
def book_in_app(operator, mirrored):
    """Let a driver book in the operator's app."""

    def book_in_app(person=cast.ANA, start=None, *, evse_id=301, **changes):
        start = start or next_noon()
        values = {"location_id": 101, "start_at": start, "end_at": start + HOUR}
        return operator.add_booking(evse_id=evse_id, user_id=person.id, **(values | changes))

    return book_in_app


def _let_fail(wire, *bookings, answer: httpx.Response | None = None) -> None:
    """Let the operator give no single one of these bookings, although its list has them."""
    paths = tuple(f"bookings/v1.0/{each.id}" for each in bookings)
    failed = answer or httpx.Response(500)

    def intercept(request):
        if not request.url.path.endswith(paths):
            return None
        return httpx.Response(failed.status_code, headers=failed.headers, content=failed.content)

    wire.intercept = intercept


class TestFinding:
    def test_makes_a_booking_with_a_line_of_history_and_no_mail(
        self, book_in_app, workers, fleet, driver, evse
    ):
        theirs = book_in_app()
        assert workers.sync().counts["bookings"]["found"] == 1
        booking = Booking.objects.get()
        assert booking.made_elsewhere
        assert (booking.fleet, booking.driver, booking.created_by) == (fleet, driver, None)
        assert (booking.location, booking.evse) == (evse.charge_point.location, evse)
        assert (booking.start_at, booking.end_at) == (theirs.start_at, theirs.end_at)
        assert (booking.status, booking.ampeco_booking_id) == ("accepted", theirs.id)
        assert booking.reminder_at == booking.start_at - HOUR
        assert booking.refresh_at > now()
        event = booking.events.get()
        assert (event.what, event.actor) == ("found", "operator")
        assert not Notification.objects.exists()

    def test_happens_once(self, book_in_app, workers, wire):
        book_in_app()
        workers.sync()
        calls = len(wire.sent)
        workers.sync()
        assert len(wire.sent) == calls + 1
        assert Booking.objects.count() == BookingEvent.objects.count() == 1

    def test_is_followed_like_others(self, book_in_app, workers, operator):
        theirs = book_in_app()
        workers.sync()
        operator.set_booking_status(theirs, "cancelled")
        workers.sync()
        booking = Booking.objects.get()
        assert (booking.status, booking.needs_attention) == ("cancelled", True)
        assert [event.what for event in booking.events.all()] == ["found", "changed"]

    def test_takes_in_the_session_of_one_that_charges(self, book_in_app, workers, operator):
        operator.no_show_share = 0
        book_in_app(start=now() - HOUR / 2)
        workers.sync()
        assert Booking.objects.get().status == "completed"
        workers.read_sessions()
        assert ChargingSession.objects.get().energy_kwh > 0

    @pytest.mark.parametrize("person", [cast.NOBODYS, cast.PENDING, cast.JULES])
    def test_leaves_out_who_drives_for_no_fleet(self, book_in_app, workers, person):
        book_in_app(person)
        workers.sync()
        assert not Booking.objects.exists()

    def test_leaves_out_who_has_left(self, book_in_app, workers):
        FleetDriver.objects.update(left_at=now())
        book_in_app()
        Booking.objects.filter(made_elsewhere=False).delete()
        workers.sync()
        assert not Booking.objects.exists()

    def test_leaves_out_fleets_that_are_not_active(self, book_in_app, workers, fleet):
        fleet.is_active = False
        fleet.save()
        book_in_app()
        workers.sync()
        assert not Booking.objects.exists()

    @pytest.mark.parametrize(
        ("hours_ago", "status", "found"),
        [
            (3, "completed", 1),
            (23, "completed", 1),
            (26, "completed", 0),
            (3, "no-show", 0),
            (-3, "cancelled", 0),
            (-3, "failed", 0),
            (-3, "reserved", 1),
        ],
    )
    def test_leaves_out_what_ended_long_ago_or_was_given_up(
        self, book_in_app, workers, hours_ago, status, found
    ):
        start = now() - (hours_ago + 1) * HOUR if hours_ago > 0 else now() - hours_ago * HOUR
        book_in_app(start=start, status=status)
        workers.sync()
        assert Booking.objects.count() == found

    def test_waits_for_the_mirror(self, book_in_app, workers, wire):
        book_in_app()
        Location.objects.update(ampeco_id=999)
        workers.sync()
        assert not Booking.objects.exists()
        Location.objects.update(ampeco_id=101)
        Evse.objects.filter(ampeco_id=301).update(ampeco_id=998)
        workers.sync()
        assert not Booking.objects.exists()
        calls = wire.count("bookings/v1.0/")
        workers.sync()
        assert wire.count("bookings/v1.0/") == calls  # not read on each walk
        Evse.objects.filter(ampeco_id=998).update(ampeco_id=301)
        cache.clear()
        workers.sync()
        assert Booking.objects.count() == 1

    def test_reads_no_more_than_so_many_chargers_a_walk(
        self, book_in_app, workers, wire, monkeypatch
    ):
        monkeypatch.setattr(full_walk, "MOST_READS", 3)
        for number in range(5):
            book_in_app(start=next_noon() + number * HOUR)
        assert workers.sync().counts["bookings"]["found"] == 3
        assert wire.count("bookings/v1.0") == 4
        assert list(Booking.objects.order_by("pk").values_list("start_at", flat=True)) == [
            next_noon() + number * HOUR for number in range(3)
        ]
        assert workers.sync().counts["bookings"]["found"] == 2

    @pytest.mark.parametrize(
        "answer", [httpx.Response(500), httpx.Response(200, json={"data": {"id": 1}})]
    )
    def test_one_that_cannot_be_read_alone_does_not_stop_the_walk(
        self, book_in_app, workers, wire, answer
    ):
        broken, good = book_in_app(), book_in_app(start=next_noon() + 3 * HOUR)
        _let_fail(wire, broken, answer=answer)
        run = workers.sync()
        assert (run.state, run.problem) == (SyncRun.State.FINISHED, "")
        assert Booking.objects.get().ampeco_booking_id == good.id
        calls = wire.count(f"bookings/v1.0/{broken.id}")
        assert workers.sync().state == SyncRun.State.FINISHED
        assert wire.count(f"bookings/v1.0/{broken.id}") == calls  # not read on each walk
        wire.intercept = None
        cache.clear()
        assert workers.sync().counts["bookings"]["found"] == 1

    def test_several_that_cannot_be_read_hold_the_walk_up_for_some_runs_only(
        self, book_in_app, workers, wire
    ):
        *broken, good = (book_in_app(start=next_noon() + number * HOUR) for number in range(4))
        _let_fail(wire, *broken)
        states = [workers.sync().state for _number in range(3)]
        assert states == [SyncRun.State.BROKEN_OFF] * 2 + [SyncRun.State.FINISHED]
        assert Booking.objects.get().ampeco_booking_id == good.id

    def test_a_pause_that_the_operator_asks_for_ends_the_walk(self, book_in_app, workers, wire):
        theirs = book_in_app()
        _let_fail(wire, theirs, answer=httpx.Response(429, headers={"Retry-After": "90"}))
        run = workers.sync()
        assert (run.state, "90 seconds" in run.problem) == (SyncRun.State.BROKEN_OFF, True)

    def test_needs_no_single_read_where_the_list_names_the_charger(
        self, book_in_app, workers, operator, wire
    ):
        operator.shape = "3.108"
        book_in_app()
        workers.sync()
        assert Booking.objects.get().evse.ampeco_id == 301
        assert wire.count("bookings/v1.0") == 1


class TestChoosingTheFleet:
    @pytest.fixture
    def memberships(self):
        driver = DriverFactory()
        fleets = [FleetFactory() for _ in range(3)]
        made = [FleetDriver.objects.create(fleet=each, driver=driver) for each in fleets]
        for number, one in enumerate(made):
            FleetDriver.objects.filter(pk=one.pk).update(added_at=now() - number * HOUR)
        return list(FleetDriver.objects.select_related("fleet").order_by("pk"))

    def test_the_one_that_the_driver_joined_first(self, memberships):
        assert choose_fleet(memberships, EvseFactory()) == memberships[2].fleet

    def test_the_owner_of_a_private_charger(self, memberships):
        evse = EvseFactory(
            charge_point__type="private",
            charge_point__ampeco_partner_id=memberships[0].fleet.ampeco_partner_id,
        )
        assert choose_fleet(memberships, evse) == memberships[0].fleet

    def test_the_first_where_another_company_owns_it(self, memberships):
        evse = EvseFactory(charge_point__type="private", charge_point__ampeco_partner_id=1)
        assert choose_fleet(memberships, evse) == memberships[2].fleet

    def test_a_driver_of_two_fleets_is_found_once(
        self, book_in_app, workers, fleet, other_fleet, ampeco_client
    ):
        sync_fleet_drivers(other_fleet, client=ampeco_client)
        book_in_app(cast.BOTH)
        workers.sync()
        assert Booking.objects.get().fleet == fleet


class TestOurOwn:
    """A booking that a request of ours has made is not one made elsewhere."""

    @pytest.fixture
    def approved_upstream(self, request_row, workers, operator):
        workers.submit()
        operator.decide(operator.requests[1])
        request_row.refresh_from_db()
        return request_row

    def test_is_not_found_before_the_poll(self, approved_upstream, workers):
        assert workers.sync().counts["bookings"]["found"] == 0
        workers.poll()
        assert Booking.objects.get().ampeco_booking_id == 1

    def test_what_cannot_be_told_from_it_does_not_stop_the_walk(
        self, approved_upstream, workers, operator, wire, book_in_app
    ):
        workers.poll()
        book_in_app(cast.ANA, evse_id=302)
        other = book_in_app(cast.BOTH, next_noon() + 3 * HOUR)

        def intercept(request):
            asks_whose = request.method == "GET" and "booking-requests" in request.url.path
            return httpx.Response(500) if asks_whose else None

        wire.intercept = intercept
        assert workers.sync().state == SyncRun.State.FINISHED
        assert Booking.objects.get(made_elsewhere=True).ampeco_booking_id == other.id
        wire.intercept = None
        assert workers.sync().counts["bookings"]["found"] == 1

    def test_is_not_found_while_its_id_is_not_known(self, approved_upstream, workers):
        workers.poll()
        Booking.objects.update(ampeco_booking_id=None)
        assert workers.sync().counts["bookings"]["found"] == 0

    def test_another_time_of_the_same_driver_is_found(
        self, approved_upstream, workers, book_in_app
    ):
        book_in_app(start=next_noon() + 3 * HOUR)
        assert workers.sync().counts["bookings"]["found"] == 1

    def test_merges_with_a_row_that_slipped_through(
        self, approved_upstream, workers, fleet, driver, evse
    ):
        """However it came about: the approval takes the row's place, and nothing of it is lost."""
        found = BookingFactory(
            fleet=fleet,
            driver=driver,
            evse=evse,
            accepted=True,
            made_elsewhere=True,
            ampeco_booking_id=1,
            slot_key="",
            version=9,
        )
        BookingEvent.objects.create(booking=found, what="found", actor="operator")
        ChargingSession.objects.create(booking=found, ampeco_session_id="7")
        asked = BookingRequest.objects.create(
            booking=found,
            kind="cancel",
            driver=driver,
            location=found.location,
            start_at=found.start_at,
            end_at=found.end_at,
        )
        Booking.objects.filter(pk=found.pk).update(open_change="cancel")
        assert workers.poll() == 1
        booking = Booking.objects.get()
        assert booking.pk == approved_upstream.booking_id
        assert (booking.ampeco_booking_id, booking.made_elsewhere) == (1, False)
        assert (booking.status, booking.open_change) == ("accepted", "cancel")
        assert booking.charging_session.ampeco_session_id == "7"
        # The entry that was mailed of it can be changed and removed.
        assert (booking.calendar_uid, booking.version) == (found.calendar_uid, 10)
        assert booking.events.filter(what="found").exists()
        asked.refresh_from_db()
        assert asked.booking == booking

    def test_a_request_that_was_read_before_is_carried_to_the_merged_booking(
        self, approved_upstream, fleet, driver, evse
    ):
        found = BookingFactory(
            fleet=fleet,
            driver=driver,
            evse=evse,
            accepted=True,
            made_elsewhere=True,
            ampeco_booking_id=1,
            slot_key="",
            open_change="cancel",
        )
        asked = BookingRequestFactory(booking=found, kind="cancel", pending=True)
        assert move_request(
            approved_upstream, to="approved", actor=Actor.OPERATOR, ampeco_booking_id=1
        )
        assert asked.booking_id == found.pk, "as a sweep has it in its hands"
        assert move_request(asked, to="approved", actor=Actor.OPERATOR)
        booking = Booking.objects.get()
        assert (booking.pk, booking.status) == (approved_upstream.booking_id, "cancelled")
        assert asked.booking.pk == booking.pk

    def test_merges_when_the_id_comes_later(self, approved_upstream, workers, fleet, driver, evse):
        workers.poll()
        Booking.objects.update(ampeco_booking_id=None, refresh_at=now())
        BookingFactory(
            fleet=fleet,
            driver=driver,
            evse=evse,
            accepted=True,
            made_elsewhere=True,
            ampeco_booking_id=1,
            slot_key="",
        )
        workers.refresh()
        booking = Booking.objects.get()
        assert (booking.ampeco_booking_id, booking.pk) == (1, approved_upstream.booking_id)

    def test_does_not_merge_with_another_booking_of_ours(
        self, approved_upstream, fleet, driver, evse
    ):
        ours = BookingFactory(
            fleet=fleet, driver=driver, evse=evse, accepted=True, ampeco_booking_id=1, slot_key=""
        )
        merge_external_booking(approved_upstream.booking, ampeco_booking_id=1)
        ours.refresh_from_db()
        assert Booking.objects.count() == 2

    def test_an_approval_without_id_merges_with_nothing(self, approved_upstream, ampeco_client):
        answer = ampeco_client.read_booking_request(1)
        object.__setattr__(answer, "booking_id", None)
        assert record_decision(approved_upstream, answer)
        assert Booking.objects.get().ampeco_booking_id is None
