"""Reads the books of the portal and of the operator."""

from datetime import datetime
from typing import Any

import httpx

from bookings.models import Booking, BookingRequest
from notifications.models import Notification
from tools.chaos.books import (
    OperatorBooking,
    OperatorRequest,
    PortalBooking,
    PortalMail,
    PortalRequest,
    Slot,
)


def portal_requests() -> list[PortalRequest]:
    rows = BookingRequest.objects.order_by("pk").values_list(
        *("pk", "submission_key", "external_id", "kind", "status", "ampeco_request_id"),
        "booking_id",
    )
    return [PortalRequest(*row) for row in rows]


def portal_bookings() -> list[PortalBooking]:
    rows = Booking.objects.select_related("driver", "evse").order_by("pk")
    return [
        PortalBooking(
            row.pk,
            row.status,
            row.ampeco_booking_id,
            Slot(
                row.driver.ampeco_user_id,
                row.evse.ampeco_id if row.evse else 0,
                row.start_at,
                row.end_at,
            ),
            row.open_change,
        )
        for row in rows
    ]


def portal_mails() -> list[PortalMail]:
    return [
        PortalMail(
            str(row.message_id),
            "perhaps sent" if row.is_perhaps_sent else row.state,
            row.recipient_email,
            (
                "request" if row.request_id else "event",
                row.request_id or row.event_id or 0,
                row.kind,
            ),
        )
        for row in Notification.objects.order_by("pk")
    ]


def operator_books(address: str) -> tuple[list[OperatorRequest], list[OperatorBooking]]:
    world = httpx.get(f"{address}/control/world", timeout=60).raise_for_status().json()
    requests = [
        OperatorRequest(
            one["id"],
            one.get("externalId", ""),
            one["type"],
            one["status"],
            one.get("bookingId"),
        )
        for one in world["requests"]
    ]
    return requests, [_booking(one) for one in world["bookings"]]


def _booking(one: dict[str, Any]) -> OperatorBooking:
    slot = Slot(
        int(one.get("userId") or 0),
        one["bookedEvses"][0]["id"],
        datetime.fromisoformat(one["startAt"]),
        datetime.fromisoformat(one["endAt"]),
    )
    return OperatorBooking(one["id"], one["status"], slot)
