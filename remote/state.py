"""The one door for the state of what chargers are told: how it moves, with its history."""

import logging
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from accounts.models import User
from bookings.models import Actor, Booking
from bookings.state.booking import tell_change
from remote.models import RemoteAction, RemoteActionEvent
from remote.models.action import ActionStatus

logger = logging.getLogger(__name__)


def move_action(
    action: RemoteAction,
    *,
    to: ActionStatus,
    actor: Actor = Actor.PORTAL,
    only: Q | None = None,
    **changes: Any,
) -> bool:
    """Move an action from the state it was read in; return whether this call did it.

    A conditional UPDATE on the old state (and on what `only` says besides) and a line of history,
    in one transaction. Whoever comes second changes nothing. Its claim stays while it
    is sent and looked for, and ends with any other move. Raises ValueError for a move that there is
    not.
    """
    if to not in RemoteAction.MOVES[action.status]:
        raise ValueError(f"An action that is {action.status} cannot become {to}.")
    now = timezone.now()
    changes["status"] = to
    if to not in {ActionStatus.SENDING, ActionStatus.UNCLEAR}:
        changes |= {"lease_until": None, "lease_owner": None}
    if to in RemoteAction.SETTLED:
        changes["settled_at"] = now
    with transaction.atomic():
        rows = RemoteAction.objects.filter(only or Q(), pk=action.pk, status=action.status)
        if not rows.update(**changes):
            logger.info("Action %s was moved by someone else before it became %s.", action.pk, to)
            return False
        was = action.status
        for name, value in changes.items():
            setattr(action, name, value)
        _write_line(action, was=was, actor=actor, reason=changes.get("reason", ""))
        tell_change(action.booking)
    return True


def record_creation(action: RemoteAction) -> None:
    """Write the first line of an action's history, in the transaction that saves the action."""
    _write_line(action, was="", actor=Actor(action.asked_by), user=action.user)
    tell_change(action.booking)


def _write_line(
    action: RemoteAction, *, was: str, actor: Actor, user: User | None = None, reason: str = ""
) -> None:
    RemoteActionEvent.objects.create(
        action=action,
        from_status=was,
        to_status=action.status,
        actor=actor,
        user=user,
        reason=reason,
    )


def take_over(gone: Booking, stays: Booking) -> None:
    """Leave what chargers were told for a booking to the one that it turned out to be."""
    RemoteAction.objects.filter(booking=gone).update(booking=stays)
