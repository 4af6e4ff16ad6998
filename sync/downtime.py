"""Notices which bookings planned downtime is in the way of, and when it no longer is."""

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction
from django.utils import timezone

from bookings.models import Booking, BookingDowntime, BookingEvent
from bookings.state.booking import end_trouble, note_trouble
from bookings.wording.attention import downtime_facts, is_held_otherwise
from maintenance.models import Downtime
from maintenance.planned import live_downtimes

What = BookingEvent.What
# By the keys of a booking and of a downtime.
Pair = tuple[int, int]


def notice_downtime(*, now: datetime | None = None) -> int:
    """Put confirmed bookings that lie under planned downtime under “Needs attention”; count them.

    Each is told once of each downtime, however often this runs: what somebody has marked as done
    stays so. A booking that none is in the way of any more leaves the list, unless something else
    holds it there. Costs a few queries, and some for each that is new or over.
    """
    now = now or timezone.now()
    planned = {each.pk: each for each in live_downtimes(since=now)}
    under = pairs_under(list(planned.values()), now=now)
    known = {
        (hit.booking_id, hit.downtime_id)
        for hit in BookingDowntime.objects.filter(over_at=None).only("booking_id", "downtime_id")
    }
    for booking, downtime in known - under:
        _end(booking, downtime, now=now)
    return sum(
        _notice(booking, planned[downtime], now=now) for booking, downtime in sorted(under - known)
    )


def pairs_under(downtimes: Sequence[Downtime], *, now: datetime) -> set[Pair]:
    """Return which bookings ahead lie under which downtime; one query."""
    if not downtimes:
        return set()
    at_point: dict[int, list[Downtime]] = {}
    for downtime in downtimes:
        at_point.setdefault(downtime.charge_point_id, []).append(downtime)
    ends = [each.end_at for each in downtimes]
    bookings = Booking.objects.filter(
        # Those that are followed, which an index finds.
        refresh_at__isnull=False,
        status__in=Booking.CONFIRMED,
        evse__charge_point__in=at_point,
        end_at__gt=max(now, min(each.start_at for each in downtimes)),
    )
    if None not in ends:
        bookings = bookings.filter(start_at__lt=max(end for end in ends if end))
    rows = bookings.values_list("pk", "evse", "evse__charge_point", "start_at", "end_at")
    return {
        (pk, downtime.pk)
        for pk, evse, point, start_at, end_at in rows
        for downtime in at_point[point]
        if downtime.evse_id in {None, evse}
        and downtime.start_at < end_at
        and (downtime.end_at is None or downtime.end_at > start_at)
    }


@transaction.atomic
def _notice(pk: int, downtime: Downtime, *, now: datetime) -> bool:
    """Write down that downtime is in the way, unless somebody else holds the booking just now."""
    booking = _held(pk)
    if booking is None or booking.status not in Booking.CONFIRMED:
        return False
    hit, is_new = BookingDowntime.objects.get_or_create(
        booking=booking,
        downtime=downtime,
        defaults={"noticed_at": now, "marked": not booking.needs_attention},
    )
    if not is_new:
        if hit.over_at is None:
            return False
        hit.noticed_at, hit.over_at, hit.marked = now, None, not booking.needs_attention
        hit.save(update_fields=["noticed_at", "over_at", "marked"])
    note_trouble(booking, what=What.DOWNTIME, changes=downtime_facts(downtime))
    return True


@transaction.atomic
def _end(pk: int, downtime_pk: int, *, now: datetime) -> None:
    """Write down that downtime is no longer in the way of a booking."""
    booking = _held(pk)
    hit = BookingDowntime.objects.filter(booking=pk, downtime=downtime_pk, over_at=None).first()
    if booking is None or hit is None:
        return
    hit.over_at = now
    hit.save(update_fields=["over_at"])
    if booking.status not in Booking.CONFIRMED or booking.end_at <= now:
        return
    others = BookingDowntime.objects.filter(booking=booking, over_at=None)
    clears = hit.marked and not is_held_otherwise(booking, since=hit.noticed_at)
    if hit.marked and others.update(marked=True):
        clears = False
    end_trouble(
        booking,
        what=What.DOWNTIME_OVER,
        changes=downtime_facts(hit.downtime, is_over=True),
        clears=clears,
    )


def _held(pk: int) -> Booking | None:
    held = Booking.objects.select_for_update(skip_locked=True, of=("self",)).filter(pk=pk)
    return held.select_related("fleet", "driver", "location").first()
