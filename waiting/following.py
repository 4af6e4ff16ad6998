"""What the waiting list learns of bookings: what became of those it asked for, and what is freed.

In the transaction of whatever happens to the booking, so that a wish is never between two states.
"""

from collections.abc import Iterable, Sequence

from bookings.models import Booking, BookingEvent, BookingRequest
from bookings.state import listeners
from mirror.work import enqueue_on_commit
from waiting.models import Offer, SiteWatch, Wish, WishEvent
from waiting.state import move_wish

LOOK = "waiting.tasks.look_at_site"
Kind = BookingRequest.Kind
State = Wish.State
What = WishEvent.What
# What tells that a booking holds another place or time than before, or none.
PLACE_AND_TIME = frozenset({"status", "location", "evse", "start_at", "end_at"})


def listen() -> None:
    listeners.requests_settled.append(follow_requests)
    listeners.event_recorded.append(follow_event)


def follow_requests(requests: Sequence[BookingRequest]) -> None:
    """Let wishes follow the bookings they asked for; wake who waits where something is freed."""
    created = {request.booking_id: request for request in requests if request.kind == Kind.CREATE}
    offers = Offer.objects.filter(booking__in=created).select_related("wish__fleet").order_by("pk")
    last = {offer.booking_id: offer for offer in offers}
    for booking_pk, request in created.items():
        if offer := last.get(booking_pk):
            _settle(request, offer)
    # A new booking frees what it held when it is refused; of the others what they were.
    wake(
        {
            request.booking.location_id
            for request in requests
            if request.is_refused == (request.kind == Kind.CREATE)
        }
    )


def follow_event(event: BookingEvent) -> None:
    """Wake who waits where the operator, or who used the operator's app, freed something."""
    if not PLACE_AND_TIME & event.changes.keys():
        return
    before, _after = event.changes.get("location", (None, None))
    wake({event.booking.location_id, before} - {None})


def wake(locations: Iterable[int]) -> None:
    """Let sites be looked at once this is committed, where somebody waits."""
    watched = SiteWatch.objects.filter(location__in=locations, look_at__isnull=False)
    for location_pk in watched.order_by("location").values_list("location", flat=True):
        enqueue_on_commit(LOOK, location_pk)


def _settle(request: BookingRequest, offer: Offer) -> None:
    """Fulfil the wish that a booking was asked for, or let it wait on.

    By its last offer, since a request that failed may be repeated when the wish waits again.
    """
    if not offer.wish.is_open:
        return
    wish = offer.wish
    if not request.is_refused:
        _close_offers(wish)
        move_wish(
            wish,
            to=State.FULFILLED,
            what=What.FULFILLED,
            offer=offer,
            booking=request.booking,
        )
    elif wish.booking_id != request.booking_id:
        # Asked for once more by somebody else, while the wish has gone on without it.
        return
    elif request.booking.status == Booking.Status.CANCELLED:
        move_wish(wish, to=State.CANCELLED, what=What.CANCELLED, offer=offer)
    else:
        move_wish(
            wish,
            to=State.WAITING,
            what=What.REJECTED,
            offer=offer,
            note=request.rejection_reason or str(request.get_failure_display()),
            booking=None,
        )
        # What somebody else had by then may be had again; what was not wanted is not asked again.
        gone = request.failure == BookingRequest.Failure.SLOT_GONE
        became = Offer.State.GONE if gone else Offer.State.REFUSED
        Offer.objects.filter(pk=offer.pk).update(state=became)


def _close_offers(wish: Wish) -> None:
    wish.offers.filter(state=Offer.State.OPEN).update(state=Offer.State.GONE)
