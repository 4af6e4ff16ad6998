"""How often bookings are read, and by how many calls."""

from datetime import timedelta

import httpx
import pytest
import time_machine
from django.conf import settings
from django.core.cache import cache
from django.utils.timezone import now

from ampeco.connection import is_refused
from bookings.models import Booking, BookingEvent, ChargingSession
from sites.models import Evse
from sync import refresh, schedule
from sync.open_pages import poll_sooner
from tests.factories import BookingFactory, BookingRequestFactory

pytestmark = pytest.mark.django_db

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)


@pytest.fixture
def unassigned(follow) -> Booking:
    """A booking that the operator has approved, at a charger the portal does not know yet."""
    return follow(evse=None)


def test_nothing_is_read_while_nothing_lives(follow, workers, wire):
    follow(status="cancelled", refresh_at=None)
    calls = len(wire.sent)
    assert workers.refresh() == 0
    assert len(wire.sent) == calls


class TestCharger:
    def test_is_filled_in_once_and_needs_no_attention(self, unassigned, workers, wire):
        assert workers.refresh() == 1
        unassigned.refresh_from_db()
        assert (unassigned.evse.ampeco_id, unassigned.needs_attention) == (301, False)
        event = BookingEvent.objects.get()
        assert (event.what, event.actor) == ("changed", "operator")
        assert event.changes == {"evse": [None, unassigned.evse.pk]}
        calls = len(wire.sent)
        assert workers.refresh() == 0
        assert len(wire.sent) == calls

    def test_is_filled_in_at_once_though_the_approval_is_fresh(self, unassigned, ampeco_client):
        Booking.objects.update(changed_at=now())
        assert refresh.refresh_due(client=ampeco_client) == 1
        unassigned.refresh_from_db()
        assert unassigned.evse.ampeco_id == 301

    def test_that_is_not_mirrored_yet_is_looked_for_again(self, unassigned, workers):
        Booking.objects.update(changed_at=now())
        Evse.objects.filter(ampeco_id=301).update(ampeco_id=399)
        assert workers.refresh() == 0
        unassigned.refresh_from_db()
        assert unassigned.evse is None
        assert now() < unassigned.refresh_at < now() + MINUTE

    def test_that_does_not_come_is_looked_for_less_and_less(self, unassigned):
        pauses = []
        for age in (MINUTE, HOUR, timedelta(days=2)):
            unassigned.start_at, unassigned.end_at = now() + 90 * HOUR, now() + 91 * HOUR
            unassigned.changed_at = now() - age
            pauses.append(schedule.next_read(unassigned, now=now()) - now())
        assert pauses[0] < MINUTE < pauses[1] < 10 * MINUTE < pauses[2]

    def test_is_read_alone_once_before_the_start(self, follow, operator, workers, wire):
        """The list does not name it, and the operator may not say that anything has changed."""
        bookings = [follow(now() + 19 * MINUTE) for _ in range(4)]
        moved = operator.bookings[bookings[0].ampeco_booking_id]
        operator.move_booking(moved, evse_id=302)
        moved.updated_at = bookings[0].changed_at
        Booking.objects.update(refresh_at=now() - 2 * MINUTE, ampeco_updated_at=moved.updated_at)
        assert workers.refresh() == 1
        assert wire.count("bookings/v1.0") == 4
        bookings[0].refresh_from_db()
        assert (bookings[0].evse.ampeco_id, bookings[0].needs_attention) == (302, True)
        Booking.objects.update(refresh_at=now())
        workers.refresh()
        assert wire.count("bookings/v1.0") == 5


def test_a_booking_that_another_row_has_already_stops_nobody(
    unassigned, fleet, driver, workers, operator
):
    """The operator names the same booking for two requests: one is left, the others go on."""
    twin = BookingFactory(
        fleet=fleet,
        driver=driver,
        evse=None,
        location=unassigned.location,
        status="accepted",
        start_at=unassigned.start_at,
        slot_key="",
        refresh_at=now() - MINUTE,
    )
    asked = operator.ask(
        type="create",
        user_id=7001,
        location_id=101,
        evse_id=302,
        start_at=twin.start_at,
        end_at=twin.end_at,
    )
    operator.approve(asked)
    asked.booking_id = unassigned.ampeco_booking_id
    BookingRequestFactory(booking=twin, approved=True, ampeco_request_id=asked.id)
    assert workers.refresh() == 1
    unassigned.refresh_from_db()
    assert unassigned.evse is not None
    workers.refresh()
    twin.refresh_from_db()
    assert twin.ampeco_booking_id is None


