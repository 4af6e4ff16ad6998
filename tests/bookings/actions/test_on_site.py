"""While a booking runs: another end, trouble at the charger, another charger; to the operator."""

import json
import uuid
from datetime import timedelta

import pytest
from django.utils.timezone import now

from boards.today.reading import read_today
from bookings.actions.candidate import BookingRefused
from bookings.actions.on_site import (
    MOST_REPORTS,
    ReportRefused,
    can_report,
    can_take_another,
    others_now,
    report_charger,
    take_another,
)
from bookings.actions.running import ends_of, request_end
from bookings.models import Actor, Booking, BookingRequest, ChargerReport
from notifications.models import Notification
from sites.models import Connector, Evse, ParkingLimits, ParkingSpace
from sites.periods import STEP, next_step
from tests.factories import BookingFactory, LimitFactory, VehicleFactory
from tests.small_operator import decide_all, forget_free_times

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("still")]
HOUR = timedelta(hours=1)


def quarter_before(minutes: int):
    """Return a quarter hour that is so many minutes ago at least, and at most 15 more."""
    return next_step(now() - timedelta(minutes=minutes)) - STEP


@pytest.fixture
def reserved(follow, operator, workers) -> Booking:
    """A booking that runs, whose driver has not plugged in; the charger is held."""
    operator.no_show_share = 1.0
    booking = follow(next_step(now()) - STEP, length=2 * HOUR)
    workers.refresh()
    booking.refresh_from_db()
    assert booking.status == "reserved"
    return booking


@pytest.fixture
def charging(follow, operator, workers) -> Booking:
    """A booking that runs, whose driver charges."""
    operator.no_show_share = 0.0
    booking = follow(quarter_before(3), length=2 * HOUR)
    workers.refresh()
    booking.refresh_from_db()
    assert booking.status == "completed"
    return booking


@pytest.fixture
def twin(evse) -> Evse:
    """The other charger of the site, with the same plug."""
    Connector.objects.filter(evse__ampeco_id=302).update(type="ccs1")
    return Evse.objects.select_related("charge_point__location").get(ampeco_id=302)


@pytest.fixture
def ask_end(manager):
    def ask(booking: Booking, end_at, **changes) -> BookingRequest:
        arguments = {
            "asked_by": Actor.MANAGER,
            "user": manager,
            "seen_version": booking.version,
            "submission_key": uuid.uuid4(),
        }
        return request_end(booking=booking, end_at=end_at, **(arguments | changes))

    return ask


@pytest.fixture
def settle(operator, workers):
    """Let what is asked for go up and be decided, and let the portal hear of it."""

    def settle() -> None:
        decide_all(operator, workers)

    return settle


def theirs(operator, booking):
    return operator.bookings[booking.ampeco_booking_id]


# The end


@pytest.mark.parametrize("which", ["reserved", "charging"])
def test_the_rest_is_given_back(which, request, ask_end, settle, operator, wire, manager):
    booking = request.getfixturevalue(which)
    sooner = next_step(now() + timedelta(minutes=1))
    asked = ask_end(booking, sooner)
    settle()
    booking.refresh_from_db()
    asked.refresh_from_db()
    assert (asked.status, booking.end_at, booking.open_change) == ("approved", sooner, "")
    assert booking.status == ("reserved" if which == "reserved" else "completed")
    assert theirs(operator, booking).end_at == sooner
    sent = json.loads(
        next(r for r in wire.sent if r.method == "POST" and b"update" in r.content).content
    )
    assert sent.keys() == {"type", "bookingId", "externalId", "endAt"}
    # Nothing is out of step afterwards.
    forget_free_times()
    assert operator.is_free(operator.evses[301], sooner, sooner + HOUR)


