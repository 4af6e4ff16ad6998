"""What keeps a booking under “Needs attention” once a change of it is made, and what does not."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils.timezone import now

from bookings.models import Actor, Booking, BookingDowntime, BookingEvent, BookingRequest
from bookings.state.booking import note_trouble
from bookings.state.moves import Move, move_request, move_requests
from bookings.wording.attention import reasons_of
from maintenance.models import Downtime
from sites.models import ChargePoint, Evse
from sync.downtime import notice_downtime
from tests.factories import (
    BookingFactory,
    BookingRequestFactory,
    DowntimeFactory,
    DriverFactory,
    LocationFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db

HOUR = timedelta(hours=1)
What = BookingEvent.What
Status = BookingRequest.Status


@pytest.fixture
def booking():
    return BookingFactory(accepted=True, refresh_at=now())


def change_of(booking: Booking, *, status: str = "pending", **wanted) -> BookingRequest:
    Booking.objects.filter(pk=booking.pk).update(open_change="update")
    booking.refresh_from_db()
    return BookingRequestFactory(booking=booking, kind="update", status=status, **wanted)


def approve(booking: Booking, **wanted) -> None:
    move_request(change_of(booking, **wanted), to=Status.APPROVED, actor=Actor.OPERATOR)
    booking.refresh_from_db()


def reason(booking: Booking) -> str:
    return reasons_of([booking]).get(booking.pk, "")


def trouble(booking: Booking, what: str) -> None:
    """Let something be wrong with a booking, and noticed."""
    match what:
        case "downtime":
            DowntimeFactory(evse=booking.evse, start_at=booking.start_at, end_at=booking.end_at)
            notice_downtime()
            return
        case "place-gone":
            Evse.objects.update(retired_at=now())
        case "place-moved":
            ChargePoint.objects.update(location=LocationFactory(name="Pier 57"))
    tells = what in {"driver-left", "charger-reported"}
    note_trouble(
        booking,
        what=What(what),
        driver=booking.driver if tells else None,
        user=UserFactory(name="Maya Okafor") if what == "undelivered" else None,
        changes={"report": [None, "blocked"]} if what == "charger-reported" else None,
    )


WORDS = {
    "downtime": "Maintenance is planned",
    "charger-reported": "Another vehicle blocks the charger",
    "driver-left": "no longer in your fleet",
    "place-gone": "no longer lists this charger",
    "place-moved": "stands at another site",
    "undelivered": "An e-mail to Maya Okafor could not be delivered.",
}


@pytest.mark.parametrize("what", WORDS)
def test_what_a_change_does_not_end_stays_with_its_reason(booking, what):
    trouble(booking, what)
    approve(booking, end_at=booking.end_at - HOUR / 2)
    assert booking.end_at - booking.start_at == HOUR / 2
    assert booking.needs_attention
    assert WORDS[what] in reason(booking)


@pytest.mark.parametrize("what", WORDS)
def test_what_was_marked_as_done_before_does_not_come_back(booking, what):
    trouble(booking, what)
    Booking.objects.update(needs_attention=False)
    approve(booking, end_at=booking.end_at - HOUR / 2)
    assert not booking.needs_attention


@pytest.mark.parametrize("what", ["driver-left", "charger-reported"])
def test_another_driver_ends_the_trouble_with_the_one_before(booking, what):
    trouble(booking, what)
    approve(booking, driver=DriverFactory())
    assert not booking.needs_attention


def test_another_time_ends_the_trouble_with_maintenance(booking):
    trouble(booking, "downtime")
    approve(booking, start_at=booking.end_at, end_at=booking.end_at + HOUR)
    assert not booking.needs_attention


def test_what_is_over_by_itself_holds_nothing(booking):
    trouble(booking, "place-gone")
    Evse.objects.update(retired_at=None)
    approve(booking, end_at=booking.end_at - HOUR / 2)
    assert not booking.needs_attention


def test_what_maintenance_alone_holds_leaves_the_list_with_it(booking):
    """It had been there for another reason before, which the change ended."""
    Booking.objects.update(needs_attention=True)
    trouble(booking, "downtime")
    assert not BookingDowntime.objects.get().marked
    approve(booking, driver=DriverFactory())
    assert booking.needs_attention
    Downtime.objects.update(retired_at=now())
    notice_downtime()
    booking.refresh_from_db()
    assert not booking.needs_attention


def test_how_it_ended_meanwhile_is_not_hidden_by_a_change_that_fails(booking):
    request = change_of(booking)
    Booking.objects.update(status="no-show", needs_attention=True)
    move_request(request, to=Status.REJECTED, actor=Actor.OPERATOR)
    booking.refresh_from_db()
    assert booking.needs_attention


def test_of_many_it_costs_two_queries_more(booking):
    def approve_many(*, in_trouble: bool) -> int:
        requests = []
        for number in range(12):
            each = BookingFactory(accepted=True, start_at=booking.start_at + 2 * number * HOUR)
            if in_trouble and number % 2:
                trouble(each, "driver-left")
            requests.append(change_of(each))
        with CaptureQueriesContext(connection) as queries:
            move_requests([Move(each, Status.APPROVED, Actor.OPERATOR) for each in requests])
        return len(queries)

    without = approve_many(in_trouble=False)
    assert approve_many(in_trouble=True) == without + 2
    assert Booking.objects.filter(needs_attention=True, open_change="").count() == 6