def test_requests_that_the_operator_lost_stop_nobody(follow, workers, operator, evse):
    for number in range(3):
        lost = follow(ampeco_booking_id=None, refresh_at=now() - MINUTE, evse=None)
        BookingRequestFactory(booking=lost, approved=True, ampeco_request_id=900 + number)
    operator.bookings.clear()
    good = follow(evse=None)
    assert workers.refresh() == 1
    good.refresh_from_db()
    assert good.evse == evse


class TestPace:
    """When a booking of two hours that has just been read is read again, in minutes."""

    @pytest.mark.parametrize(
        ("status", "minutes_after_start", "expected"),
        [
            ("accepted", -7 * 24 * 60, 60),
            ("accepted", -60, 40),
            ("accepted", -20, 1),
            ("reserved", 0, 1),
            ("accepted", 44, 1),
            ("reserved", 60, 55),
            ("reserved", 116, 1),
            ("accepted", 149, 1),
            ("accepted", 151, 60),
            ("accepted", 27 * 60, None),
            ("unknown", 0, 1),
            ("no-show", 30, 95),
            ("no-show", 126, None),
            ("completed", 10, 5),
            ("completed", 190, None),
            ("cancelled", -60, None),
            ("failed", -5, None),
        ],
    )
    def test_of_a_booking(self, follow, status, minutes_after_start, expected):
        at = now().replace(microsecond=0)
        start = at - minutes_after_start * MINUTE
        booking = follow(start, length=2 * HOUR, status=status)
        due = schedule.next_read(booking, now=at)
        if expected is None:
            assert due is None
        else:
            assert timedelta(0) <= at + expected * MINUTE - due < MINUTE / 4

    @pytest.mark.parametrize(("hours_ago", "seconds"), [(0, 30), (1, 300), (25, 3600)])
    def test_what_is_unknown_is_read_again_soon(self, follow, hours_ago, seconds):
        """It may have been a slip of a moment, at the operator's or on the way."""
        at = now().replace(microsecond=0)
        booking = follow(at + 7 * 24 * HOUR, status="unknown", changed_at=at - hours_ago * HOUR)
        assert schedule.next_read(booking, now=at) == at + timedelta(seconds=seconds)

    def test_of_a_booking_whose_session_is_known(self, follow):
        booking = follow(now() - 10 * MINUTE, status="completed")
        ChargingSession.objects.create(booking=booking, ampeco_session_id="1")
        assert schedule.next_read(booking, now=now()) == booking.end_at + 5 * MINUTE


