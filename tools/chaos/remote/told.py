"""Compares what people wanted of chargers with what the portal says and what they were told."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from uuid import UUID

import httpx

from remote.models import RemoteAction

# What the simulated charger did, whether or not anybody heard of it.
DONE = frozenset({"done", "lost"})


@dataclass(frozen=True, slots=True)
class Action:
    """What the portal says of one action; `booking` is the operator's number."""

    pk: int
    key: UUID
    kind: str
    status: str
    booking: int
    was_sent: bool


@dataclass(frozen=True, slots=True)
class Told:
    """What a charger was told, as it says; `booking` is None for a plug."""

    kind: str
    booking: int | None
    evse: int
    outcome: str


def portal_actions() -> list[Action]:
    rows = RemoteAction.objects.select_related("booking").order_by("pk")
    return [
        Action(
            row.pk,
            row.submission_key,
            row.kind,
            row.status,
            row.booking.ampeco_booking_id or 0,
            row.send_started_at is not None,
        )
        for row in rows
    ]


def told_to_chargers(operator: str) -> list[Told]:
    told = httpx.get(f"{operator}/control/remote", timeout=60).raise_for_status().json()
    return [Told(one["what"], one["booking_id"], one["evse_id"], one["outcome"]) for one in told]


def differences(
    actions: list[Action], told: list[Told], *, keys: set[UUID], evses: Mapping[int, int]
) -> list[str]:
    """Return what they disagree on, a sentence each.

    `keys` are those of the forms that people sent, `evses` the bookings' by their EVSEs.
    """
    return [
        *_unsettled(actions, keys),
        *_told_too_often(actions, told, evses),
        *_not_as_told(actions, told),
    ]


def _unsettled(actions: list[Action], keys: set[UUID]) -> Iterator[str]:
    for action in actions:
        name = f"Action {action.pk} ({action.kind})"
        if action.status not in RemoteAction.SETTLED:
            yield f"{name} is still {action.status}."
        if action.key not in keys:
            yield f"Nobody asked for action {action.pk} ({action.kind})."
        if action.status == RemoteAction.Status.LAPSED and action.was_sent:
            yield f"{name} was sent, and is said not to have been."


def _told_too_often(
    actions: list[Action], told: list[Told], evses: Mapping[int, int]
) -> Iterator[str]:
    """Yield the chargers that were told more often than an action was sent there."""
    sent = Counter((each.kind, each.booking) for each in actions if each.was_sent)
    heard = Counter((each.kind, each.booking or evses.get(each.evse, 0)) for each in told)
    for (kind, booking), times in heard.items():
        if times > sent[kind, booking]:
            yield (
                f"The charger of the operator's booking {booking} was told {times} times to "
                f"{kind}, for {sent[kind, booking]} actions."
            )


def _not_as_told(actions: list[Action], told: list[Told]) -> Iterator[str]:
    """Yield the charges of which the portal says something else than the chargers did."""
    accepted = {
        (each.kind, each.booking) for each in actions if each.status == RemoteAction.Status.ACCEPTED
    }
    done = Counter((one.kind, one.booking) for one in told if one.outcome in DONE)
    for (kind, booking), times in done.items():
        if kind == "unlock":
            continue
        # A stop may be asked for twice: a clock that was set back lets a charge run on.
        if times > 1 and kind == "start":
            yield f"The operator's booking {booking} had {times} times done: {kind}."
        if (kind, booking) not in accepted:
            yield f"The operator's booking {booking} had done: {kind}. The portal does not say so."
    for kind, booking in accepted:
        if kind == "start" and not done[kind, booking]:
            yield f"The portal says that booking {booking} was started, and it was not."
