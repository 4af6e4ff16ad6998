"""Keeps confirmed bookings as fresh as their time demands.

AMPECO tells nobody when a booking changes, and its list can be narrowed down by time alone. A sweep
claims the rows that are due. Few are read one by one; of many, those that are about to start or to
end by paging once through the list of that stretch of time, which keeps others fresh on the way.
The list names no chargers: where it hints at another one, the booking is read alone.
"""

import logging
import math
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import DatabaseError
from django.utils import timezone

from ampeco.client import AmpecoClient
from ampeco.connection import note_accepted
from bookings.models import Booking
from bookings.state.moves import REFRESH
from mirror.work import wake
from sync.compare import Outcome, followed, record_gone, record_page, record_single
from sync.schedule import (
    AFTER_END,
    AFTER_START,
    BEFORE_END,
    BEFORE_START,
    LATER_LOOK,
    SOON,
    WATCHED,
    claim_due,
    is_first_look,
    is_near,
    is_outage,
    knows_session,
    needs_own_read,
    one_by_one_instead,
    schedule,
    schedule_bookings,
    stop_round,
)
from sync.sessions import find_session
from sync.whose import find_booking_id, leave_strangers
from upstream.errors import (
    UpstreamError,
    UpstreamNotFound,
    UpstreamRateLimited,
    UpstreamUnauthorized,
)

logger = logging.getLogger(__name__)

MOST_ROWS = 2000
# In a round that comes every ten seconds.
MOST_SINGLE = 50
PAGE_SIZE = 100
# So many whose time is neither to start nor to end are read singly in any case.
FEW = 20
# A list of a driver's bookings that confirms what a 404 says is read so far.
MOST_PAGES_OF_A_DRIVER = 5


@dataclass(frozen=True, slots=True)
class Window:
    """A stretch of time by which both the operator's list and our rows are narrowed down."""

    start_after: datetime | None = None
    start_before: datetime | None = None
    end_after: datetime | None = None
    end_before: datetime | None = None

    def holds(self, booking: Booking) -> bool:
        """Return whether a booking's times lie within it."""
        return (
            (self.start_after is None or booking.start_at >= self.start_after)
            and (self.start_before is None or booking.start_at <= self.start_before)
            and (self.end_after is None or booking.end_at >= self.end_after)
            and (self.end_before is None or booking.end_at <= self.end_before)
        )


