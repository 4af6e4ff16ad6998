import uuid
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import pytest
from django.utils.timezone import now

from bookings.actions.candidate import BookingRefused, Candidate
from bookings.actions.change import change_candidate, request_change
from bookings.models import Actor, Booking, BookingEvent, BookingRequest
from bookings.state.booking import change_booking
from drivers.models import Driver, FleetDriver
from sites.models import ChargePoint, Evse
from tests.factories import (
    BookingFactory,
    DriverFactory,
    MembershipFactory,
    UserFactory,
    VehicleFactory,
)
from tests.small_operator import slot_of

pytestmark = pytest.mark.django_db

HOUR = timedelta(hours=1)


@dataclass
class Changer:
    """Asks for changes of a booking as the manager does who has its page open."""

    booking: Booking
    user: object
    seen_version: int = field(init=False)

    def __post_init__(self) -> None:
        self.seen_version = self.booking.version

    def __call__(self, **changes) -> BookingRequest:
        arguments = {
            "booking": self.booking,
            "user": self.user,
            "driver": self.booking.driver,
            "start_at": self.booking.start_at,
            "end_at": self.booking.end_at,
            "seen_version": self.seen_version,
            "submission_key": uuid.uuid4(),
        }
        return request_change(**(arguments | changes))

    def later(self, by: timedelta, **changes) -> BookingRequest:
        start, end = self.booking.start_at + by, self.booking.end_at + by
        return self(start_at=start, end_at=end, **changes)


@pytest.fixture
def change(confirmed, manager) -> Changer:
    return Changer(confirmed, manager)


@pytest.fixture
def other_driver(mirrored) -> Driver:
    return Driver.objects.get(ampeco_user_id=7002)


def upstream(operator, booking):
    return operator.bookings[booking.ampeco_booking_id]


def take(operator, start: datetime, end: datetime) -> None:
    operator.add_booking(location_id=101, evse_id=301, start_at=start, end_at=end)


# What becomes of a change


def test_another_time_goes_up_and_comes_back_approved(change, confirmed, workers, operator):
    old_start, old_end, version = confirmed.start_at, confirmed.end_at, confirmed.version
    request = change.later(3 * HOUR)
    confirmed.refresh_from_db()
    assert (confirmed.status, confirmed.open_change) == ("accepted", "update")
    assert (confirmed.start_at, confirmed.version) == (old_start, version + 1)
    assert (request.previous_start_at, request.previous_end_at) == (old_start, old_end)
    assert request.previous_driver == confirmed.driver
    line = request.events.get()
    assert (line.to_status, line.actor, line.user) == ("queued", "manager", change.user)
    workers.submit()
    asked = operator.requests[2]
    assert (asked.type, asked.booking_id) == ("update", confirmed.ampeco_booking_id)
    assert (asked.start_at, asked.end_at) == (old_start + 3 * HOUR, old_end + 3 * HOUR)
    assert upstream(operator, confirmed).start_at == old_start
    operator.decide(asked)
    assert workers.poll() == 1
    confirmed.refresh_from_db()
    assert (confirmed.status, confirmed.open_change) == ("accepted", "")
    assert (confirmed.start_at, confirmed.end_at) == (old_start + 3 * HOUR, old_end + 3 * HOUR)
    assert confirmed.slot_key == ""
    assert not confirmed.needs_attention
    assert upstream(operator, confirmed).start_at == confirmed.start_at


def test_another_driver_goes_up_and_comes_back_approved(
    change, confirmed, other_driver, workers, operator
):
    request = change(driver=other_driver)
    assert (request.driver, request.previous_driver) == (other_driver, confirmed.driver)
    workers.submit()
    operator.decide(operator.requests[2])
    workers.poll()
    confirmed.refresh_from_db()
    assert confirmed.driver == other_driver
    assert upstream(operator, confirmed).user_id == other_driver.ampeco_user_id


