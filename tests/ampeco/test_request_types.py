from datetime import UTC, datetime
from decimal import Decimal

import pytest

from ampeco.types import (
    BookingRequest,
    CancelBookingRequest,
    ChangeBookingRequest,
    EvseCriteria,
    NewBookingRequest,
)
from tests.scripted_operator import payload


def at(hour: int) -> datetime:
    return datetime(2026, 3, 1, hour, tzinfo=UTC)


def test_new_request_as_the_operator_answers_it():
    request = BookingRequest.from_payload(payload("booking_request", "create pending"))

    assert (request.id, request.type, request.status) == (1, "create", "pending")
    assert (request.user_id, request.location_id, request.evse_id) == (42, 7, None)
    assert (request.start_at, request.end_at) == (at(10), at(11))
    assert request.criteria == EvseCriteria("dc", "ccs2", Decimal(150), None)
    assert request.external_id == "0b6f3f6e-6f3e-4f0e-9d2b-6d9f1f7f5c11"
    assert (request.booking_id, request.rejection_reason) == (None, None)


def test_approved_request_has_its_booking():
    request = BookingRequest.from_payload(payload("booking_request", "create approved"))
    assert (request.booking_id, request.evse_id, request.criteria) == (100, 15, None)


def test_change_and_cancellation_lack_much():
    change = BookingRequest.from_payload(payload("booking_request", "update rejected"))
    cancel = BookingRequest.from_payload(payload("booking_request", "cancel pending"))

    assert (change.type, change.rejection_reason) == ("update", "The charger is taken.")
    assert (change.booking_id, change.user_id, change.location_id) == (100, None, None)
    assert (cancel.type, cancel.booking_id) == ("cancel", 100)
    assert (cancel.user_id, cancel.location_id, cancel.start_at) == (None, None, None)


def test_new_request_sends_only_what_is_set():
    new = NewBookingRequest(
        user_id=42, location_id=7, start_at=at(10), end_at=at(11), external_id="ours"
    )
    assert new.to_payload() == {
        "type": "create",
        "userId": 42,
        "locationId": 7,
        "startAt": "2026-03-01T10:00:00Z",
        "endAt": "2026-03-01T11:00:00Z",
        "externalId": "ours",
    }


@pytest.mark.parametrize(
    ("criteria", "expected"),
    [
        (EvseCriteria(), None),
        (EvseCriteria(min_power_kw=Decimal("150.00")), {"minPower": 150}),
        (EvseCriteria(max_power_kw=Decimal("7.4")), {"maxPower": 7.4}),
        (
            EvseCriteria(current_type="dc", connector_type="ccs2"),
            {"currentType": "dc", "connectorType": "ccs2"},
        ),
    ],
)
def test_criteria_are_sent_only_where_they_say_something(criteria, expected):
    sent = NewBookingRequest(
        user_id=1,
        location_id=1,
        start_at=at(10),
        end_at=at(11),
        external_id="ours",
        criteria=criteria,
    ).to_payload()
    assert sent.get("evseCriteria") == expected
    assert ("evseCriteria" in sent) is (expected is not None)


def test_change_and_cancellation_send_only_what_is_set():
    change = ChangeBookingRequest(booking_id=100, external_id="ours", end_at=at(12))
    cancel = CancelBookingRequest(booking_id=100, external_id="ours")

    assert change.to_payload() == {
        "type": "update",
        "bookingId": 100,
        "externalId": "ours",
        "endAt": "2026-03-01T12:00:00Z",
    }
    assert cancel.to_payload() == {"type": "cancel", "bookingId": 100, "externalId": "ours"}


def test_times_without_zone_are_not_sent():
    change = ChangeBookingRequest(
        booking_id=1, external_id="ours", start_at=datetime(2026, 3, 1, 10)
    )
    with pytest.raises(ValueError, match="zone"):
        change.to_payload()
