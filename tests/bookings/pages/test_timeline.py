"""A booking's history, line by line, held against lists written by hand."""

import uuid
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils.timezone import now

from bookings.actions.change import request_cancellation, request_change
from bookings.actions.create import retry_failed
from bookings.actions.driver import revoke_links, say_running_late
from bookings.models import Actor, Booking, BookingEvent, ChargingSession
from bookings.pages.history.record import read_history
from bookings.pages.history.timeline import history_lines
from bookings.state.booking import change_booking
from bookings.state.moves import move_request
from drivers.models import Driver
from notifications.models import Notification
from sandbox.world import cast
from sites.models import Evse
from tests.factories import BookingFactory, EvseFactory
from tests.small_operator import decide_all, slot_of

pytestmark = pytest.mark.django_db

HOUR = timedelta(hours=1)


@pytest.fixture(autouse=True)
def _named(manager):
    manager.name = "Maya Okafor"
    manager.save()


@pytest.fixture
def ben(mirrored) -> Driver:
    return Driver.objects.get(ampeco_user_id=cast.BEN.id)


def lines(booking: Booking, *, mails: bool = False):
    """Return the history, without what was mailed unless that is asked for."""
    found = history_lines(read_history(Booking.objects.get(pk=booking.pk)))
    return found if mails else [line for line in found if not line.icon.startswith("mail")]


def texts(booking: Booking) -> list[str]:
    return [line.text for line in lines(booking)]


def changed(booking: Booking, manager, **wanted):
    booking.refresh_from_db()
    facts = {"driver": booking.driver, "start_at": booking.start_at, "end_at": booking.end_at}
    return request_change(
        booking=booking,
        user=manager,
        seen_version=booking.version,
        submission_key=uuid.uuid4(),
        **(facts | wanted),
    )


def in_new_york(at, pattern="%a %-d %b %Y, %H:%M"):
    from zoneinfo import ZoneInfo

    return at.astimezone(ZoneInfo("America/New_York")).strftime(pattern)


# Requests


def test_a_booking_from_the_click_to_the_approval(confirmed):
    asked, *others = lines(confirmed)
    assert asked.text == "Requested by Maya Okafor"
    (detail,) = asked.details
    assert "Bay 301" in detail
    assert "Ana Alvarez" in detail
    assert in_new_york(confirmed.start_at) in detail
    assert [line.text for line in others] == [
        "Received by the operator",
        "Approved by the operator",
    ]
    assert [line.icon for line in others] == ["hourglass", "circle-check"]


def test_a_rejection_has_the_operators_words(request_row, operator, workers):
    decide_all(operator, workers, "Closed for repairs.")
    last = lines(request_row.booking)[-1]
    assert (last.text, last.words) == ("Rejected by the operator", "Closed for repairs.")


def test_a_change_tells_the_old_and_the_new_values(confirmed, manager, ben, operator, workers):
    start, end = confirmed.start_at, confirmed.end_at
    changed(confirmed, manager, driver=ben, start_at=start + HOUR, end_at=end + HOUR)
    asked = lines(confirmed)[-1]
    assert asked.text == "Change requested by Maya Okafor"
    assert [(each.label, each.old, each.new) for each in asked.differences] == [
        ("Start", in_new_york(start), in_new_york(start + HOUR)),
        ("End", in_new_york(end), in_new_york(end + HOUR)),
        ("Driver", "Ana Alvarez", "Ben Okafor"),
    ]
    decide_all(operator, workers)
    assert texts(confirmed)[-2:] == [
        "Change received by the operator",
        "Change approved by the operator",
    ]
    assert lines(confirmed)[-3].differences == asked.differences, "what was stays what it was"


def test_a_change_of_the_end_alone_tells_that_alone(confirmed, manager):
    changed(confirmed, manager, end_at=confirmed.end_at + HOUR)
    assert [each.label for each in lines(confirmed)[-1].differences] == ["End"]


def test_a_refused_change_and_a_refused_cancellation(confirmed, manager, operator, workers):
    changed(confirmed, manager, end_at=confirmed.end_at + HOUR)
    decide_all(operator, workers, "No.")
    request_cancellation(booking=confirmed, asked_by=Actor.DRIVER, driver=confirmed.driver)
    decide_all(operator, workers, "Too late.")
    assert [(line.text, line.words) for line in lines(confirmed)[3:]] == [
        ("Change requested by Maya Okafor", ""),
        ("Change received by the operator", ""),
        ("Change rejected by the operator", "No."),
        ("Cancellation requested by the driver Ana Alvarez", ""),
        ("Cancellation received by the operator", ""),
        ("Cancellation rejected by the operator", "Too late."),
    ]


