"""Which mails may be sent: those that are due, and wait neither for a charger nor for a mail."""

import random
from collections.abc import Iterator
from datetime import datetime, timedelta

from django.db.models import Exists, Min, OuterRef, Q, QuerySet

from bookings.models import Booking, Notification

Kind = Notification.Kind
State = Notification.State

# What tells of a place waits so long for the operator to name the charger that it picked.
WAIT_FOR_EVSE = timedelta(minutes=10)
TELLS_CHARGER = frozenset({Kind.APPROVED, Kind.CHANGED, Kind.MOVED})
# How long a mail waits for the earlier ones to the same person about the same booking.
WAIT_FOR_EARLIER = timedelta(minutes=30)
SLICE = 200


def due(now: datetime) -> QuerySet[Notification]:
    """Return what may be sent. Meant for few rows: narrow it to their keys.

    What tells of a charger waits until that is known, or did not come in time; no longer than to
    the start, and not where nobody holds one any more. Later mails about a booking wait for the
    earlier ones to the same address.
    """
    # Looked up, not joined: with the statistics of an empty queue PostgreSQL reads all bookings for
    # a join.
    nameless = Booking.objects.filter(
        pk=OuterRef("booking_id"), evse=None, status__in=Booking.CONFIRMED, start_at__gt=now
    )
    tells_charger = Q(kind__in=TELLS_CHARGER, created_at__gt=now - WAIT_FOR_EVSE)
    earlier = Notification.objects.filter(
        booking=OuterRef("booking"),
        recipient_email=OuterRef("recipient_email"),
        state=State.QUEUED,
        pk__lt=OuterRef("pk"),
    )
    return (
        Notification.objects.filter(state=State.QUEUED, next_attempt_at__lte=now)
        .exclude(tells_charger & Exists(nameless))
        .exclude(Q(created_at__gt=now - WAIT_FOR_EARLIER) & Exists(earlier))
    )


def ready(now: datetime) -> Iterator[int]:
    """Yield the keys of what may be sent, those first that are due for longest; a slice at a time.

    It finds what `due` finds, but however many there are: a queue is empty as a rule, and what
    PostgreSQL plans for an empty one, in one query with the bookings, takes seconds for a full one.
    Within a full slice the order is random: senders that run at once would else meet at each row.
    """
    queued = Notification.objects.filter(state=State.QUEUED, next_attempt_at__lte=now)
    queued = queued.order_by("next_attempt_at", "pk")
    rows = list(queued[:SLICE])
    while rows:
        keys = _without_those_that_wait(rows, now=now)
        if len(rows) == SLICE:
            random.shuffle(keys)
        yield from keys
        last = rows[-1]
        behind = Q(next_attempt_at__gt=last.next_attempt_at)
        behind |= Q(next_attempt_at=last.next_attempt_at, pk__gt=last.pk)
        rows = list(queued.filter(behind)[:SLICE])


def _without_those_that_wait(rows: list[Notification], *, now: datetime) -> list[int]:
    """Return the keys of those of the rows that wait for nothing."""
    telling = {row.booking_id for row in rows if _tells_charger(row, now=now)}
    nameless = set(
        Booking.objects.filter(
            pk__in=telling, evse=None, status__in=Booking.CONFIRMED, start_at__gt=now
        ).values_list("pk", flat=True)
    )
    told = {row.booking_id for row in rows}
    first = {
        (booking, address): pk
        for booking, address, pk in Notification.objects.filter(
            booking__in=told, state=State.QUEUED
        )
        .values_list("booking_id", "recipient_email")
        .annotate(Min("pk"))
        .order_by()
    }
    return [
        row.pk
        for row in rows
        if not (row.booking_id in nameless and _tells_charger(row, now=now))
        and (
            row.created_at <= now - WAIT_FOR_EARLIER
            or first.get((row.booking_id, row.recipient_email), row.pk) >= row.pk
        )
    ]


def _tells_charger(row: Notification, *, now: datetime) -> bool:
    return row.kind in TELLS_CHARGER and row.created_at > now - WAIT_FOR_EVSE
