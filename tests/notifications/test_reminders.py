"""Reminders before the start: once, at the fleet's time, and only of what still takes place."""

import threading
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.utils.timezone import now

from bookings.models import Actor, Booking, BookingEvent
from bookings.state.booking import change_booking, write
from notifications import tasks
from notifications.delivery import deliver_due
from notifications.kinds.base import Choice
from notifications.models import Notification
from notifications.recipients import Kind, Managers, save_choices
from notifications.reminders import BATCH, plan_due_reminders, set_lead_time
from tests.factories import BookingFactory, DriverFactory, FleetFactory, MembershipFactory
from tests.notifications.mail_reading import subject_of, text_of

pytest_plugins = ["tests.smtp_sink"]
pytestmark = pytest.mark.django_db

State = Notification.State
What = BookingEvent.What
HOUR = timedelta(hours=1)


@pytest.fixture
def booking(fleet, manager) -> Booking:
    """A booking that starts in an hour, of which to remind now."""
    start = now() + HOUR
    return BookingFactory(
        fleet=fleet,
        accepted=True,
        created_by=manager,
        driver__email="dana@hudson.example",
        start_at=start,
        end_at=start + HOUR,
        reminder_at=start - HOUR,
    )


def reminders() -> list[tuple[str, str]]:
    rows = Notification.objects.filter(kind=Kind.REMINDER).order_by("pk")
    return [(row.recipient_email, row.state) for row in rows]


def test_a_reminder_goes_to_the_driver_with_the_charger(booking, smtp_sink):
    assert plan_due_reminders() == 1
    assert deliver_due() == 1
    mail = smtp_sink.mails["dana@hudson.example"]
    assert subject_of(mail).startswith(f"Reminder: {booking.location.name}")
    assert booking.evse.physical_reference in text_of(mail)
    row = Notification.objects.get()
    assert (row.request, row.event, row.recipient_driver) == (None, None, booking.driver)


def test_managers_get_it_if_they_want_it(booking, fleet, manager):
    MembershipFactory(fleet=fleet, user__email="tom@hudson.example")
    save_choices(fleet, {Kind.REMINDER: Choice(Managers.ASKED, driver=False)})
    assert plan_due_reminders() == 1
    assert reminders() == [(manager.email, State.QUEUED)]


def test_nobody_is_reminded_twice(booking):
    assert [plan_due_reminders() for _ in range(3)] == [1, 0, 0]
    assert len(reminders()) == 1
    booking.refresh_from_db()
    assert booking.reminder_at is None
    assert booking.version == 0


def test_a_reminder_that_is_not_due_waits(booking):
    assert plan_due_reminders(now=booking.reminder_at - timedelta(seconds=1)) == 0
    assert plan_due_reminders(now=booking.reminder_at) == 1


def test_workers_that_were_away_remind_of_what_has_not_begun(booking):
    late = BookingFactory(
        fleet=booking.fleet,
        accepted=True,
        start_at=booking.start_at - 2 * HOUR,
        reminder_at=booking.start_at - 3 * HOUR,
    )
    assert plan_due_reminders(now=booking.start_at - timedelta(minutes=1)) == 1
    assert Notification.objects.get().booking == booking
    assert not Booking.objects.filter(reminder_at__isnull=False).exists()
    assert not late.notifications.exists()


@pytest.mark.parametrize("status", ["cancelled", "completed", "failed", "requested"])
def test_what_is_not_confirmed_is_nobody_s_next_stop(booking, status):
    Booking.objects.update(status=status)
    assert plan_due_reminders() == 0
    assert not Booking.objects.filter(reminder_at__isnull=False).exists()


def test_many_are_taken_in_batches(booking, django_assert_max_num_queries):
    due = {"start_at": booking.start_at, "reminder_at": booking.reminder_at}
    BookingFactory.create_batch(
        BATCH + 1, fleet=booking.fleet, evse=booking.evse, accepted=True, slot_key="", **due
    )
    with django_assert_max_num_queries(24):
        assert plan_due_reminders() == BATCH + 2
    assert plan_due_reminders() == 0


def test_the_task_reminds(booking):
    tasks.plan_reminders()
    assert len(reminders()) == 1


# What happens between planning and sending


def happens(booking, **changes):
    booking.refresh_from_db()
    assert change_booking(booking, what=What.CHANGED, actor=Actor.OPERATOR, **changes)


@pytest.mark.parametrize("status", ["cancelled", "failed", "completed"])
def test_a_booking_that_ends_before_its_reminder_is_sent(booking, smtp_sink, status):
    plan_due_reminders()
    happens(booking, status=Booking.Status(status))
    deliver_due()
    assert reminders() == [("dana@hudson.example", State.DROPPED)]
    subjects = [subject_of(each.message) for each in smtp_sink.received]
    assert not [each for each in subjects if each.startswith("Reminder")]


def test_a_booking_that_is_moved_is_reminded_of_at_its_new_time(booking, smtp_sink):
    plan_due_reminders()
    later = booking.start_at + 3 * HOUR
    happens(booking, start_at=later, end_at=later + HOUR)
    deliver_due()
    assert reminders() == [("dana@hudson.example", State.DROPPED)]
    assert plan_due_reminders(now=later - HOUR) == 1
    assert deliver_due(now=later - HOUR) == 1
    assert [state for _, state in reminders()] == [State.DROPPED, State.SENT]


def test_a_booking_that_is_moved_so_close_that_no_other_reminder_comes(booking, smtp_sink):
    plan_due_reminders()
    sooner = booking.start_at - timedelta(minutes=20)
    happens(booking, start_at=sooner)
    deliver_due()
    assert reminders() == [("dana@hudson.example", State.SENT)]
    assert f"{sooner.astimezone(booking.zone):%H:%M}" in text_of(smtp_sink.received[-1].message)


