"""Which mails are due, and in which order they go out."""

import random
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import islice

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.translation import gettext as _

from bookings.models import Booking
from notifications.kinds import MAILS
from notifications.models import Notification

State = Notification.State

# The task that sends what is due; whoever makes mails wakes a worker to run it.
SEND = "notifications.tasks.send_mails"

# What tells of a place waits so long for the operator to name the charger that it picked.
WAIT_FOR_EVSE = timedelta(minutes=10)
TELLS_CHARGER = [mail.kind for mail in MAILS.values() if mail.tells_charger]
# How long a mail waits for the earlier ones to the same person about the same booking.
WAIT_FOR_EARLIER = timedelta(minutes=30)
SLICE = 200


def queued(now: datetime) -> QuerySet[Notification]:
    """Return what is to be tried by now, whatever else it waits for."""
    return Notification.objects.filter(state=State.QUEUED, next_attempt_at__lte=now)


def due(now: datetime) -> QuerySet[Notification]:
    """Return what may be sent. Meant for few rows: narrow it to their keys.

    What tells of a charger waits until that is known, or did not come in time; no longer than to
    the start, and not where nobody holds one any more. Later mails about a booking wait for the
    earlier ones to the same address, unless these have perhaps gone.
    """
    # Looked up, not joined: with the statistics of an empty queue PostgreSQL reads all bookings for
    # a join.
    nameless = Booking.objects.filter(
        pk=OuterRef("booking_id"), evse=None, status__in=Booking.CONFIRMED, start_at__gt=now
    )
    tells_charger = Q(kind__in=TELLS_CHARGER, created_at__gt=now - WAIT_FOR_EVSE)
    earlier = Notification.objects.filter(
        Q(doubts=0) | Q(lease_until__gt=now),
        booking=OuterRef("booking"),
        recipient_email=OuterRef("recipient_email"),
        state=State.QUEUED,
        pk__lt=OuterRef("pk"),
    )
    return (
        queued(now)
        .exclude(tells_charger & Exists(nameless))
        .exclude(Q(created_at__gt=now - WAIT_FOR_EARLIER) & Exists(earlier))
    )


def waits_for(notification: Notification, *, now: datetime) -> str:
    """Return in a sentence what a mail waits for; "" for one that goes out next or has gone."""
    booking = notification.booking
    waits = (
        booking is not None
        and notification.state == State.QUEUED
        and notification.kind in TELLS_CHARGER
        and notification.created_at > now - WAIT_FOR_EVSE
        and booking.evse_id is None
        and booking.is_confirmed
        and booking.start_at > now
    )
    return _("It waits until the operator names the charger, but not for long.") if waits else ""


def ready(now: datetime) -> Iterator[int]:
    """Yield the keys of what may be sent, those first that are due for longest; a slice at a time.

    It finds what `due` finds, but however many there are: a queue is empty as a rule, and what
    PostgreSQL plans for an empty one takes seconds for all of a full one.
    Within a full slice the order is random: senders that run at once would else meet at each row.
    """
    rows = queued(now).order_by("next_attempt_at", "pk").values_list("next_attempt_at", "pk")
    slice_ = list(rows[:SLICE])
    while slice_:
        found = due(now).filter(pk__in=[pk for _at, pk in slice_])
        keys = list(found.order_by("next_attempt_at", "pk").values_list("pk", flat=True))
        if len(slice_) == SLICE:
            random.shuffle(keys)
        yield from keys
        at, last = slice_[-1]
        behind = Q(next_attempt_at__gt=at) | Q(next_attempt_at=at, pk__gt=last)
        slice_ = list(rows.filter(behind)[:SLICE])


def first_ready(_queued: QuerySet[Notification], now: datetime, most: int) -> list[int]:
    """Return the keys of up to so many of what may be sent.

    What is claimed of it has to be queued still; whom it waits for has been looked at by then.
    """
    return list(islice(ready(now), most))