def test_a_rejected_change_leaves_the_booking_as_it_was(change, confirmed, workers, operator):
    old_start = confirmed.start_at
    request = change.later(3 * HOUR)
    workers.submit()
    operator.reject(operator.requests[2], "Works on the grid.")
    workers.poll()
    confirmed.refresh_from_db()
    request.refresh_from_db()
    assert (request.status, request.rejection_reason) == ("rejected", "Works on the grid.")
    assert (confirmed.status, confirmed.open_change) == ("accepted", "")
    assert confirmed.start_at == old_start
    assert confirmed.needs_attention
    assert change.later(4 * HOUR, seen_version=confirmed.version).kind == "update"


# What is not asked for


def test_the_same_values_send_nothing(change, confirmed, wire):
    calls = len(wire.sent)
    with pytest.raises(BookingRefused, match="Nothing to change") as refusal:
        change()
    assert refusal.value.field == "booking"
    assert BookingRequest.objects.filter(kind="update").count() == 0
    assert len(wire.sent) == calls
    assert Booking.objects.get().version == confirmed.version


def test_the_same_form_sent_twice_makes_one_request(change):
    key = uuid.uuid4()
    first = change.later(3 * HOUR, submission_key=key)
    assert change.later(3 * HOUR, submission_key=key) == first
    assert BookingRequest.objects.filter(kind="update").count() == 1


def test_the_faster_of_two_clicks_is_no_reason_to_refuse_the_other(change, wire):
    key = uuid.uuid4()
    first = []

    def meanwhile(request):
        if "availability" in request.url.path and not first:
            first.append(None)
            first.append(change.later(3 * HOUR, submission_key=key))

    wire.intercept = meanwhile
    assert change.later(3 * HOUR, submission_key=key) == first[1]
    assert BookingRequest.objects.filter(kind="update").count() == 1


def test_a_form_that_comes_back_filled_in_differently_is_another_one(
    change, confirmed, workers, operator
):
    key = uuid.uuid4()
    first = change.later(3 * HOUR, submission_key=key)
    workers.submit()
    operator.reject(operator.requests[2], "No.")
    workers.poll()
    confirmed.refresh_from_db()
    second = change.later(5 * HOUR, submission_key=key, seen_version=confirmed.version)
    assert second != first
    assert second.status == "queued"


def test_of_two_people_the_second_is_told_what_the_first_asked_for(change, fleet):
    colleague = MembershipFactory(fleet=fleet, user=UserFactory(name="Mia Mond")).user
    change.later(3 * HOUR, user=colleague)
    with pytest.raises(BookingRefused, match="Change requested by Mia Mond") as refusal:
        change.later(5 * HOUR)
    assert refusal.value.field == "booking"
    assert "11:00" in refusal.value.message or "10:00" in refusal.value.message
    with pytest.raises(BookingRefused, match="requested by you"):
        change.later(5 * HOUR, user=colleague)
    assert BookingRequest.objects.filter(kind="update").count() == 1


def test_who_looked_at_another_version_is_told_what_it_is_now(change, confirmed, other_driver):
    change_booking(
        Booking.objects.get(),
        what=BookingEvent.What.CHANGED,
        actor=Actor.OPERATOR,
        driver=other_driver,
        start_at=confirmed.start_at + 2 * HOUR,
        end_at=confirmed.end_at + 2 * HOUR,
    )
    with pytest.raises(BookingRefused, match="has changed since you opened the page") as refusal:
        change.later(5 * HOUR)
    assert "Pier 40" in refusal.value.message
    assert not BookingRequest.objects.filter(kind="update").exists()


def test_somebody_faster_by_a_moment_is_noticed_at_the_write(change, confirmed, wire):
    """Everything was checked; the booking changes while the operator tells what is free."""

    def meanwhile(request):
        if "availability" in request.url.path:
            change_booking(
                Booking.objects.get(),
                what=BookingEvent.What.GONE,
                actor=Actor.OPERATOR,
                status=Booking.Status.CANCELLED,
            )

    wire.intercept = meanwhile
    with pytest.raises(BookingRefused, match="Cancelled"):
        change.later(3 * HOUR)
    booking = Booking.objects.get()
    assert (booking.status, booking.open_change) == ("cancelled", "")
    assert not BookingRequest.objects.filter(kind="update").exists()