@pytest.mark.parametrize("which", ["reserved", "charging"])
def test_it_is_extended_while_the_charger_is_free(which, request, ask_end, settle, operator):
    booking = request.getfixturevalue(which)
    later = booking.end_at + HOUR
    assert later in ends_of(booking).later
    ask_end(booking, later)
    settle()
    booking.refresh_from_db()
    assert booking.end_at == theirs(operator, booking).end_at == later


def test_it_is_extended_although_its_vehicle_is_booked_elsewhere_by_then(
    reserved, ask_end, fleet, manager
):
    reserved.vehicle = VehicleFactory(fleet=fleet, plugs=[])
    reserved.save()
    later = reserved.end_at + HOUR
    BookingFactory(
        fleet=fleet,
        accepted=True,
        vehicle=reserved.vehicle,
        start_at=reserved.end_at,
        end_at=later,
    )
    assert ask_end(reserved, later).end_at == later


def test_it_is_extended_up_to_the_next_booking_and_no_further(reserved, ask_end, operator, driver):
    start = reserved.end_at + HOUR
    operator.add_booking(
        location_id=101, evse_id=301, start_at=start, end_at=start + HOUR, user_id=driver.pk
    )
    forget_free_times()
    ends = ends_of(reserved)
    assert max(ends.later) == start
    with pytest.raises(BookingRefused, match="no longer free"):
        ask_end(reserved, start + STEP)
    assert not BookingRequest.objects.exists()


def test_where_another_of_the_fleet_follows_there_is_nothing_to_extend(reserved, fleet, evse):
    BookingFactory(fleet=fleet, evse=evse, accepted=True, start_at=reserved.end_at)
    ends = ends_of(reserved)
    assert ends.later == ()
    assert "not free after the end" in ends.problem
    assert ends.earlier


def test_more_time_keeps_the_fleets_limits_and_less_breaks_none(reserved, fleet, ask_end):
    LimitFactory(fleet=fleet, kind="longest", most=2)
    LimitFactory(fleet=fleet, kind="hours-per-day", most="0.25")
    assert ends_of(reserved).problem == "This booking is as long as a booking may be."
    with pytest.raises(BookingRefused, match="at most 2 h in one go"):
        ask_end(reserved, reserved.end_at + STEP)
    assert ask_end(reserved, reserved.end_at - STEP)


def test_less_time_can_be_had_at_a_charger_that_has_failed(reserved, evse, ask_end):
    Evse.objects.filter(pk=evse.pk).update(status="disabled")
    with pytest.raises(BookingRefused, match="can no longer be booked"):
        ask_end(reserved, reserved.end_at + STEP)
    assert ask_end(reserved, reserved.end_at - STEP)


@pytest.mark.parametrize(
    ("switch", "status", "words"),
    [
        ("rejected", "rejected", "The booking has started and can no longer be changed."),
        ("invalid", "failed", "A booking that has started cannot be changed."),
    ],
)
def test_an_operator_that_takes_no_such_change_is_quoted(
    reserved, ask_end, settle, operator, switch, status, words, as_manager
):
    operator.running_changes = switch
    end_at = reserved.end_at
    asked = ask_end(reserved, end_at - STEP)
    settle()
    asked.refresh_from_db()
    reserved.refresh_from_db()
    assert (asked.status, asked.rejection_reason) == (status, words)
    assert (reserved.end_at, reserved.open_change, reserved.needs_attention) == (end_at, "", True)
    page = as_manager.get(f"/bookings/{reserved.pk}/").content.decode()
    assert words in page
    assert "The booking stays as it was." in page


def test_while_charging_a_refusal_needs_attention_too(charging, ask_end, settle, operator):
    operator.running_changes = "rejected"
    ask_end(charging, charging.end_at - STEP)
    settle()
    charging.refresh_from_db()
    assert (charging.open_change, charging.needs_attention) == ("", True)