def test_a_withdrawal_and_a_cancellation_before_the_decision(ask, slot, manager, workers):
    booking = ask(slot).request.booking
    request_cancellation(booking=booking, asked_by=Actor.MANAGER, user=manager)
    assert texts(booking) == [
        "Requested by Maya Okafor",
        "Withdrawn by Maya Okafor before it was sent",
    ]
    other = ask(slot).request.booking
    workers.submit()
    request_cancellation(booking=other, asked_by=Actor.DRIVER, driver=other.driver)
    assert texts(other)[2:] == [
        "Cancellation requested by the driver Ana Alvarez, before the operator had decided"
    ]


def test_what_was_not_placed_and_asked_for_again(request_row, staff):
    move_request(request_row, to="failed", actor=Actor.PORTAL, failure="slot-gone")
    assert retry_failed(request_row, staff_user=staff)
    found = lines(request_row.booking)
    assert [line.text for line in found] == [
        "Requested by Maya Okafor",
        "Could not be booked",
        "Requested again by the operator’s staff",
    ]
    assert found[1].details == ("The slot was taken before the request could be sent.",)


# Moves


@pytest.fixture
def moved(ask, confirmed) -> Booking:
    other = Evse.objects.select_related("charge_point__location").get(ampeco_id=302)
    slot = slot_of(other, confirmed.start_at)
    return ask(slot, replaces=confirmed, seen_version=confirmed.version).request.booking


def test_a_move_as_both_bookings_tell_it(moved, confirmed, operator, workers):
    decide_all(operator, workers)
    decide_all(operator, workers)
    assert texts(confirmed)[3:] == [
        f"Move to booking {moved.pk} requested by Maya Okafor",
        f"Cancellation requested, since booking {moved.pk} takes its place",
        "Cancellation received by the operator",
        "Cancellation approved by the operator",
    ]
    first = lines(moved)[0]
    assert first.text == "Requested by Maya Okafor"
    assert first.details[1] == f"To replace booking {confirmed.pk}"


def test_a_move_that_comes_to_nothing(moved, confirmed, operator, workers):
    decide_all(operator, workers, "Bay closed.")
    last = lines(confirmed)[-1]
    assert last.text == "Not moved: the booking stays as it was"
    assert last.words == "Bay closed."


# What happened besides


def test_what_the_operator_changed_in_words_and_in_the_sites_zone(confirmed, ben):
    start = confirmed.start_at
    other = EvseFactory(label="Bay 9", physical_reference="Bay 9")
    change_booking(
        confirmed,
        what=BookingEvent.What.CHANGED,
        actor=Actor.OPERATOR,
        start_at=start - HOUR,
        driver=ben,
        evse=other,
        location=other.charge_point.location,
    )
    last = lines(confirmed)[-1]
    assert last.text == "Changed by the operator"
    assert [(each.label, each.old, each.new) for each in last.differences] == [
        ("Start", in_new_york(start), in_new_york(start - HOUR)),
        ("Site", "Pier 40", other.charge_point.location.name),
        ("Charger", "Bay 301 (REF-301)", "Bay 9"),
        ("Driver", "Ana Alvarez", "Ben Okafor"),
    ]


def test_a_held_charger_does_not_hide_another_time(confirmed):
    start = confirmed.start_at
    change_booking(
        confirmed,
        what=BookingEvent.What.CHANGED,
        actor=Actor.OPERATOR,
        status="reserved",
        start_at=start - HOUR,
    )
    last = lines(confirmed)[-1]
    assert last.text == "Changed by the operator"
    assert [(each.label, each.old, each.new) for each in last.differences] == [
        ("Status", "Approved", "Charger held"),
        ("Start", in_new_york(start), in_new_york(start - HOUR)),
    ]


@pytest.mark.parametrize(
    ("status", "text"),
    [
        ("reserved", "The operator is holding the charger"),
        ("completed", "The operator reports that charging has started"),
        ("cancelled", "Cancelled on the operator’s side"),
        ("no-show", "The operator reports a no-show"),
        ("failed", "The operator could not hold the charger"),
        ("unknown", "The operator reports a status that the portal does not know"),
    ],
)
def test_each_state_that_the_operator_reports_is_a_sentence(confirmed, status, text):
    change_booking(
        confirmed,
        what=BookingEvent.What.CHANGED,
        actor=Actor.OPERATOR,
        status=Booking.Status(status),
    )
    last = lines(confirmed)[-1]
    assert (last.text, last.differences) == (text, ())


def test_a_charger_that_was_assigned_later(confirmed):
    Booking.objects.update(evse=None)
    confirmed.refresh_from_db()
    evse = Evse.objects.get(ampeco_id=301)
    change_booking(confirmed, what=BookingEvent.What.CHANGED, actor=Actor.OPERATOR, evse=evse)
    last = lines(confirmed)[-1]
    assert last.text == "Charger assigned by the operator"
    assert [(each.old, each.new) for each in last.differences] == [("unknown", "Bay 301 (REF-301)")]


