"""Reminds of bookings before they start, as long before as their fleet wants.

`reminder_at` of a booking says when, and is empty once that is done: a sweep that empties it writes
the mails in the same transaction, so however many sweeps run, one of them reminds. It follows the
start (`bookings.state.booking`) and the fleet's lead time.
"""

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Case, DateTimeField, Exists, ExpressionWrapper, F, OuterRef, Q, When
from django.utils import timezone

from bookings.models import Booking
from bookings.state.booking import reminder_time
from drivers.models import Fleet
from notifications.models import Notification
from notifications.recipients import plan_reminders

BATCH = 200
MOST_ROWS = 5000


def plan_due_reminders(*, now: datetime | None = None) -> int:
    """Write the reminders that are due, to be sent by the sweep of mails; return how many mails.

    No reminder comes of a booking that has begun meanwhile or is not confirmed any more; none comes
    twice. Where the fleet has shortened its lead time since, it waits for that.
    """
    now = now or timezone.now()
    planned = 0
    for _batch in range(MOST_ROWS // BATCH):
        taken, mails = _plan_batch(now)
        planned += mails
        if taken < BATCH:
            break
    return planned


def set_lead_time(fleet: Fleet, *, minutes: int, now: datetime | None = None) -> bool:
    """Set how long before the start a fleet is reminded, also of what is booked already.

    0 minutes are no reminder at all. Returns whether that is a change. A booking whose reminder
    went out gets no second one; one whose new time has passed gets none.
    """
    now = now or timezone.now()
    changed = Fleet.objects.filter(pk=fleet.pk).exclude(reminder_minutes=minutes)
    if not changed.update(reminder_minutes=minutes):
        return False
    fleet.reminder_minutes = minutes
    reminded = Notification.objects.filter(booking=OuterRef("pk"), kind=Notification.Kind.REMINDER)
    bookings = Booking.objects.filter(
        fleet=fleet, status__in=Booking.CONFIRMED, start_at__gt=now
    ).exclude(Q(reminder_at__isnull=True) & Exists(reminded))
    keys = list(bookings.order_by("pk").values_list("pk", flat=True))
    # In batches, so that nobody who changes a booking waits for all of them.
    for first in range(0, len(keys), BATCH):
        bookings.filter(pk__in=keys[first : first + BATCH]).order_by().update(
            reminder_at=_reminder_at(minutes, now=now)
        )
    return True


def _plan_batch(now: datetime) -> tuple[int, int]:
    with transaction.atomic():
        due = list(
            Booking.objects.select_for_update(of=("self",), skip_locked=True)
            .filter(reminder_at__lte=now)
            .select_related("fleet", "driver", "created_by")
            .order_by("reminder_at", "pk")[:BATCH]
        )
        Booking.objects.filter(pk__in=[booking.pk for booking in due]).update(reminder_at=None)
        to_remind = []
        for booking in due:
            if not booking.is_confirmed or booking.start_at <= now:
                continue
            later = reminder_time(booking, booking.start_at, now=now)
            if later is not None:
                Booking.objects.filter(pk=booking.pk).update(reminder_at=later)
            elif booking.fleet.reminder_minutes:
                to_remind.append(booking)
        return len(due), plan_reminders(to_remind)


def _reminder_at(minutes: int, *, now: datetime) -> Case | None:
    """Return by which expression a lead time gives the time of a reminder, as `reminder_time`."""
    if not minutes:
        return None
    lead = timedelta(minutes=minutes)
    return Case(
        When(
            start_at__gt=now + lead,
            then=ExpressionWrapper(F("start_at") - lead, output_field=DateTimeField()),
        ),
        default=None,
    )
