"""What goes up to the operator: whether it still may, what is sent, and how it is found again."""

import logging
from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from django.conf import settings
from django.utils import timezone

from ampeco import types as ampeco_types
from ampeco.client import AmpecoClient
from bookings.actions.candidate import (
    Candidate,
    Rule,
    Slot,
    charger_is_bookable,
    driver_has_access,
    driver_is_active,
    driver_is_of_the_fleet,
)
from bookings.actions.change import change_candidate
from bookings.actions.together import read_rows
from bookings.models import Booking, BookingRequest
from upstream.errors import UpstreamRejected, UpstreamUnauthorized

logger = logging.getLogger(__name__)

Failure = BookingRequest.Failure
Kind = BookingRequest.Kind

# How far our clock may be from the operator's at least, whatever was measured.
CLOCK_SKEW = timedelta(minutes=10)
# Some operators round times to the minute, and what goes over the wire has whole seconds.
ROUNDED = timedelta(minutes=1)


def send(request: BookingRequest, *, client: AmpecoClient) -> ampeco_types.BookingRequest:
    """Send a request once and return the operator's answer; raises the errors of `ampeco`.

    A change or a cancellation needs the booking's id upstream.
    """
    if request.kind == Kind.CREATE:
        return client.create_booking_request(new_booking_request(request))
    if request.kind == Kind.UPDATE:
        return client.change_booking_request(change_booking_request(request))
    return client.cancel_booking_request(cancel_booking_request(request))


def new_booking_request(request: BookingRequest) -> ampeco_types.NewBookingRequest:
    """Return the create request as the operator wants it."""
    criteria, parking = None, None
    if request.evse is None:
        criteria, parking = _evse_criteria(request), request.criteria.parking
    return ampeco_types.NewBookingRequest(
        user_id=request.driver.ampeco_user_id,
        location_id=request.location.ampeco_id,
        start_at=request.start_at,
        end_at=request.end_at,
        external_id=str(request.external_id),
        evse_id=request.evse.ampeco_id if request.evse else None,
        criteria=criteria,
        parking=parking,
        authorized_token_ids=_tokens(request.booking.replaces, request),
    )


def _tokens(booking: Booking | None, request: BookingRequest) -> tuple[int, ...]:
    """Return the tokens that the operator named for a booking, for what changes or replaces it.

    They are its driver's: somebody else starts with others.
    """
    if booking is None or booking.driver_id != request.driver_id:
        return ()
    return tuple(token["id"] for token in booking.authorized_tokens)


def _evse_criteria(request: BookingRequest) -> ampeco_types.EvseCriteria:
    wanted = request.criteria
    return ampeco_types.EvseCriteria(
        current_type=wanted.current_type or None,
        connector_type=wanted.connector_type or None,
        min_power_kw=wanted.min_power_kw,
        max_power_kw=wanted.max_power_kw,
    )


def change_booking_request(request: BookingRequest) -> ampeco_types.ChangeBookingRequest:
    """Return the update request as the operator wants it: with all that the booking shall be.

    Of one that has begun only the end, lest it be refused for a start in the past.
    """
    only_end = request.asks_for_end_only and request.start_at <= timezone.now()
    return ampeco_types.ChangeBookingRequest(
        booking_id=_booking_id(request),
        external_id=str(request.external_id),
        user_id=None if only_end else request.driver.ampeco_user_id,
        start_at=None if only_end else request.start_at,
        end_at=request.end_at,
        authorized_token_ids=_tokens(request.booking, request),
    )


def cancel_booking_request(request: BookingRequest) -> ampeco_types.CancelBookingRequest:
    return ampeco_types.CancelBookingRequest(
        booking_id=_booking_id(request), external_id=str(request.external_id)
    )


def _booking_id(request: BookingRequest) -> int:
    booking_id = request.booking.ampeco_booking_id
    if booking_id is None:
        raise ValueError("The operator knows a booking by its id only.")
    return booking_id


def find_upstream(
    request: BookingRequest, *, client: AmpecoClient
) -> ampeco_types.BookingRequest | None:
    """Look for a request that was sent but whose answer we do not have; see `find_all`."""
    return next(iter(find_all(request, client=client)), None)


def find_all(request: BookingRequest, *, client: AmpecoClient) -> list[ampeco_types.BookingRequest]:
    """Return what the operator holds of a request, approved ones first.

    First by our external id; since a tenant may not filter by it, refuse to, or not give it back,
    then among those of that time. A match counts only when what it asks for agrees and no other row
    of ours has it.
    """
    matches = _named(request, client=client) or _unnamed(request, client=client)
    return _free(request, matches)


def find_others(
    request: BookingRequest, *, client: AmpecoClient
) -> list[ampeco_types.BookingRequest]:
    """Return what the operator holds of a request besides the one that we follow, as `find_all`.

    Both ways are gone: where the filter is ignored, the first one may have shown only one of them.
    """
    matches = _named(request, client=client) + _unnamed(request, client=client)
    return [found for found in _free(request, matches) if found.id != request.ampeco_request_id]