def test_what_drivers_and_managers_do_besides(confirmed, manager, fleet):
    say_running_late(confirmed, minutes=20, note="Jam on the bridge")
    revoke_links(fleet=fleet, pk=confirmed.pk, user=manager)
    late, revoked = lines(confirmed)[-2:]
    assert late.text == "About 20 min late, says the driver Ana Alvarez"
    assert late.words == "Jam on the bridge"
    assert revoked.text == "Driver’s link revoked by Maya Okafor"


@pytest.mark.parametrize("what", BookingEvent.What.values)
def test_every_kind_of_event_is_told(confirmed, what):
    BookingEvent.objects.create(booking=confirmed, what=what, actor="operator", note="Note 7")
    last = lines(confirmed)[-1]
    assert last.text
    assert "Note 7" in (last.text, last.words, *last.details) or what == "move-asked"


# The charge, and mails


def test_the_charge_is_part_of_it(confirmed):
    begun = now() - 2 * HOUR
    ChargingSession.objects.create(
        booking=confirmed,
        ampeco_session_id="9",
        status="finished",
        started_at=begun,
        stopped_at=begun + HOUR,
        energy_kwh=Decimal("23.456"),
        amount=Decimal("12.3"),
        currency="USD",
    )
    started, ended = lines(confirmed)[:2]
    assert (started.text, started.at) == ("Charging started", begun)
    assert (ended.text, ended.details) == ("Charging ended", ("23.5 kWh, 12.30 USD",))


def test_that_charging_started_is_told_once(confirmed):
    booking = Booking.objects.get(pk=confirmed.pk)
    change_booking(
        booking, what=BookingEvent.What.CHANGED, actor=Actor.OPERATOR, status="completed"
    )
    reported = "The operator reports that charging has started"
    assert texts(booking).count(reported) == 1
    # Once its session tells when.
    session = ChargingSession.objects.create(booking=booking, ampeco_session_id="9")
    assert texts(booking).count(reported) == 1
    session.started_at = now()
    session.save()
    assert texts(booking).count("Charging started") == 1
    assert reported not in texts(booking)


def test_mails_say_to_whom_and_about_what(confirmed):
    Notification.objects.all().delete()
    for state, sent_at in (("sent", now()), ("queued", None), ("given-up", None)):
        Notification.objects.create(
            booking=confirmed,
            kind="reminder",
            audience="driver",
            recipient_email=f"{state}@x.example",
            state=state,
            sent_at=sent_at,
            problem="Full mailbox." if state == "given-up" else "",
        )
    told = {line.text: (line.at is None, line.details) for line in lines(confirmed, mails=True)[3:]}
    assert told == {
        "E-mail sent to sent@x.example": (False, ("Reminder before the start",)),
        "E-mail to queued@x.example is waiting to be sent": (True, ("Reminder before the start",)),
        "E-mail to given-up@x.example could not be delivered": (
            True,
            ("Reminder before the start", "Full mailbox."),
        ),
    }


# What it costs, and that it stays


def test_queries_do_not_grow_with_what_has_happened(confirmed, manager, ben, operator, workers):
    def queries():
        booking = Booking.objects.select_related(
            "driver", "location", "evse", "charging_session"
        ).get(pk=confirmed.pk)
        with CaptureQueriesContext(connection) as captured:
            history_lines(read_history(booking))
        return len(captured)

    def let_much_happen():
        changed(confirmed, manager, end_at=confirmed.end_at + HOUR)
        decide_all(operator, workers, "No.")
        confirmed.refresh_from_db()
        ana = Driver.objects.get(ampeco_user_id=cast.ANA.id)
        for driver, evse in ((ben, EvseFactory()), (ana, first)):
            change_booking(
                confirmed,
                what=BookingEvent.What.CHANGED,
                actor=Actor.OPERATOR,
                driver=driver,
                evse=evse,
            )

    first = confirmed.evse
    let_much_happen()
    few = queries()
    for _ in range(3):
        let_much_happen()
    assert queries() == few <= 7


def test_a_booking_made_elsewhere_begins_with_being_found(fleet):
    booking = BookingFactory(fleet=fleet, accepted=True, made_elsewhere=True)
    BookingEvent.objects.create(
        booking=booking,
        what="found",
        actor="operator",
        changes={"status": [None, "accepted"], "driver": [None, booking.driver_id]},
    )
    (line,) = lines(booking)
    assert line.text == "External booking found at the operator"
    assert [(each.label, each.new) for each in line.differences] == [
        ("Driver", booking.driver.display_name)
    ]
