"""Whose request made a booking of the operator's: asked whenever one turns up that nobody knows.

A booking does not say which request it came of, and the request need not say which booking came of
it. Both are for a driver, at a place, for a period.
"""

import logging
from collections.abc import Iterable

from django.db import transaction

from ampeco import types as ampeco_types
from ampeco.client import AmpecoClient
from bookings.models import Booking, BookingRequest
from bookings.state.booking import merge_external_booking, tell_change
from sync.duplicates import WITH_FACTS, give_up, is_repeated, known_ids
from sync.operator_requests import (
    ROUNDED,
    is_same_place_and_time,
    may_be_since,
    place_and_time,
)
from upstream.errors import UpstreamError, UpstreamNotFound, meets_every_call

logger = logging.getLogger(__name__)

Kind = BookingRequest.Kind
Status = BookingRequest.Status


def leave_strangers(
    bookings: Iterable[ampeco_types.Booking], *, client: AmpecoClient
) -> list[ampeco_types.Booking]:
    """Return those of the operator's bookings, unknown here, that no request of ours has made.

    Left out are those that a request of ours is about to get, and surplus ones, which are given up.
    Costs one query, and a call and a query for each that somebody asked for here. One about which
    the operator cannot be asked is left out as well, until the next time; a second is raised.
    """
    bookings = list(bookings)
    asked = _requests_for(bookings)
    strangers = []
    failed_before = False
    for booking in bookings:
        requests = [each for each in asked if _is_for(each, booking)]
        if any(_is_about_to_get_one(each) for each in requests):
            continue
        try:
            origin = _origin_of(booking, requests, client=client) if requests else None
        except UpstreamError as error:
            if failed_before or meets_every_call(error):
                raise
            failed_before = True
            logger.warning(
                "Who asked for booking %s of the operator cannot be told: %s", booking.id, error
            )
            continue
        if origin is not None:
            give_up(origin[0], instead_of=origin[1])
        elif not (requests and _is_given_up_by_now(booking)):
            strangers.append(booking)
    return strangers


def _requests_for(bookings: list[ampeco_types.Booking]) -> list[BookingRequest]:
    """Return our requests that may have made some of these bookings.

    A request is saved before it is sent, so whatever came of it upstream, it is found here.
    """
    if not bookings:
        return []
    starts = [each.start_at for each in bookings]
    requests = BookingRequest.objects.filter(
        kind=Kind.CREATE,
        driver__ampeco_user_id__in={each.user_id for each in bookings if each.user_id},
        location__ampeco_id__in={each.location_id for each in bookings},
        start_at__range=(min(starts) - ROUNDED, max(starts) + ROUNDED),
    ).select_related(*WITH_FACTS)
    return [
        each
        for each in requests.order_by("pk")
        if not each.is_settled or each.ampeco_request_id or each.send_started_at
    ]


def _is_for(request: BookingRequest, booking: ampeco_types.Booking) -> bool:
    return booking.user_id is not None and is_same_place_and_time(request, booking)


def _is_about_to_get_one(request: BookingRequest) -> bool:
    return not request.is_settled or (
        request.status == Status.APPROVED and request.booking.ampeco_booking_id is None
    )


def _is_given_up_by_now(booking: ampeco_types.Booking) -> bool:
    """Return whether somebody else has given a booking up since our requests were read."""
    return any(
        _is_for(each, booking) and _is_about_to_get_one(each) for each in _requests_for([booking])
    )


def _origin_of(
    booking: ampeco_types.Booking, requests: list[BookingRequest], *, client: AmpecoClient
) -> tuple[ampeco_types.BookingRequest, BookingRequest] | None:
    """Return the upstream request that made a booking, with ours of which it is one more."""
    pages = client.booking_request_pages(**place_and_time(requests[0]))
    creations = [
        each
        for page in pages
        for each in page.items
        if each.type == Kind.CREATE and each.status == "approved"
    ]
    named = [each for each in creations if each.booking_id == booking.id]
    unnamed = [each for each in creations if each.booking_id is None]
    known = known_ids(each.id for each in creations)
    candidates = [each for each in named or unnamed if each.id not in known]
    if not candidates:
        return None
    gives_ids_back = any(each.external_id for each in candidates) or _gives_ids_back(client)
    for candidate in candidates:
        for request in requests:
            if is_repeated(request, candidate, gives_ids_back=gives_ids_back, client=client):
                return candidate, request
    return None


def _gives_ids_back(client: AmpecoClient) -> bool:
    """Ask the operator for the latest request of ours that it has."""
    latest = BookingRequest.objects.filter(ampeco_request_id__isnull=False).order_by("pk").last()
    if latest is None or latest.ampeco_request_id is None:
        return True
    try:
        return client.read_booking_request(latest.ampeco_request_id).external_id is not None
    except UpstreamNotFound:
        return True


def find_booking_id(booking: Booking, *, client: AmpecoClient) -> bool:
    """Find out which booking the operator made of an approved request; return whether it is known.

    Where the request does not tell, it is the one for its driver, at its place and time.
    """
    request = (
        booking.requests.filter(kind=Kind.CREATE, status=Status.APPROVED)
        .select_related(*WITH_FACTS)
        .last()
    )
    if request is None or request.ampeco_request_id is None:
        return False
    try:
        found = client.read_booking_request(request.ampeco_request_id).booking_id
    except UpstreamNotFound:
        logger.warning("The operator no longer knows request %s.", request.pk)
        found = None
    found = found or _made_of(request, client=client)
    if found is None:
        return False
    with transaction.atomic():
        held = Booking.objects.select_for_update(of=("self",)).get(pk=booking.pk)
        if held.ampeco_booking_id is None:
            merge_external_booking(held, ampeco_booking_id=found)
            Booking.objects.filter(pk=held.pk).update(ampeco_booking_id=found)
            held.ampeco_booking_id = found
            tell_change(held)
    booking.ampeco_booking_id = held.ampeco_booking_id
    return True


def _made_of(request: BookingRequest, *, client: AmpecoClient) -> int | None:
    """Return the operator's booking of an approved request, by driver, place and time.

    One that stands comes first. Those that another row here has, that are older than the request,
    or that are at another charger than was asked for are not it.
    """
    pages = client.booking_pages(**place_and_time(request))
    made = {
        each.id: each
        for page in pages
        for each in page.items
        if _is_for(request, each) and may_be_since(request, each, client=client)
    }
    known = Booking.objects.filter(ampeco_booking_id__in=made)
    for row in known:
        made.pop(row.ampeco_booking_id or 0)
    for pk, listed in sorted(
        made.items(), key=lambda one: (one[1].status not in Booking.MAY_STAND, one[0])
    ):
        evse_ids = listed.evse_ids or client.read_booking(pk).evse_ids
        if not evse_ids or _may_be_at(request, evse_ids):
            return pk
    return None


def _may_be_at(request: BookingRequest, evse_ids: tuple[int, ...]) -> bool:
    if request.evse is not None:
        return request.evse.ampeco_id in evse_ids
    # Another request of ours for the same time may wait for that very charger.
    others = BookingRequest.objects.filter(
        kind=Kind.CREATE,
        driver=request.driver_id,
        evse__ampeco_id__in=evse_ids,
        start_at=request.start_at,
        booking__ampeco_booking_id=None,
    ).exclude(pk=request.pk)
    return not any(_is_about_to_get_one(each) for each in others.select_related("booking"))