def test_what_is_too_late_by_the_time_it_can_be_sent_fails(reserved, ask_end, settle):
    sooner = next_step(now() + timedelta(minutes=1))
    asked = ask_end(reserved, sooner)
    BookingRequest.objects.update(end_at=now())
    settle()
    asked.refresh_from_db()
    assert (asked.status, asked.failure) == ("failed", "too-late")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"start_at": now() + HOUR}, "has not started yet"),
        ({"end_at": now() - timedelta(minutes=1), "start_at": now() - HOUR}, "is over"),
        ({"status": "no-show"}, "can no longer be changed"),
        ({"open_change": "cancel"}, "has been requested|has not decided"),
        ({"ampeco_booking_id": None}, "has not given this booking a number"),
    ],
)
def test_only_what_runs_gets_another_end(reserved, ask_end, changes, words):
    end_at = reserved.end_at + STEP
    Booking.objects.update(**changes)
    reserved.refresh_from_db()
    with pytest.raises(BookingRefused, match=words):
        ask_end(reserved, end_at)


def test_two_clicks_are_one_and_another_version_is_none(reserved, ask_end):
    key, end_at = uuid.uuid4(), reserved.end_at - STEP
    first = ask_end(reserved, end_at, submission_key=key)
    assert ask_end(reserved, end_at, submission_key=key) == first
    with pytest.raises(BookingRefused) as refusal:
        ask_end(reserved, end_at - STEP)
    assert refusal.value.field == "booking"


# Trouble


def test_a_report_is_kept_told_and_needs_attention(reserved, fleet, manager):
    report = report_charger(reserved, what="blocked", message="White van\nXY 12")
    assert (report.what, report.message, report.evse) == (
        "blocked",
        "White van XY 12",
        reserved.evse,
    )
    reserved.refresh_from_db()
    assert reserved.needs_attention
    mail = Notification.objects.get(kind="charger-trouble")
    assert (mail.recipient_user, mail.event) == (manager, report.event)
    ((booking, reason),) = read_today(fleet, now=now()).attention
    assert booking == reserved
    assert reason == "The driver reports: Another vehicle blocks the charger."


def test_the_same_again_is_the_one_before_and_too_many_are_refused(
    reserved, django_assert_num_queries
):
    first = report_charger(reserved, what="broken")
    assert report_charger(reserved, what="broken") == first
    with pytest.raises(ReportRefused, match="less than a minute ago"):
        report_charger(reserved, what="blocked")
    ChargerReport.objects.update(at=now() - HOUR)
    for _number in range(MOST_REPORTS - 1):
        report_charger(reserved, what="broken")
        ChargerReport.objects.update(at=now() - HOUR)
    with pytest.raises(ReportRefused, match="several times"):
        report_charger(reserved, what="broken")
    assert ChargerReport.objects.count() == MOST_REPORTS


@pytest.mark.parametrize(
    ("changes", "possible"),
    [
        ({}, True),
        ({"status": "completed"}, True),
        ({"open_change": "update"}, True),
        ({"open_change": "cancel"}, False),
        ({"status": "no-show"}, False),
        ({"start_at": timedelta(minutes=29)}, True),
        ({"start_at": timedelta(minutes=31)}, False),
        ({"end_at": -timedelta(seconds=1), "start_at": -HOUR}, False),
    ],
)
def test_when_trouble_can_be_reported(reserved, changes, possible):
    for name, value in changes.items():
        setattr(reserved, name, now() + value if isinstance(value, timedelta) else value)
    assert can_report(reserved) == possible


# Another charger


def take(booking, evse, user, **changes):
    arguments = {
        "evse_pk": evse.pk,
        "asked_by": Actor.MANAGER,
        "user": user,
        "seen_version": booking.version,
        "submission_key": uuid.uuid4(),
    }
    return take_another(booking, **(arguments | changes))


