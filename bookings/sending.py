"""What goes up to the operator for each kind of request, and how it is found again."""

import logging
from collections.abc import Iterator
from datetime import UTC, timedelta

from ampeco import types as upstream
from ampeco.client import AmpecoClient
from ampeco.errors import AmpecoRejected, AmpecoUnauthorized
from bookings.models import BookingRequest

logger = logging.getLogger(__name__)

Kind = BookingRequest.Kind

# How far our clock may be from the operator's when we look for what arrived.
CLOCK_SKEW = timedelta(minutes=10)


def send(request: BookingRequest, *, client: AmpecoClient) -> upstream.BookingRequest:
    """Send a request once and return the operator's answer; raises the errors of `ampeco`.

    A change or a cancellation needs the booking's id upstream.
    """
    if request.kind == Kind.CREATE:
        return client.create_booking_request(new_booking_request(request))
    if request.kind == Kind.UPDATE:
        return client.change_booking_request(change_booking_request(request))
    return client.cancel_booking_request(cancel_booking_request(request))


def new_booking_request(request: BookingRequest) -> upstream.NewBookingRequest:
    """Return the create request as the operator wants it."""
    criteria = None
    if request.evse is None:
        power = request.wanted_min_power_kw
        criteria = upstream.EvseCriteria(
            current_type=request.wanted_current_type or None,
            connector_type=request.wanted_connector_type or None,
            min_power_kw=power,
            max_power_kw=None,
        )
    return upstream.NewBookingRequest(
        user_id=request.driver.ampeco_user_id,
        location_id=request.location.ampeco_id,
        start_at=request.start_at,
        end_at=request.end_at,
        external_id=str(request.external_id),
        evse_id=request.evse.ampeco_id if request.evse else None,
        criteria=criteria,
    )


def change_booking_request(request: BookingRequest) -> upstream.ChangeBookingRequest:
    """Return the update request as the operator wants it: with all that the booking shall be."""
    return upstream.ChangeBookingRequest(
        booking_id=_booking_id(request),
        external_id=str(request.external_id),
        user_id=request.driver.ampeco_user_id,
        start_at=request.start_at,
        end_at=request.end_at,
    )


def cancel_booking_request(request: BookingRequest) -> upstream.CancelBookingRequest:
    """Return the cancel request as the operator wants it."""
    return upstream.CancelBookingRequest(
        booking_id=_booking_id(request), external_id=str(request.external_id)
    )


def _booking_id(request: BookingRequest) -> int:
    booking_id = request.booking.ampeco_booking_id
    if booking_id is None:
        raise ValueError("The operator knows a booking by its id only.")
    return booking_id


def find_upstream(
    request: BookingRequest, *, client: AmpecoClient
) -> upstream.BookingRequest | None:
    """Look for a request that was sent but whose answer we do not have.

    First by our external id; since a tenant may not filter by it, refuse to, or not give it back,
    then among the recent ones. A match counts only when what it asks for agrees and no other row of
    ours has it.
    """
    try:
        named = client.find_booking_requests(str(request.external_id))
    except AmpecoUnauthorized:
        raise
    except AmpecoRejected as error:
        logger.warning("Requests cannot be found by their external id: %s", error)
        named = []
    matches = [found for found in named if is_same(request, found)]
    if not matches:
        matches = [
            found
            for found in _recent(request, client=client)
            if found.external_id in {None, str(request.external_id)} and is_same(request, found)
        ]
    taken = set(
        BookingRequest.objects.filter(ampeco_request_id__in=[found.id for found in matches])
        .exclude(pk=request.pk)
        .values_list("ampeco_request_id", flat=True)
    )
    matches = [found for found in matches if found.id not in taken]
    if len(matches) > 1:
        logger.error(
            "The operator holds %d requests for request %s: %s.",
            len(matches),
            request.pk,
            [found.id for found in matches],
        )
    order = {"approved": 0, "pending": 1}
    matches.sort(key=lambda found: (order.get(found.status, 2), found.id))
    return matches[0] if matches else None


def _recent(request: BookingRequest, *, client: AmpecoClient) -> Iterator[upstream.BookingRequest]:
    """Yield what was asked of the operator since shortly before the request was made here."""
    since = request.created_at.astimezone(UTC) - CLOCK_SKEW
    if request.kind == Kind.CREATE:
        pages = client.booking_request_pages(
            user_id=request.driver.ampeco_user_id,
            location_id=request.location.ampeco_id,
            created_after=since,
        )
    else:
        # These have no location, and cancellations no user: no filter by them finds any.
        pages = client.booking_request_pages(created_after=since)
    for page in pages:
        yield from page.items


def is_same(request: BookingRequest, found: upstream.BookingRequest) -> bool:
    """Return whether an upstream request is ours, by what it asks for."""
    if found.type != request.kind:
        return False
    if request.kind == Kind.CREATE:
        return (
            found.user_id == request.driver.ampeco_user_id
            and found.location_id == request.location.ampeco_id
            and found.start_at == request.start_at
            and found.end_at == request.end_at
            and (
                found.evse_id is None
                or request.evse is None
                or found.evse_id == request.evse.ampeco_id
            )
        )
    if found.booking_id is None or found.booking_id != request.booking.ampeco_booking_id:
        return False
    # Of a change the operator may tell only what is other than before.
    return request.kind == Kind.CANCEL or (
        found.user_id in {None, request.driver.ampeco_user_id}
        and found.start_at in {None, request.start_at}
        and found.end_at in {None, request.end_at}
    )
