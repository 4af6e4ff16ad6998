"""When: requests for bookings, and bookings."""

import time
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from ampeco.calls.base import Calls
from ampeco.resources import only_wanted
from ampeco.types import (
    Booking,
    BookingRequest,
    CancelBookingRequest,
    ChangeBookingRequest,
    NewBookingRequest,
    Page,
)

BOOKING_REQUESTS = "resources/booking-requests/v1.0"
BOOKINGS = "resources/bookings/v1.0"


class BookingCalls(Calls):
    """Calls about bookings; what asks for something is sent once."""

    def create_booking_request(self, new: NewBookingRequest) -> BookingRequest:
        """Ask for a booking; sent once. After an ambiguous UpstreamUnavailable look first."""
        return self._submit("create_booking_request", new.to_payload())

    def change_booking_request(self, change: ChangeBookingRequest) -> BookingRequest:
        """Ask to change a booking; sent once."""
        return self._submit("change_booking_request", change.to_payload())

    def cancel_booking_request(self, cancel: CancelBookingRequest) -> BookingRequest:
        """Ask to cancel a booking; sent once."""
        return self._submit("cancel_booking_request", cancel.to_payload())

    def read_booking_request(self, request_id: int) -> BookingRequest:
        return self._resources.read(
            "read_booking_request", BOOKING_REQUESTS, request_id, BookingRequest.from_payload
        )

    def booking_request_pages(
        self,
        *,
        status: str | None = None,
        user_id: int | None = None,
        location_id: int | None = None,
        external_id: str | None = None,
        created_after: datetime | None = None,
        created_before: datetime | None = None,
        start_after: datetime | None = None,
        start_before: datetime | None = None,
        end_after: datetime | None = None,
        end_before: datetime | None = None,
        resume_from: str | None = None,
    ) -> Iterator[Page[BookingRequest]]:
        """Yield the pages of booking requests, of all channels and not only ours."""
        return self._resources.pages(
            "booking_request_pages",
            BOOKING_REQUESTS,
            BookingRequest.from_payload,
            resume_from=resume_from,
            filters={
                "status": status,
                "userId": user_id,
                "locationId": location_id,
                "externalId": external_id,
                "createdAfter": created_after,
                "createdBefore": created_before,
                "startAfter": start_after,
                "startBefore": start_before,
                "endAfter": end_after,
                "endBefore": end_before,
            },
        )

    def find_booking_requests(self, external_id: str) -> list[BookingRequest]:
        """Find the booking requests with exactly this external id.

        An operator that ignores the filter is noticed, and its list read for a few pages only: then
        nothing found does not mean that there is none.
        """
        return only_wanted(
            "find_booking_requests",
            self._resources.pages(
                "find_booking_requests",
                BOOKING_REQUESTS,
                BookingRequest.from_payload,
                filters={"externalId": external_id},
            ),
            lambda request: request.external_id == external_id,
        )

    def booking_pages(
        self,
        *,
        status: str | None = None,
        user_id: int | None = None,
        location_id: int | None = None,
        start_after: datetime | None = None,
        start_before: datetime | None = None,
        end_after: datetime | None = None,
        end_before: datetime | None = None,
        resume_from: str | None = None,
    ) -> Iterator[Page[Booking]]:
        """Yield the pages of bookings; `end_after` with `start_before` gives those of a window."""
        return self._resources.pages(
            "booking_pages",
            BOOKINGS,
            Booking.from_payload,
            resume_from=resume_from,
            filters={
                "status": status,
                "userId": user_id,
                "locationId": location_id,
                "startAfter": start_after,
                "startBefore": start_before,
                "endAfter": end_after,
                "endBefore": end_before,
            },
        )

    def read_booking(self, booking_id: int) -> Booking:
        return self._resources.read(
            "read_booking", BOOKINGS, booking_id, Booking.from_payload, include="bookedEvses"
        )

    def _submit(self, operation: str, body: dict[str, Any]) -> BookingRequest:
        sent_at = time.time()
        answer = self._resources.submit(
            operation, BOOKING_REQUESTS, body, BookingRequest.from_payload
        )
        # What dates requests need not be what dates answers.
        self.clock.note(answer.created_at, sent_at=sent_at)
        return answer