class TestCalls:
    def test_few_are_read_one_by_one(self, follow, workers, wire):
        follow(now() - MINUTE)
        follow(now() - 2 * MINUTE)
        workers.refresh()
        calls = [request.url.path for request in wire.sent if "/bookings/" in request.url.path]
        assert [path.rpartition("/")[2] for path in calls] == ["1", "2"]

    def test_many_that_start_are_read_by_paging_the_list_once(self, follow, workers, wire):
        for number in range(150):
            follow(now() + (number % 15) * MINUTE)
        workers.refresh()
        assert wire.count("bookings/v1.0") == 2
        soon = now() + MINUTE
        assert Booking.objects.filter(refresh_at__range=(now(), soon)).count() == 150

    def test_those_that_start_and_those_that_end_are_two_lists(self, follow, workers, wire):
        for number in range(5):
            follow(now() + number * MINUTE)
            follow(now() - (120 + number) * MINUTE, length=2 * HOUR)
        workers.refresh()
        assert wire.count("bookings/v1.0") == 2

    def test_a_list_keeps_those_fresh_that_were_not_due(self, follow, operator, workers, wire):
        late = follow(now() + 15 * MINUTE, refresh_at=now() + MINUTE / 2)
        for _ in range(3):
            follow(now() + 15 * MINUTE)
        operator.set_booking_status(operator.bookings[late.ampeco_booking_id], "cancelled")
        assert workers.refresh() == 1
        late.refresh_from_db()
        assert (late.status, late.refresh_at) == ("cancelled", None)

    def test_many_far_ahead_are_read_by_the_list_of_their_time(self, follow, workers, wire):
        for number in range(40):
            follow(now() + (24 + number) * HOUR)
        workers.refresh()
        assert wire.count("bookings/v1.0") == 1
        assert not Booking.objects.filter(refresh_at__lt=now() + 30 * MINUTE).exists()

    def test_what_the_list_does_not_hold_is_read_alone(self, follow, operator, workers, wire):
        """The operator has moved it out of the stretch of time that the list was asked for."""
        bookings = [follow(now() + 15 * MINUTE) for _ in range(4)]
        theirs = operator.bookings[bookings[0].ampeco_booking_id]
        operator.move_booking(
            theirs, start_at=theirs.start_at + 5 * HOUR, end_at=theirs.end_at + 5 * HOUR
        )
        assert workers.refresh() == 1
        assert wire.count("bookings/v1.0") == 2
        bookings[0].refresh_from_db()
        assert bookings[0].start_at == theirs.start_at

    def test_a_list_full_of_others_is_left(self, follow, operator, workers, wire):
        for number in range(500):
            operator.add_booking(
                location_id=101,
                evse_id=302,
                start_at=now() + number * timedelta(seconds=1),
                end_at=now() + HOUR,
            )
        for _ in range(6):
            follow(now() + MINUTE)
        workers.refresh()
        assert wire.count("bookings/v1.0") == 3 + 6

    def test_a_round_reads_no_more_than_so_many_alone(self, follow, workers, wire):
        for _ in range(refresh.MOST_SINGLE + 5):
            follow(evse=None)
        assert workers.refresh() == refresh.MOST_SINGLE
        assert wire.count("bookings/v1.0") == refresh.MOST_SINGLE
        assert workers.refresh() == 5

    def test_what_waits_for_another_round_is_still_looked_at_alone(self, follow, workers, wire):
        for _ in range(refresh.MOST_SINGLE + 5):
            follow(now() + 19 * MINUTE, refresh_at=now() - MINUTE)
        workers.refresh()
        workers.refresh()
        assert wire.count("bookings/v1.0") == refresh.MOST_SINGLE + 5

    def test_older_payloads_name_the_charger_in_the_list(self, follow, operator, workers, wire):
        operator.shape = "3.108"
        bookings = [follow(now() + 15 * MINUTE) for _ in range(4)]
        operator.move_booking(operator.bookings[bookings[0].ampeco_booking_id], evse_id=302)
        assert workers.refresh() == 1
        assert wire.count("bookings/v1.0") == 1
        bookings[0].refresh_from_db()
        assert bookings[0].evse.ampeco_id == 302


