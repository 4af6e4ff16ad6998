"""Notices what bookings ahead have lost: their site or charger, where it stood, their driver."""

from collections.abc import Iterator
from datetime import datetime

from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.utils import timezone

from bookings.models import Booking, BookingEvent
from bookings.state.booking import note_trouble
from drivers.models import FleetDriver

What = BookingEvent.What


def notice_losses(*, now: datetime | None = None) -> int:
    """Put confirmed bookings that have lost something under “Needs attention”; return how many.

    Each loss is told once, however often this runs: what somebody has marked as done stays so.
    """
    now = now or timezone.now()
    ahead = Booking.objects.filter(
        # Those that are followed, which an index finds.
        refresh_at__isnull=False,
        status__in=Booking.CONFIRMED,
        end_at__gt=now,
    )
    noticed = 0
    for what, rows in _untold(ahead):
        for pk in list(rows.values_list("pk", flat=True)):
            noticed += _notice(pk, rows, what=what)
    return noticed


def _untold(ahead: QuerySet[Booking]) -> Iterator[tuple[What, QuerySet[Booking]]]:
    """Yield what may be lost, with the bookings that have lost it and have no line that says so."""
    told = BookingEvent.objects.filter(booking=OuterRef("pk"))
    gone = ahead.annotate(
        lost_at=Coalesce(
            "location__retired_at", "evse__retired_at", "evse__charge_point__retired_at"
        )
    ).filter(lost_at__isnull=False)
    yield (
        What.PLACE_GONE,
        gone.exclude(Exists(told.filter(what=What.PLACE_GONE, at__gte=OuterRef("lost_at")))),
    )
    moved = ahead.filter(evse__isnull=False).exclude(evse__charge_point__location=F("location"))
    yield What.PLACE_MOVED, moved.exclude(Exists(told.filter(what=What.PLACE_MOVED)))
    memberships = FleetDriver.objects.filter(fleet=OuterRef("fleet"), driver=OuterRef("driver"))
    left = ahead.annotate(lost_at=Subquery(memberships.values("left_at")[:1])).filter(
        lost_at__isnull=False
    )
    said = Q(what=What.DRIVER_LEFT, driver=OuterRef("driver"), at__gte=OuterRef("lost_at"))
    yield What.DRIVER_LEFT, left.exclude(Exists(told.filter(said)))


@transaction.atomic
def _notice(pk: int, rows: QuerySet[Booking], *, what: What) -> bool:
    """Write down a loss, unless somebody else holds the booking or has just done so."""
    if not list(Booking.objects.select_for_update(skip_locked=True).filter(pk=pk).values("pk")):
        return False
    booking = rows.select_related("driver", "evse__charge_point__location").filter(pk=pk).first()
    if booking is None:
        return False
    stands_at = ""
    if what == What.PLACE_MOVED and booking.evse is not None:
        stands_at = booking.evse.charge_point.location.name
    driver = booking.driver if what == What.DRIVER_LEFT else None
    note_trouble(booking, what=what, driver=driver, note=stands_at)
    return True
