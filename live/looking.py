"""What the database tells of changes: for what nobody said, and for whoever has just come.

Each question is asked once for all who watch.
"""

from collections import deque
from collections.abc import Callable, Collection
from typing import ParamSpec, TypeVar

from django.db import Error, close_old_connections, connection
from django.db.models import Max
from django.utils import timezone

from bookings.models import Booking, BookingEvent, BookingRequestEvent
from live.announcing import Change
from sync.open_pages import poll_sooner, poll_sooner_in

# What a look at watched bookings needs, for itself and to have them polled sooner.
FIELDS = ("fleet", "version", "status", "open_change", "evse", "ampeco_booking_id")
TIMES = ("start_at", "end_at", "refresh_at")
MOST_ROWS = 1000

P = ParamSpec("P")
T = TypeVar("T")


def with_fresh_connection(ask: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Ask the database from a thread that serves no request, which would see to its connection."""
    close_old_connections()
    try:
        return ask(*args, **kwargs)
    finally:
        close_old_connections()


def with_kept_connection(ask: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Ask from the thread that asks every second: to connect would cost more than the question."""
    try:
        return ask(*args, **kwargs)
    except Error:
        connection.close()
        raise


def look_at(bookings: Collection[int], *, fleets: Collection[int]) -> list[Change]:
    """Return the versions of bookings whose page is open, and have them polled sooner.

    So a page that waits for a decision need not ask again and again. Of fleets whose lists and
    boards are open, undecided requests are polled sooner as well.
    """
    now = timezone.now()
    found = list(Booking.objects.filter(pk__in=bookings).only(*FIELDS, *TIMES)) if bookings else []
    poll_sooner(found, now=now)
    if fleets:
        poll_sooner_in(fleets, now=now)
    return [(booking.fleet_id, booking.pk, booking.version) for booking in found]


class History:
    """Finds the bookings that got a new line of history since it last read.

    Lines may become visible in another order than that of their keys, since transactions overlap:
    the last few stretches are read again. Whoever asks knows what was told already.
    """

    STRETCHES = 4

    def __init__(self) -> None:
        self._ends: deque[tuple[int, int]] = deque(maxlen=self.STRETCHES)

    @property
    def is_new(self) -> bool:
        return not self._ends

    def read(self, fleets: Collection[int]) -> list[Change] | None:
        """Return the bookings of these fleets; None for too many to be named. At first, none."""
        end = (_last_key(BookingEvent), _last_key(BookingRequestEvent))
        began = self._ends[0] if self._ends else end
        self._ends.append(end)
        if began == end:
            return []
        of_bookings = (
            BookingEvent.objects.filter(pk__gt=began[0], booking__fleet__in=fleets)
            .order_by()
            .values_list("booking__fleet_id", "booking_id", "booking__version")
        )
        of_requests = (
            BookingRequestEvent.objects.filter(pk__gt=began[1], request__booking__fleet__in=fleets)
            .order_by()
            .values_list(
                "request__booking__fleet_id", "request__booking_id", "request__booking__version"
            )
        )
        rows = list(of_bookings.union(of_requests)[:MOST_ROWS])
        return None if len(rows) == MOST_ROWS else rows


def _last_key(model: type[BookingEvent] | type[BookingRequestEvent]) -> int:
    return model._default_manager.aggregate(last=Max("pk"))["last"] or 0