class TestTrouble:
    def test_an_outage_ends_the_round_and_nothing_is_lost(self, follow, workers, operator, wire):
        bookings = [follow(evse=None) for _ in range(10)]
        operator.faults.add("server-error")
        assert workers.refresh() == 0
        assert Booking.objects.filter(refresh_at__gt=now()).count() == 10
        assert wire.count("bookings/v1.0") <= 8  # two, each of them tried again
        operator.faults.clear()
        Booking.objects.update(refresh_at=now())
        assert workers.refresh() == len(bookings)

    def test_an_outage_in_the_middle_keeps_what_was_read(self, follow, workers, operator, wire):
        for _ in range(6):
            follow(evse=None)
        seen = []

        def fail_after_three(request):
            seen.append(request)
            if len(seen) == 3:
                operator.faults.add("server-error")

        wire.intercept = fail_after_three
        assert workers.refresh() == 2
        wire.intercept = None
        operator.faults.clear()
        Booking.objects.filter(evse=None).update(refresh_at=now())
        assert workers.refresh() == 4

    def test_one_that_cannot_be_read_does_not_hold_up_the_others(self, follow, workers, operator):
        bad, good = follow(evse=None), follow(evse=None)
        operator.faults.add("server-error", path=f"bookings/v1.0/{bad.ampeco_booking_id}")
        assert workers.refresh() == 1
        good.refresh_from_db()
        assert good.evse is not None

    def test_the_operators_wish_for_a_pause_is_honoured(self, follow, workers, operator, wire):
        for _ in range(3):
            follow(evse=None)
        operator.faults.add("rate-limited", seconds=90)
        workers.refresh()
        assert wire.count("bookings/v1.0") == 1
        assert Booking.objects.filter(refresh_at__gt=now() + 80 * timedelta(seconds=1)).count() == 3

    @pytest.mark.parametrize("status", [403, 422, 500])
    def test_where_the_list_cannot_be_read_it_reads_one_by_one(self, follow, workers, wire, status):
        bookings = [follow(now() + 15 * MINUTE) for _ in range(4)]

        def forbid(request):
            if request.url.path.endswith("/bookings/v1.0"):
                return httpx.Response(status, json={"message": "This action is unauthorized."})
            return None

        wire.intercept = forbid
        workers.refresh()
        assert wire.count("bookings/v1.0/") == len(bookings)
        assert not is_refused()

    def test_a_refused_token_is_said(self, unassigned, workers, operator):
        operator.faults.add("unauthorized")
        workers.refresh()
        assert is_refused()

    def test_who_is_claimed_is_not_read_again(self, unassigned, ampeco_client, wire):
        def sweep_meanwhile(request):
            wire.intercept = None
            assert refresh.refresh_due(client=ampeco_client) == 0

        wire.intercept = sweep_meanwhile
        assert refresh.refresh_due(client=ampeco_client) == 1
        assert wire.count("bookings/v1.0") == 1

    def test_the_rows_of_a_worker_that_died_are_due_again(self, unassigned, ampeco_client, wire):
        def die(request):
            raise KeyboardInterrupt

        wire.intercept = die
        with pytest.raises(KeyboardInterrupt):
            refresh.refresh_due(client=ampeco_client)
        wire.intercept = None
        with time_machine.travel(now() + 3 * MINUTE):
            assert refresh.refresh_due(client=ampeco_client) == 1


class TestWatching:
    def test_brings_the_next_read_within_seconds_while_something_may_happen(self, follow):
        booking = follow(now() - MINUTE, refresh_at=now() + MINUTE)
        poll_sooner([booking])
        booking.refresh_from_db()
        due = booking.refresh_at
        assert now() < due <= now() + timedelta(seconds=15)
        poll_sooner([booking])
        booking.refresh_from_db()
        assert booking.refresh_at == due

    @pytest.mark.parametrize(
        "changes",
        [
            {"start": 24 * HOUR},
            {"status": "cancelled"},
            {"refresh_at": None},
        ],
    )
    def test_changes_nothing_otherwise(self, follow, changes):
        ahead = now() + changes.pop("start", -MINUTE)
        booking = follow(ahead, **({"refresh_at": now() + MINUTE} | changes))
        due = booking.refresh_at
        poll_sooner([booking])
        booking.refresh_from_db()
        assert booking.refresh_at == due

    def test_does_not_make_an_outage_worse(self, follow, workers, operator):
        booking = follow(now() - MINUTE)
        follow(now() - MINUTE)
        operator.faults.add("server-error")
        workers.refresh()
        booking.refresh_from_db()
        due = booking.refresh_at
        poll_sooner([booking])
        booking.refresh_from_db()
        assert booking.refresh_at == due
        cache.clear()
        poll_sooner([booking])
        booking.refresh_from_db()
        assert booking.refresh_at < due


def test_beat_starts_the_sweeps():
    tasks = {entry["task"]: entry["schedule"] for entry in settings.CELERY_BEAT_SCHEDULE.values()}
    assert tasks["bookings.tasks.refresh_bookings"] == schedule.SWEEP
    assert tasks["bookings.tasks.refresh_sessions"] <= MINUTE
    assert tasks["bookings.tasks.sync_bookings"] == settings.BOOKING_SYNC_MINUTES * MINUTE