@pytest.mark.parametrize(
    ("start", "length", "words"),
    [
        (-200, 1, "has passed"),
        (0, 30, "longest booking"),
        (0, -1, "end must be after"),
        (24 * 40, 1, "28 days ahead"),
        (0.1, 1, "quarter hour"),
    ],
)
def test_times_that_break_a_rule_are_refused_without_a_call(
    change, confirmed, wire, start, length, words
):
    calls = len(wire.sent)
    begin = confirmed.start_at + start * HOUR
    with pytest.raises(BookingRefused, match=words) as refusal:
        change(start_at=begin, end_at=begin + length * HOUR)
    assert refusal.value.field == "slot"
    assert len(wire.sent) == calls
    assert Booking.objects.get().open_change == ""


def test_what_stays_as_it_was_breaks_no_rule(change, confirmed, other_driver, operator):
    """A booking from the operator's app may begin at 12:07; another driver is no other time."""
    odd = confirmed.start_at + timedelta(minutes=7)
    Booking.objects.update(start_at=odd)
    upstream(operator, confirmed).start_at = odd
    assert change(start_at=odd, driver=other_driver).start_at == odd


# The charger, the driver, what is free


def test_what_the_booking_holds_counts_as_free(change, confirmed, wire):
    """The operator calls the booking's own hour taken: half of the new one is its own."""
    assert change.later(timedelta(minutes=30)).status == "queued"
    assert "availability" in wire.sent[-1].url.path


def test_only_the_rest_must_be_free(change, confirmed, operator):
    end = confirmed.end_at
    take(operator, end + HOUR, end + 2 * HOUR)
    with pytest.raises(BookingRefused, match="no longer free") as refusal:
        change(end_at=end + 1.5 * HOUR)
    assert (refusal.value.field, refusal.value.offer_slots) == ("slot", True)
    assert change(end_at=end + HOUR).end_at == end + HOUR


def test_both_sides_of_what_is_held_must_be_free(change, confirmed, operator):
    take(operator, confirmed.start_at - HOUR, confirmed.start_at)
    with pytest.raises(BookingRefused, match="no longer free"):
        change(start_at=confirmed.start_at - HOUR, end_at=confirmed.end_at + HOUR)


def test_a_shorter_stay_needs_no_question(change, confirmed, wire):
    calls = len(wire.sent)
    change(end_at=confirmed.end_at - timedelta(minutes=30))
    assert len(wire.sent) == calls


def test_an_operator_that_is_away_does_not_keep_a_change_from_being_saved(change, operator):
    operator.faults.add("server-error")
    assert change.later(3 * HOUR).status == "queued"


def test_a_charger_out_of_service_is_said_with_a_way_on(change):
    Evse.objects.update(status="out of order")
    with pytest.raises(BookingRefused, match="can be moved to another one") as refusal:
        change.later(3 * HOUR)
    assert (refusal.value.field, refusal.value.offer_slots) == ("slot", False)


def test_a_driver_of_another_fleet_is_refused(change, other_fleet):
    with pytest.raises(BookingRefused, match="left your fleet") as refusal:
        change(driver=DriverFactory(fleet=other_fleet))
    assert refusal.value.field == "driver"


def test_a_disabled_driver_is_refused(change, other_driver):
    Driver.objects.filter(pk=other_driver.pk).update(status="disabled")
    other_driver.refresh_from_db()
    with pytest.raises(BookingRefused, match="disabled this driver"):
        change(driver=other_driver)


def test_a_driver_without_access_to_a_private_charger_is_refused(change, other_driver, fleet):
    ChargePoint.objects.update(type="private", ampeco_partner_id=fleet.ampeco_partner_id)
    other_driver.private_access.all().delete()
    with pytest.raises(BookingRefused, match="no access") as refusal:
        change(driver=other_driver)
    assert refusal.value.field == "driver"


# Overlaps