def _named(request: BookingRequest, *, client: AmpecoClient) -> list[ampeco_types.BookingRequest]:
    try:
        named = client.find_booking_requests(str(request.external_id))
    except UpstreamUnauthorized:
        raise
    except UpstreamRejected as error:
        logger.warning("Requests cannot be found by their external id: %s", error)
        return []
    return [found for found in named if is_same(request, found)]


def _unnamed(request: BookingRequest, *, client: AmpecoClient) -> list[ampeco_types.BookingRequest]:
    """Return what is found among those of that time, with our external id or without any.

    Without it another channel may have asked for the same. What that was granted is as good as
    ours, as long as it stands; its rejection is no answer to us: asked once more, the operator
    gives one.
    """
    matches = []
    for found in _of_that_time(request, client=client):
        if not is_same(request, found):
            continue
        if found.external_id:
            counts = found.external_id == str(request.external_id)
        elif found.status == "rejected":
            counts = False
        else:
            # A date by another clock than the one that was measured must not hide one of ours.
            counts = may_be_since(request, found, client=client) or _stands(
                request, found, client=client
            )
        if counts:
            matches.append(found)
    return matches


def _free(
    request: BookingRequest, matches: list[ampeco_types.BookingRequest]
) -> list[ampeco_types.BookingRequest]:
    by_id = {found.id: found for found in matches}
    others = BookingRequest.objects.filter(ampeco_request_id__in=by_id).exclude(pk=request.pk)
    taken = set(others.values_list("ampeco_request_id", flat=True))
    if request.kind == Kind.CREATE:
        # Of what bears no id of ours: a booking that stands here already is another one.
        unnamed = {each.booking_id: each.id for each in matches if not each.external_id}
        held = Booking.objects.filter(ampeco_booking_id__in=unnamed.keys() - {None})
        known = held.exclude(pk=request.booking_id).values_list("ampeco_booking_id", flat=True)
        taken |= {unnamed[pk] for pk in known}
    order = {"approved": 0, "pending": 1}
    free = [found for found in by_id.values() if found.id not in taken]
    return sorted(free, key=lambda found: (order.get(found.status, 2), found.id))


def _of_that_time(
    request: BookingRequest, *, client: AmpecoClient
) -> Iterator[ampeco_types.BookingRequest]:
    if request.kind == Kind.CREATE:
        # Not by when they were made: that is told by the operator's clock.
        pages = client.booking_request_pages(**place_and_time(request))
    else:
        # These have no location, and cancellations no user nor times: no filter by them finds any.
        pages = client.booking_request_pages(created_after=_earliest(request, client=client))
    for page in pages:
        yield from page.items


def place_and_time(request: BookingRequest) -> dict[str, Any]:
    """Return the filters for what the operator may have made, or was asked for, by a request."""
    return {
        "user_id": request.driver.ampeco_user_id,
        "location_id": request.location.ampeco_id,
        "start_after": request.start_at - ROUNDED,
        "start_before": request.start_at + ROUNDED,
    }


def may_be_since(
    request: BookingRequest,
    found: ampeco_types.BookingRequest | ampeco_types.Booking,
    *,
    client: AmpecoClient,
) -> bool:
    """Return whether what is dated by the operator's clock may be from after our request."""
    return found.created_at is None or found.created_at >= _earliest(request, client=client)


def _earliest(request: BookingRequest, *, client: AmpecoClient) -> datetime:
    return request.created_at.astimezone(UTC) - client.clock.behind(at_least=CLOCK_SKEW)


def _stands(
    request: BookingRequest, found: ampeco_types.BookingRequest, *, client: AmpecoClient
) -> bool:
    """Return whether what was asked for before our request, by its date, is still to be had."""
    if request.kind != Kind.CREATE:
        return False
    return not found.is_decided or any(
        each.status in Booking.MAY_STAND and found.booking_id in {None, each.id}
        for page in client.booking_pages(**place_and_time(request))
        for each in page.items
    )


def is_answer_to(request: BookingRequest, answer: ampeco_types.BookingRequest) -> bool:
    return answer.type in {request.kind, "unknown"} and (
        answer.external_id or str(request.external_id)
    ) == str(request.external_id)


def is_same(request: BookingRequest, found: ampeco_types.BookingRequest) -> bool:
    """Return whether an upstream request is ours, by what it asks for.

    With our external id it may leave out what it asks for, but not say otherwise.
    """
    if found.type != request.kind:
        return False
    booking_id = request.booking.ampeco_booking_id
    asked: list[tuple[object, object]] = [
        (found.user_id, request.driver.ampeco_user_id),
        (found.start_at, request.start_at),
        (found.end_at, request.end_at),
    ]
    if request.kind == Kind.CREATE:
        asked.append((found.location_id, request.location.ampeco_id))
        needed = [told for told, _ours in asked]
        asked.append((found.evse_id, request.evse.ampeco_id if request.evse else None))
        asked += _criteria_asked(request, found)
    else:
        # Of a change the operator may tell only what is other than before.
        asked = [*(asked if request.kind == Kind.UPDATE else []), (found.booking_id, booking_id)]
        needed = [found.booking_id, booking_id]
    is_named = found.external_id == str(request.external_id)
    return (is_named or None not in needed) and all(_agree(told, ours) for told, ours in asked)