def test_another_charger_is_booked_first_and_the_old_one_given_up_then(
    reserved, twin, manager, settle, operator, workers
):
    offered = [slot.evse for slot in others_now(reserved).other_chargers]
    assert offered == [twin]
    new = take(reserved, twin, manager).request.booking
    reserved.refresh_from_db()
    assert (reserved.open_change, new.replaces) == ("move", reserved)
    assert (new.evse, new.start_at, new.end_at) == (twin, next_step(now()), reserved.end_at)
    settle()
    settle()
    for booking in (new, reserved):
        booking.refresh_from_db()
    assert (new.status, reserved.status) == ("accepted", "cancelled")
    assert theirs(operator, reserved).status == "cancelled"


@pytest.mark.parametrize("which", ["reserved", "charging"])
def test_the_vehicle_comes_along(which, request, twin, manager, fleet):
    booking = request.getfixturevalue(which)
    van = VehicleFactory(fleet=fleet, plugs=["ccs1"])
    Booking.objects.update(vehicle=van)
    booking.refresh_from_db()
    assert take(booking, twin, manager).request.booking.vehicle == van


def test_what_the_vehicle_cannot_use_is_not_offered(reserved, twin, manager, fleet):
    Booking.objects.update(vehicle=VehicleFactory(fleet=fleet, plugs=["chademo"]))
    reserved.refresh_from_db()
    assert not others_now(reserved).other_chargers
    with pytest.raises(BookingRefused, match="no longer free"):
        take(reserved, twin, manager)


def test_a_charger_that_may_not_fit_is_offered_and_can_be_taken(reserved, twin, manager, fleet):
    space = ParkingSpace.objects.create(
        ampeco_id=901, location=reserved.location, status="enabled", synced_at=now()
    )
    space.evses.add(twin)
    ParkingLimits.objects.create(space=space, max_length_cm=500)
    Booking.objects.update(vehicle=VehicleFactory(fleet=fleet, plugs=["ccs1"], length_cm=600))
    reserved.refresh_from_db()
    assert [slot.evse for slot in others_now(reserved).other_chargers] == [twin]
    assert take(reserved, twin, manager).is_new


def test_a_refused_one_leaves_the_booking_that_runs(reserved, twin, manager, operator, workers):
    new = take(reserved, twin, manager).request.booking
    workers.submit()
    operator.reject(next(iter(operator.requests.values())), "Reserved for buses.")
    workers.poll()
    for booking in (new, reserved):
        booking.refresh_from_db()
    assert (new.status, reserved.status, reserved.open_change) == ("rejected", "reserved", "")


def test_who_charges_already_gets_another_besides(charging, twin, manager, settle):
    new = take(charging, twin, manager).request.booking
    settle()
    for booking in (new, charging):
        booking.refresh_from_db()
    assert (new.replaces, new.status, charging.status) == (None, "accepted", "completed")


def test_two_clicks_take_one(reserved, twin, manager):
    key = uuid.uuid4()
    first = take(reserved, twin, manager, submission_key=key)
    assert take(reserved, twin, manager, submission_key=key).request == first.request
    assert Booking.objects.count() == 2


def test_what_is_not_offered_cannot_be_taken(reserved, evse, manager, operator, driver, twin):
    operator.add_booking(
        location_id=101,
        evse_id=302,
        start_at=now(),
        end_at=now() + 3 * HOUR,
        user_id=driver.ampeco_user_id,
    )
    forget_free_times()
    for wanted in (evse, twin):
        with pytest.raises(BookingRefused, match="no longer free"):
            take(reserved, wanted, manager)
    Booking.objects.update(status="no-show")
    reserved.refresh_from_db()
    assert not can_take_another(reserved)
    with pytest.raises(BookingRefused, match="can no longer be taken"):
        take(reserved, twin, manager)


def test_the_limits_count_what_is_moved_on_site_once(reserved, twin, manager, fleet):
    LimitFactory(fleet=fleet, most=1)
    LimitFactory(fleet=fleet, kind="notice", most=24)
    assert take(reserved, twin, manager).is_new