def test_an_overlap_is_warned_of_and_may_be_confirmed(change, confirmed, fleet):
    other = BookingFactory(
        fleet=fleet,
        driver=confirmed.driver,
        accepted=True,
        start_at=confirmed.start_at + 3 * HOUR,
        evse__charge_point__location__name="Quai 7",
    )
    with pytest.raises(BookingRefused, match=r"another booking at that time: .* Quai 7") as refusal:
        change.later(3 * HOUR)
    assert refusal.value.field == "overlap"
    wanted = change_candidate(confirmed, confirmed.driver, other.start_at, other.end_at)
    assert wanted.overlapping_bookings == [other]
    assert change.later(3 * HOUR, confirmed_overlap=True).status == "queued"


def test_another_booking_of_the_vehicle_is_warned_of_too(change, confirmed, fleet):
    van = VehicleFactory(fleet=fleet, number="Van 14", plugs=["chademo"])
    Booking.objects.update(vehicle=van)
    BookingFactory(fleet=fleet, vehicle=van, accepted=True, start_at=confirmed.start_at + 3 * HOUR)
    with pytest.raises(BookingRefused, match=r"Van 14 has another booking at that") as refusal:
        change.later(3 * HOUR)
    assert refusal.value.field == "overlap"
    # That it does not fit was said when it was named.
    assert change.later(3 * HOUR, confirmed_overlap=True).status == "queued"


@pytest.mark.parametrize(
    ("offset", "status", "overlaps"),
    [
        (-1, "accepted", False),
        (1, "accepted", False),
        (0.5, "accepted", True),
        (-0.5, "reserved", True),
        (0, "requested", True),
        (0, "cancelled", False),
        (0, "rejected", False),
        (0, "no-show", False),
    ],
)
def test_what_overlaps(fleet, offset, status, overlaps):
    other = BookingFactory(fleet=fleet, status=status)
    start, end = other.start_at + offset * HOUR, other.end_at + offset * HOUR
    wanted = Candidate(fleet, slot_of(other.evse, start), other.driver)
    assert wanted.slot.end_at == end
    assert wanted.overlapping_bookings == ([other] if overlaps else [])


def test_another_fleets_booking_of_the_driver_is_not_told(fleet, other_fleet):
    theirs = BookingFactory(fleet=other_fleet, accepted=True)
    ours = BookingFactory(fleet=fleet, driver=theirs.driver, accepted=True)
    start, end = theirs.start_at, theirs.end_at
    wanted = change_candidate(ours, theirs.driver, start, end)
    assert wanted.overlapping_bookings == []
    assert replace(wanted, previous=None).overlapping_bookings == [ours]


# What may be changed at all


@pytest.mark.parametrize("open_change", ["", *Booking.OpenChange.values])
@pytest.mark.parametrize("status", Booking.Status.values)
def test_only_confirmed_bookings_about_which_nothing_is_open_may_be_changed(
    fleet, manager, status, open_change
):
    booking = BookingFactory(
        fleet=fleet, status=status, open_change=open_change, ampeco_booking_id=5, slot_key=""
    )
    FleetDriver.objects.create(fleet=fleet, driver=booking.driver)
    change = Changer(booking, manager)
    if status in {"accepted", "reserved"} and not open_change:
        assert change(end_at=booking.end_at - timedelta(minutes=30)).status == "queued"
        return
    with pytest.raises(BookingRefused) as refusal:
        change(end_at=booking.end_at - timedelta(minutes=30))
    assert refusal.value.field == "booking"
    assert refusal.value.message
    booking.refresh_from_db()
    assert (booking.status, booking.open_change, booking.version) == (status, open_change, 0)
    assert not BookingRequest.objects.exists()


def test_what_has_begun_may_not_be_changed(fleet, manager):
    booking = BookingFactory(fleet=fleet, accepted=True, start_at=now() - timedelta(minutes=1))
    with pytest.raises(BookingRefused, match="has already started"):
        Changer(booking, manager)(end_at=booking.end_at + HOUR)


def test_what_nobody_noted_is_explained_without_a_name(fleet, manager):
    booking = BookingFactory(fleet=fleet, accepted=True, open_change="move")
    with pytest.raises(BookingRefused, match="Move requested by the portal"):
        Changer(booking, manager)(end_at=booking.end_at + HOUR)
