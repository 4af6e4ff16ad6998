"""Somebody wants a charger to do something: the row before the call."""

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from bookings.models import Actor, Booking
from mirror.work import wake_on_commit
from remote.models import RemoteAction
from remote.rules import running_charge, why_not
from remote.state import record_creation

# The task that sends what is due; whoever asks for something wakes a worker to run it.
SEND = "remote.tasks.send_actions"
# Each of them moves something at a charger.
MOST_OF_A_KIND, WITHIN = 5, timedelta(minutes=10)


class ActionRefused(Exception):
    """Nothing was saved or sent. `message` is for whoever asked."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


@dataclass(frozen=True, slots=True)
class Asked:
    """What was asked for; not new where it had been already, by whomever."""

    action: RemoteAction
    is_new: bool


def ask_charger(
    booking: Booking,
    *,
    kind: str,
    asked_by: Actor,
    user: User | None = None,
    submission_key: uuid.UUID,
    now: datetime | None = None,
) -> Asked:
    """Save what the charger of a booking is to do; a worker tells it at once, and once.

    The same form sent twice, two people at the same moment: the one action that is on its way.
    Raises ActionRefused.
    """
    now = now or timezone.now()
    current = with_charger(booking.pk)
    if existing := RemoteAction.objects.filter(submission_key=submission_key).first():
        if (existing.booking_id, existing.kind) != (current.pk, kind):
            raise ActionRefused(_("This form was used before. Please open it again."))
        return Asked(existing, is_new=False)
    if under_way := _open_action(current, kind):
        return Asked(under_way, is_new=False)
    if kind not in RemoteAction.Kind.values:
        raise ValueError(f"Nobody can {kind} a charger.")
    if asked_by == Actor.DRIVER and not _may_be_drivers(current, booking):
        raise ActionRefused(_("Your fleet does not let its drivers do this."))
    if problem := why_not(current, kind, now=now):
        raise ActionRefused(problem)
    lately = RemoteAction.objects.filter(
        booking=current, kind=kind, created_at__gt=now - WITHIN
    ).count()
    if lately >= MOST_OF_A_KIND:
        raise ActionRefused(_("This was tried several times just now. Please wait some minutes."))
    charge = running_charge(current)
    # The rules have refused a booking without a charger.
    assert current.evse is not None
    try:
        with transaction.atomic():
            action = RemoteAction.objects.create(
                booking=current,
                kind=kind,
                submission_key=submission_key,
                driver=current.driver,
                evse=current.evse,
                ampeco_session_id=charge.ampeco_session_id if charge else "",
                asked_by=asked_by,
                user=user,
                created_at=now,
                next_attempt_at=now,
            )
            record_creation(action)
            wake_on_commit(SEND)
    except IntegrityError:
        # Another click, or another person, was faster by a moment.
        faster = RemoteAction.objects.filter(submission_key=submission_key).first()
        faster = faster or _open_action(current, kind)
        if faster is None:
            raise ActionRefused(_("Something went wrong. Please send the form again.")) from None
        return Asked(faster, is_new=False)
    return Asked(action, is_new=True)


def with_charger(pk: int) -> Booking:
    """Return a booking as it is now, with what the rules look at. Raises Booking.DoesNotExist."""
    related = ("fleet", "driver", "location", "evse__charge_point", "charging_session")
    return Booking.objects.select_related(*related).get(pk=pk)


def _open_action(booking: Booking, kind: str) -> RemoteAction | None:
    return RemoteAction.objects.filter(
        booking=booking, kind=kind, status__in=RemoteAction.OPEN
    ).first()


def _may_be_drivers(current: Booking, seen: Booking) -> bool:
    return current.fleet.drivers_may_start and current.driver_id == seen.driver_id