def test_a_driver_who_lost_the_booking_is_not_reminded(booking, smtp_sink):
    plan_due_reminders()
    happens(booking, driver=DriverFactory(fleet=booking.fleet, email="ede@hudson.example"))
    deliver_due()
    assert reminders() == [("dana@hudson.example", State.DROPPED)]


def test_a_reminder_that_could_not_be_sent_before_the_start_is_none(booking, smtp_sink):
    smtp_sink.stop()
    plan_due_reminders()
    assert deliver_due() == 0
    smtp_sink.start()
    assert deliver_due(now=booking.start_at) == 0
    assert reminders() == [("dana@hudson.example", State.DROPPED)]


# The fleet's lead time


def test_a_new_lead_time_moves_what_is_booked(booking, fleet):
    assert set_lead_time(fleet, minutes=30)
    assert not set_lead_time(fleet, minutes=30)
    booking.refresh_from_db()
    assert booking.reminder_at == booking.start_at - timedelta(minutes=30)
    assert fleet.reminder_minutes == 30
    set_lead_time(fleet, minutes=0)
    booking.refresh_from_db()
    assert booking.reminder_at is None
    set_lead_time(fleet, minutes=15)
    booking.refresh_from_db()
    assert booking.reminder_at == booking.start_at - timedelta(minutes=15)
    # Its time has passed.
    set_lead_time(fleet, minutes=120)
    booking.refresh_from_db()
    assert booking.reminder_at is None


def test_who_was_reminded_is_not_reminded_again(booking, fleet):
    plan_due_reminders()
    set_lead_time(fleet, minutes=15)
    booking.refresh_from_db()
    assert booking.reminder_at is None


@pytest.mark.parametrize("status", ["requested", "cancelled", "completed"])
def test_only_what_is_confirmed_gets_a_reminder(booking, fleet, status):
    Booking.objects.update(status=status, reminder_at=None)
    set_lead_time(fleet, minutes=15)
    assert not Booking.objects.filter(reminder_at__isnull=False).exists()


def test_other_fleets_keep_theirs(booking, other_fleet):
    set_lead_time(other_fleet, minutes=5)
    assert Booking.objects.get().reminder_at == booking.reminder_at


def test_more_bookings_than_a_batch_are_moved(booking, fleet):
    BookingFactory.create_batch(
        BATCH, fleet=fleet, evse=booking.evse, accepted=True, start_at=now() + HOUR, slot_key=""
    )
    set_lead_time(fleet, minutes=10)
    moved = Booking.objects.filter(reminder_at__isnull=False)
    assert moved.count() == BATCH + 1
    for each in moved:
        assert each.start_at - each.reminder_at == timedelta(minutes=10)


# New York goes from summer to winter time on 1 November 2026, 06:00 UTC, and back on 14 March 2027.
@pytest.mark.parametrize(
    ("start", "reminder", "on_the_clock"),
    [
        (
            datetime(2026, 11, 1, 15, tzinfo=UTC),
            datetime(2026, 10, 31, 15, tzinfo=UTC),
            "10:00 after 11:00",
        ),
        (
            datetime(2027, 3, 14, 15, tzinfo=UTC),
            datetime(2027, 3, 13, 15, tzinfo=UTC),
            "11:00 after 10:00",
        ),
    ],
)
def test_a_lead_time_is_as_long_when_the_clock_changes(
    booking, fleet, start, reminder, on_the_clock
):
    before = start - timedelta(days=30)
    Booking.objects.update(start_at=start, end_at=start + HOUR, reminder_at=start - HOUR)
    set_lead_time(fleet, minutes=24 * 60, now=before)
    booking.refresh_from_db()
    assert booking.reminder_at == reminder
    clocks = [f"{each.astimezone(booking.zone):%H:%M}" for each in (start, reminder)]
    assert " after ".join(clocks) == on_the_clock
    # What is booked from now on has the same.
    write(booking, now=before, start_at=start, status=Booking.Status.RESERVED)
    booking.refresh_from_db()
    assert booking.reminder_at == reminder


def test_a_sweep_that_comes_before_a_shorter_lead_time_is_spread_waits(booking, fleet):
    type(fleet).objects.update(reminder_minutes=30)
    assert plan_due_reminders() == 0
    booking.refresh_from_db()
    assert booking.reminder_at == booking.start_at - timedelta(minutes=30)
    type(fleet).objects.update(reminder_minutes=0)
    assert plan_due_reminders(now=booking.reminder_at) == 0
    booking.refresh_from_db()
    assert booking.reminder_at is None


# Several sweeps


@pytest.mark.postgresql
@pytest.mark.skipif(connection.vendor != "postgresql", reason="needs PostgreSQL")
@pytest.mark.django_db(transaction=True)
def test_four_sweeps_at_once_remind_once():
    fleet = FleetFactory()
    start = now() + HOUR
    bookings = BookingFactory.create_batch(
        BATCH + 50,
        fleet=fleet,
        accepted=True,
        start_at=start,
        reminder_at=start - HOUR,
        slot_key="",
    )
    ready = threading.Barrier(4)
    planned = []

    def work():
        try:
            ready.wait(timeout=30)
            planned.append(plan_due_reminders())
        finally:
            connection.close()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=120)
    # A sweep that finds fewer free than a batch leaves the rest to the others, or to the next one.
    planned.append(plan_due_reminders())
    assert sum(planned) == len(bookings)
    reminded = Notification.objects.values_list("booking", flat=True)
    assert sorted(reminded) == sorted(each.pk for each in bookings)