@dataclass(slots=True)
class Round:
    """Claimed bookings that are being read, each taken out of `remaining` once that is done."""

    client: AmpecoClient
    remaining: dict[int, Booking]
    changed: int = 0

    def read_by_list(self, window: Window, rows: list[Booking], *, pages_expected: int) -> None:
        """Page through the operator's list of a stretch of time.

        What has to be read alone stays. Stops when all are found, or when the list is longer than
        our bookings make it and has cost half as many calls as reading the rows singly: then
        bookings of others fill it.
        """
        most_pages = max(pages_expected, len(rows) // 2)
        wanted = {booking.pk for booking in rows}
        read_alone = self.remaining.keys() - wanted
        asked_at = timezone.now()
        pages = self.client.booking_pages(
            start_after=window.start_after,
            start_before=window.start_before,
            end_after=window.end_after,
            end_before=window.end_before,
        )
        for number, page in enumerate(pages, start=1):
            record = record_page(page.items, asked_at=asked_at)
            self.changed += record.changed
            # What is nobody's is taken in by the walk through all.
            standing = [one for one in record.strangers if one.status in Booking.MAY_STAND]
            leave_strangers(standing, client=self.client)
            for pk in record.done - read_alone:
                self.remaining.pop(pk, None)
            wanted -= record.done
            # Those that were not due as well: what is known of them is out of date.
            for booking in record.read_singly:
                self.remaining[booking.pk] = booking
                wanted.discard(booking.pk)
            if not wanted or number >= most_pages:
                break
            asked_at = timezone.now()

    def read_singly(self) -> None:
        """Read some one by one. One that cannot be read is put off alone, a second is raised."""
        failed_before = False
        for pk in list(self.remaining)[:MOST_SINGLE]:
            try:
                self.changed += _read_one(self.remaining[pk], client=self.client)
            except (UpstreamRateLimited, UpstreamUnauthorized):
                raise
            except UpstreamError as error:
                if failed_before:
                    raise
                failed_before = True
                logger.warning("Booking %s could not be read: %s", pk, error)
                schedule(Booking.objects.filter(pk=pk), timezone.now() + LATER_LOOK)
            except DatabaseError:
                # The claim runs out, and it is read again.
                logger.exception("What is known of booking %s could not be recorded.", pk)
            self.remaining.pop(pk)


def refresh_due(*, client: AmpecoClient, now: datetime | None = None) -> int:
    """Read the bookings that are due; return how many have changed.

    No call without such a booking, and nothing is taken up while no call would be sent. An outage
    or a refusal ends the round: the rest is put off together instead of being tried one by one. A
    single row that cannot be read does not.
    """
    if client.held_back_for() > 0:
        return 0
    now = now or timezone.now()
    due = claim_due(followed(), now=now, limit=MOST_ROWS)
    if not due:
        return 0
    work = Round(client=client, remaining={booking.pk: booking for booking in due})
    at = now  # more than one round takes is due again at once
    try:
        for window, rows, count in _windows(due, now=now):
            pages = math.ceil(count / PAGE_SIZE) + 1
            if len(rows) > pages:
                with one_by_one_instead("Bookings"):
                    work.read_by_list(window, rows, pages_expected=pages)
        work.read_singly()
        note_accepted()
    except UpstreamError as error:
        at = timezone.now() + stop_round(error, what=f"{len(work.remaining)} bookings")
    _give_back(work.remaining.values(), at=at, now=now)
    if at == now and any(booking.is_unnamed for booking in work.remaining.values()):
        # Drivers wait to be told their charger.
        wake(REFRESH)
    return work.changed


def watch_bookings(bookings: Iterable[Booking], *, now: datetime | None = None) -> None:
    """Let bookings whose page is open be read within seconds, while something is about to happen.

    Also those whose charger is not known yet. However many look and however often, a booking is
    read no more than every some seconds; during an outage, no sooner than without them.
    """
    now = now or timezone.now()
    soon = now + WATCHED
    waiting = [
        booking.pk
        for booking in bookings
        if booking.refresh_at is not None
        and booking.refresh_at > soon
        and booking.is_confirmed
        and (is_near(booking, now=now) or booking.evse_id is None)
    ]
    if waiting and not is_outage():
        schedule(Booking.objects.filter(pk__in=waiting, refresh_at__gt=soon), soon)


def _windows(due: list[Booking], *, now: datetime) -> Iterator[tuple[Window, list[Booking], int]]:
    """Yield stretches of time, the due rows in each, and how many bookings of ours it may hold.

    What a list does not tell enough about is left out. Of those that start or end about now nearly
    all are due at once, since each reading of the list puts them at the same time.
    """
    left = [booking for booking in due if not needs_own_read(booking, now=now)]
    starting = Window(start_after=now - AFTER_START, start_before=now + BEFORE_START)
    ending = Window(end_after=now - AFTER_END, end_before=now + BEFORE_END)
    for window in (starting, ending):
        rows = [booking for booking in left if window.holds(booking)]
        left = [booking for booking in left if not window.holds(booking)]
        yield window, rows, len(rows)
    if len(left) > FEW:
        first = min(booking.start_at for booking in left)
        last = max(booking.start_at for booking in left)
        live = Booking.objects.filter(refresh_at__isnull=False, start_at__range=(first, last))
        yield Window(start_after=first, start_before=last), left, live.count()


def _give_back(bookings: Iterable[Booking], *, at: datetime, now: datetime) -> None:
    """Let claimed rows that were not read be due at some time.

    Those that have just come close to their start stay as due as they were: that tells that they
    have to be read alone once.
    """
    by_time: dict[datetime | None, list[int]] = defaultdict(list)
    for booking in bookings:
        by_time[booking.refresh_at if is_first_look(booking, now=now) else at].append(booking.pk)
    for due, pks in by_time.items():
        schedule(Booking.objects.filter(pk__in=pks), due)


def _read_one(booking: Booking, *, client: AmpecoClient) -> bool:
    """Read one booking and record what differs; return whether anything did."""
    asked_at = timezone.now()
    if booking.ampeco_booking_id is None and not find_booking_id(booking, client=client):
        return _read_again_later(booking.pk, read_at=asked_at)
    assert booking.ampeco_booking_id is not None
    pk = booking.pk
    try:
        found = client.read_booking(booking.ampeco_booking_id)
    except UpstreamNotFound:
        if booking.is_confirmed and not _is_gone(booking, client=client):
            logger.warning("Booking %s is listed but cannot be read alone.", pk)
            return _read_again_later(pk, read_at=asked_at)
        outcome = record_gone(followed().get(pk=pk), asked_at=asked_at)
    else:
        # As it is by now: what happened during the call must not be undone.
        booking = followed().get(pk=pk)
        outcome = record_single(booking, found, asked_at=asked_at)
        if booking.status == Booking.Status.COMPLETED and not knows_session(booking):
            find_session(booking, client=client)
    if outcome is Outcome.READ_AGAIN:
        schedule(Booking.objects.filter(pk=pk), timezone.now() + SOON)
    elif outcome is Outcome.SAME:
        _read_again_later(pk, read_at=asked_at)
    return outcome is Outcome.CHANGED


def _read_again_later(pk: int, *, read_at: datetime) -> bool:
    """Set when a booking that has not changed is read next; return that it has not."""
    schedule_bookings([followed().get(pk=pk)], read_at=read_at, now=timezone.now())
    return False


def _is_gone(booking: Booking, *, client: AmpecoClient) -> bool:
    pages = client.booking_pages(
        user_id=booking.driver.ampeco_user_id,
        start_after=booking.start_at - timedelta(days=1),
        start_before=booking.start_at + timedelta(days=1),
    )
    for number, page in enumerate(pages, start=1):
        if any(found.id == booking.ampeco_booking_id for found in page.items):
            return False
        if number >= MOST_PAGES_OF_A_DRIVER:
            break
    return True