def _criteria_asked(
    request: BookingRequest, found: ampeco_types.BookingRequest
) -> list[tuple[object, object]]:
    """Return what the operator repeats of the criteria of a request for any charger, with ours."""
    if request.evse is not None:
        return []
    ours, told = _evse_criteria(request), found.criteria or ampeco_types.EvseCriteria()
    pairs: list[tuple[object, object]] = [
        (getattr(told, name), getattr(ours, name))
        for name in ("current_type", "connector_type", "min_power_kw", "max_power_kw")
    ]
    return [*pairs, (found.parking, request.criteria.parking or None)]


def is_same_place_and_time(request: BookingRequest, found: ampeco_types.Booking) -> bool:
    """Return whether a booking is what a request asks for."""
    return (
        found.user_id == request.driver.ampeco_user_id
        and found.location_id == request.location.ampeco_id
        and _agree(found.start_at, request.start_at)
        and _agree(found.end_at, request.end_at)
    )


def _agree(told: object, ours: object) -> bool:
    if isinstance(told, datetime) and isinstance(ours, datetime):
        return abs(told - ours) < ROUNDED
    return told is None or ours is None or told == ours


# What may be otherwise by now, and what a request fails with then.
RECHECKED: dict[Rule, Failure] = {
    charger_is_bookable: Failure.EVSE_NOT_BOOKABLE,
    driver_is_of_the_fleet: Failure.DRIVER_NOT_ALLOWED,
    driver_is_active: Failure.DRIVER_NOT_ALLOWED,
    driver_has_access: Failure.DRIVER_NOT_ALLOWED,
}


def read_candidates(requests: Iterable[BookingRequest]) -> dict[int, Candidate]:
    """Return what requests want, by primary key, with all that the rules need to know of it.

    Costs a few queries a fleet. Nothing of cancellations, which are held up by no rule.
    """
    found: dict[int, Candidate] = {}
    by_fleet: dict[int, list[Candidate]] = defaultdict(list)
    for request in requests:
        if request.kind == Kind.CANCEL:
            continue
        found[request.pk] = _candidate(request)
        by_fleet[request.booking.fleet_id].append(found[request.pk])
    for candidates in by_fleet.values():
        read_rows(candidates[0].fleet, candidates)
    return found


def find_obstacle(
    request: BookingRequest, candidate: Candidate | None, *, now: datetime
) -> Failure | None:
    """Return why a request can no longer be sent, or None. Reads availability at most once.

    A cancellation is held up by nothing but its booking being over. Raises AvailabilityUnknown when
    that could not be read.
    """
    booking = request.booking
    if request.kind == Kind.CREATE:
        if booking.open_change == Booking.OpenChange.WITHDRAW:
            return Failure.WITHDRAWN
        if request.start_at <= now:
            return Failure.TOO_LATE
        return _obstacle_to(candidate)
    if request.kind == Kind.UPDATE and request.asks_for_end_only and booking.is_running(now):
        return _obstacle_to_end(request, candidate, now=now)
    if booking.status not in Booking.MAY_COME or booking.is_past(now):
        return Failure.BOOKING_OVER
    if request.kind == Kind.CANCEL:
        return None
    if min(booking.start_at, request.start_at) <= now:
        return Failure.TOO_LATE
    return _obstacle_to(candidate)


def _obstacle_to_end(
    request: BookingRequest, candidate: Candidate | None, *, now: datetime
) -> Failure | None:
    """Return what stands against another end of a booking that runs; less time always goes."""
    if request.end_at <= now:
        return Failure.TOO_LATE
    return None if request.end_at <= request.booking.end_at else _obstacle_to(candidate)


def _candidate(request: BookingRequest) -> Candidate:
    booking = request.booking
    if request.kind == Kind.UPDATE:
        candidate = change_candidate(booking, request.driver, request.start_at, request.end_at)
        candidate.turn = request.created_at, booking.pk
    else:
        slot = Slot(
            request.location, request.evse, request.criteria, request.start_at, request.end_at
        )
        candidate = Candidate(booking.fleet, slot, request.driver)
        # Not the request's: one that is asked for again keeps its turn, as others see it.
        candidate.turn = booking.created_at, booking.pk
    # Most are sent within a second of the form, which has asked.
    candidate.answer_age = settings.AVAILABILITY_CACHE_SECONDS
    return candidate


def _obstacle_to(candidate: Candidate | None) -> Failure | None:
    assert candidate is not None
    for rule, failure in RECHECKED.items():
        if rule(candidate):
            return failure
    # As told then: here an operator who does not answer lets nothing pass.
    return None if candidate.is_free else Failure.SLOT_GONE
