"""What somebody looks after in a fleet, and handing it to a colleague when they leave.

`created_by` of a booking is who looks after it: who asked for it, until it is handed over. They are
told what becomes of it, and drivers' answers go to them. Who asked for what stays in the history.
"""

from datetime import datetime

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from bookings.models import Actor, Booking, BookingEvent
from calendars.models import CalendarFeed
from drivers.models import Fleet
from notifications.models import Notification
from series.changing import hand_over_series
from upstream.emails import email_spellings
from waiting.models import Wish

AT_ONCE = 500


def looked_after(fleet: Fleet, user: User, *, now: datetime | None = None) -> QuerySet[Booking]:
    still_open = Q(status__in=Booking.MAY_COME) | Q(needs_attention=True)
    return Booking.objects.filter(
        still_open, fleet=fleet, created_by=user, end_at__gt=now or timezone.now()
    )


def feeds_made_by(fleet: Fleet, user: User) -> QuerySet[CalendarFeed]:
    return CalendarFeed.objects.filter(fleet=fleet, created_by=user, revoked_at=None)


def hand_over(
    *,
    fleet: Fleet,
    giver: User,
    taker: User | None,
    actor: Actor,
    by: User | None,
    now: datetime | None = None,
) -> int:
    """Give what somebody looks after to a colleague, in one transaction; return how many bookings.

    With no `taker` it is the business of all managers. Each booking's history tells it, in the name
    of `by`. Mails that wait go to the taker; one that is being sent right now still goes out.
    """
    now = now or timezone.now()
    with transaction.atomic():
        rows = looked_after(fleet, giver, now=now).select_for_update(no_key=True).order_by("pk")
        pks = list(rows.values_list("pk", flat=True))
        change = {"created_by": [giver.pk, taker.pk if taker else None]}
        for first in range(0, len(pks), AT_ONCE):
            some = pks[first : first + AT_ONCE]
            Booking.objects.filter(pk__in=some).update(created_by=taker)
            BookingEvent.objects.bulk_create(
                BookingEvent(
                    booking_id=pk,
                    at=now,
                    what=BookingEvent.What.HANDED_OVER,
                    actor=actor,
                    user=by,
                    changes=change,
                )
                for pk in some
            )
        Wish.objects.filter(fleet=fleet, created_by=giver, state__in=Wish.OPEN).update(
            created_by=taker
        )
        _redirect_mails(fleet, giver, taker, now=now)
        hand_over_series(fleet, giver=giver, taker=taker)
    return len(pks)


def revoke_feeds_of(fleet: Fleet, user: User, *, now: datetime | None = None) -> int:
    """Let the addresses of the calendars that somebody made lead nowhere; return how many."""
    return feeds_made_by(fleet, user).update(revoked_at=now or timezone.now())


def _redirect_mails(fleet: Fleet, giver: User, taker: User | None, *, now: datetime) -> None:
    waiting = (
        Notification.objects.filter(
            Q(lease_until=None) | Q(lease_until__lte=now),
            Q(booking__fleet=fleet)
            | Q(wish_event__wish__fleet=fleet)
            | Q(budget_warning__budget__fleet=fleet),
            state=Notification.State.QUEUED,
            recipient_user=giver,
        )
        .select_for_update(of=("self",), no_key=True)
        .order_by("pk")
    )
    for mail in waiting:
        twin = Notification.objects.filter(
            booking=mail.booking_id,
            request=mail.request_id,
            event=mail.event_id,
            wish_event=mail.wish_event_id,
            budget_warning=mail.budget_warning_id,
            kind=mail.kind,
        )
        if (
            taker is not None
            and not twin.filter(recipient_email__in=email_spellings(taker.email)).exists()
        ):
            mail.recipient_user, mail.recipient_email = taker, taker.email
            mail.save(update_fields=["recipient_user", "recipient_email"])
        else:
            mail.state = Notification.State.DROPPED
            mail.problem = _("The recipient has left the fleet.")
            mail.save(update_fields=["state", "problem"])
