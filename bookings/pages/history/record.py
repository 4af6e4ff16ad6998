"""All that is written down about one booking, read in a constant number of queries."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from django.db.models import Q

from bookings.models import (
    Booking,
    BookingEvent,
    BookingRequest,
    BookingRequestEvent,
    ChargerReport,
    ChargingSession,
)
from notifications.models import Notification
from sites.slots.prices.price import PriceShown, read_shown

Kind = BookingRequest.Kind
Status = BookingRequest.Status


@dataclass(frozen=True)
class HistoryRecord:
    """A booking with its requests, events, mails and session, each oldest first.

    `replaced` is the booking that this one was to replace, `of_replaced` that one's cancel
    requests; `moves` are the create requests of the bookings that were to replace this one.
    """

    booking: Booking
    requests: list[BookingRequest]
    replaced: Booking | None
    of_replaced: list[BookingRequest]
    moves: list[BookingRequest]
    request_events: list[BookingRequestEvent]
    events: list[BookingEvent]
    notifications: list[Notification]
    session: ChargingSession | None

    @cached_property
    def reports(self) -> dict[int, ChargerReport]:
        """What the driver reported of the charger, by its event; read only if there is any."""
        if self.last_event(BookingEvent.What.CHARGER_REPORTED) is None:
            return {}
        return {each.event_id: each for each in self.booking.reports.select_related("evse")}

    @property
    def reports_in_order(self) -> list[ChargerReport]:
        return sorted(self.reports.values(), key=lambda report: (report.at, report.pk))

    @property
    def late_messages(self) -> list[BookingEvent]:
        return [each for each in self.events if each.what == BookingEvent.What.RUNNING_LATE]

    @property
    def creation(self) -> BookingRequest | None:
        """The newest request that asked for the booking; none for one that was made elsewhere."""
        return self._newest(Kind.CREATE)

    @property
    def cancellation(self) -> BookingRequest | None:
        return self._newest(Kind.CANCEL)

    @property
    def price_shown(self) -> PriceShown | None:
        return _price_shown(self.requests)

    def _newest(self, kind: Kind) -> BookingRequest | None:
        return next((each for each in reversed(self.requests) if each.kind == kind), None)

    @property
    def latest(self) -> BookingRequest | None:
        return self.requests[-1] if self.requests else None

    @property
    def open_request(self) -> BookingRequest | None:
        return next((each for each in self.requests if not each.is_settled), None)

    def last_event(self, *what: BookingEvent.What) -> BookingEvent | None:
        return next((each for each in reversed(self.events) if each.what in what), None)

    def move_behind(self, request: BookingRequest) -> Booking | None:
        return next((move.booking for move in self.moves if opened_by(request, move)), None)

    def cancellation_of_replaced(self) -> BookingRequest | None:
        """Return the cancellation of the replaced booking that the approval of this one opened."""
        return next(
            (
                cancellation
                for cancellation in reversed(self.of_replaced)
                if any(opened_by(cancellation, each) for each in self.requests)
            ),
            None,
        )


def price_shown_of(booking: Booking) -> PriceShown | None:
    """Return what people were told that a booking costs; one query."""
    return _price_shown(list(booking.requests.order_by("created_at", "pk")))


def _price_shown(requests: Sequence[BookingRequest]) -> PriceShown | None:
    """Return what people were told that a booking costs as it is now, or is asked for."""
    for each in reversed(requests):
        if each.kind == Kind.CREATE or (
            each.kind == Kind.UPDATE and each.status == Status.APPROVED
        ):
            return read_shown(each.price_shown)
    return None


def opened_by(request: BookingRequest, creation: BookingRequest) -> bool:
    """Return whether an approval opened a cancellation: both bear its transaction's instant."""
    return (
        (request.kind, creation.kind) == (Kind.CANCEL, Kind.CREATE)
        and creation.status == Status.APPROVED
        and creation.settled_at is not None
        and request.created_at == creation.settled_at
    )


def read_history(booking: Booking) -> HistoryRecord:
    """Read what is written down about a booking; the number of queries does not depend on it.

    A booking that replaces another one costs one more.
    """
    about = Q(booking=booking) | Q(booking__replaces=booking, kind=Kind.CREATE)
    if booking.replaces_id:
        about |= Q(booking=booking.replaces_id, kind=Kind.CANCEL)
    requests = list(
        BookingRequest.objects.filter(about)
        .select_related(
            "booking__location", "driver", "previous_driver", "location", "evse", "created_by"
        )
        .order_by("created_at", "pk")
    )
    own = {request.pk: request for request in requests if request.booking_id == booking.pk}
    request_events = list(
        BookingRequestEvent.objects.filter(request__booking=booking)
        .select_related("user")
        .order_by("at", "pk")
    )
    for event in request_events:
        if event.request_id in own:
            event.request = own[event.request_id]
    others = Booking.objects.select_related("location", "driver")
    return HistoryRecord(
        booking=booking,
        requests=list(own.values()),
        replaced=others.get(pk=booking.replaces_id) if booking.replaces_id else None,
        of_replaced=[each for each in requests if each.booking_id == booking.replaces_id],
        moves=[each for each in requests if each.booking.replaces_id == booking.pk],
        request_events=request_events,
        events=list(booking.events.select_related("user", "driver").order_by("at", "pk")),
        notifications=list(booking.notifications.order_by("created_at", "pk")),
        session=getattr(booking, "charging_session", None),
    )


def when_settled(request: BookingRequest) -> datetime:
    return request.settled_at or request.created_at
