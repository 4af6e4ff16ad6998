from datetime import timedelta

import pytest
from django.utils.timezone import now

from bookings import refresh
from bookings.models import Booking
from sites.models import Evse
from tests.factories import BookingFactory, BookingRequestFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def unassigned(fleet, driver, operator, evse) -> Booking:
    """A booking that the operator has approved, at a charger the portal does not know yet."""
    start = now() + timedelta(hours=5)
    theirs = operator.add_booking(
        location_id=101, evse_id=301, start_at=start, end_at=start + timedelta(hours=1)
    )
    return BookingFactory(
        fleet=fleet,
        driver=driver,
        evse=None,
        location=evse.charge_point.location,
        status="accepted",
        ampeco_booking_id=theirs.id,
        start_at=start,
        slot_key="",
        refresh_at=now(),
    )


def test_the_charger_is_filled_in_once(unassigned, workers, wire):
    assert workers.refresh() == 1
    unassigned.refresh_from_db()
    assert unassigned.evse.ampeco_id == 301
    calls = len(wire.sent)
    assert workers.refresh() == 0
    assert len(wire.sent) == calls


def test_a_charger_that_is_not_mirrored_yet_is_looked_for_again(unassigned, workers):
    Evse.objects.filter(ampeco_id=301).update(ampeco_id=399)
    assert workers.refresh() == 0
    unassigned.refresh_from_db()
    assert unassigned.evse is None
    assert unassigned.refresh_at > now()


def test_looking_ends_when_the_booking_is_over(unassigned, workers, wire):
    Booking.objects.update(start_at=now() - timedelta(hours=2), end_at=now() - timedelta(hours=1))
    calls = len(wire.sent)
    assert workers.refresh() == 0
    assert len(wire.sent) == calls
    unassigned.refresh_from_db()
    assert unassigned.refresh_at is None


def test_an_outage_ends_the_round(unassigned, workers, operator):
    operator.faults.add("server-error")
    assert workers.refresh() == 0
    unassigned.refresh_from_db()
    assert unassigned.refresh_at > now()


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
        refresh_at=now() - timedelta(minutes=1),
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


def test_a_first_look_that_fails_is_left_to_the_sweep(unassigned, operator, ampeco_client):
    operator.faults.add("server-error")
    refresh.refresh_one(unassigned.pk, client=ampeco_client)
    unassigned.refresh_from_db()
    assert unassigned.refresh_at > now()
