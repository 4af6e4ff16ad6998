"""Reads the books of the portal and of the operator."""

from datetime import datetime
from typing import Any

import httpx
from django.utils import timezone

from batches.models import Batch, BatchRow
from bookings.models import Booking, BookingRequest
from notifications.models import Notification
from series.models import SeriesDate
from sites.slots.rules import last_instant
from tools.chaos.books.kept import (
    Books,
    OperatorBooking,
    OperatorRequest,
    PortalBooking,
    PortalDate,
    PortalMail,
    PortalOffer,
    PortalRequest,
    PortalRow,
    PortalWish,
    Slot,
)
from tools.chaos.books.ledger import Ledger
from waiting.models import Offer, Wish


def read_books(ledger: Ledger, *, operator: str) -> Books:
    """Return all books but the mails, as they are now; without what ran from the beginning."""
    requests, bookings = operator_books(operator)
    return Books(
        asked=ledger.asked,
        cancelled=ledger.cancelled,
        tables=ledger.tables,
        series=ledger.series,
        wishes=ledger.wishes,
        requests=portal_requests(),
        bookings=[one for one in portal_bookings() if one.ampeco_id not in ledger.running],
        notifications=portal_mails(),
        rows=portal_rows(),
        dates=portal_dates(),
        portal_wishes=portal_wishes(),
        operator_requests=requests,
        operator_bookings=[one for one in bookings if one.pk not in ledger.running],
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
            _about(row),
        )
        for row in Notification.objects.order_by("pk")
    ]


def _about(row: Notification) -> tuple[str, int, str]:
    for what in ("request", "event", "wish_event", "budget_warning"):
        if pk := getattr(row, f"{what}_id"):
            return what, pk, row.kind
    return "booking", row.booking_id or 0, row.kind


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


def portal_rows() -> list[PortalRow]:
    rows = BatchRow.objects.select_related("batch", "driver", "evse").order_by("pk")
    return [
        PortalRow(
            row.batch.name,
            row.batch.state == Batch.State.SENT,
            row.state,
            row.submission_key,
            _slot_of_row(row),
            row.booking_id,
            row.problem,
        )
        for row in rows
    ]


def _slot_of_row(row: BatchRow) -> Slot | None:
    if row.driver is None or row.evse is None or row.start_at is None or row.end_at is None:
        return None
    return Slot(row.driver.ampeco_user_id, row.evse.ampeco_id, row.start_at, row.end_at)


def portal_dates() -> list[PortalDate]:
    rows = SeriesDate.objects.select_related("series__location").order_by("pk")
    horizon = last_instant(timezone.now())
    return [
        PortalDate(
            row.series.submission_key,
            row.day,
            row.state,
            row.booking_id,
            row.problem,
            is_beyond=row.series.rhythm.occurrence(row.day, row.series.zone).end_at > horizon,
        )
        for row in rows
    ]


def portal_wishes() -> list[PortalWish]:
    wishes = Wish.objects.prefetch_related("offers__evse", "offers__booking__driver", "events")
    return [
        PortalWish(
            wish.pk,
            wish.submission_key,
            wish.state,
            wish.booking_id,
            tuple(_offer(offer) for offer in wish.offers.all()),
            max(wish.events.all(), key=lambda event: event.pk).note,
        )
        for wish in wishes.select_related("driver").order_by("pk")
    ]


def _offer(offer: Offer) -> PortalOffer:
    user = offer.booking.driver.ampeco_user_id if offer.booking else 0
    slot = Slot(user, offer.evse.ampeco_id, offer.start_at, offer.end_at)
    return PortalOffer(offer.state, slot, offer.booking_id)
