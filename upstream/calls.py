"""What came of each call to the operator: told when it has ended, counted, logged if it failed."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from telemetry.measures import OPERATOR_CALL_SECONDS, OPERATOR_CALLS, OPERATOR_PAUSES
from upstream.errors import (
    UpstreamCircuitOpen,
    UpstreamError,
    UpstreamForbidden,
    UpstreamNotFound,
    UpstreamRateLimited,
    UpstreamRejected,
    UpstreamUnauthorized,
    UpstreamUnavailable,
)

logger = logging.getLogger(__name__)


class Outcome(StrEnum):
    """What came of one attempt."""

    OK = "ok"
    # Refused before it was sent: the operator had asked for a pause.
    HELD_OFF = "held-off"
    # Refused before it was sent: the operator has not answered for a while.
    LEFT_ALONE = "left-alone"
    RATE_LIMITED = "rate-limited"
    # No answer at all, or one that cannot be used.
    UNREACHABLE = "unreachable"
    UNAVAILABLE = "unavailable"
    UNAUTHORIZED = "unauthorized"
    FORBIDDEN = "forbidden"
    NOT_FOUND = "not-found"
    REJECTED = "rejected"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Call:
    """One attempt that has ended: our name of the call, what came of it, how long it took.

    `pause_seconds` is how long the operator's refusal (429) asked to be left alone.
    """

    operation: str
    outcome: Outcome
    seconds: float
    pause_seconds: float = 0.0

    @property
    def was_sent(self) -> bool:
        return self.outcome not in {Outcome.HELD_OFF, Outcome.LEFT_ALONE}


# Called in the thread of the call, also while an error is on its way: it must not raise.
Observer = Callable[[Call], None]


def tell(
    observer: Observer, operation: str, problem: UpstreamError | None, *, seconds: float
) -> None:
    """Tell of an attempt that ended with an answer or a problem."""
    outcome = outcome_of(problem)
    pause = 0.0
    if isinstance(problem, UpstreamRateLimited) and outcome == Outcome.RATE_LIMITED:
        pause = problem.retry_after
    observer(Call(operation, outcome, seconds, pause))


def outcome_of(problem: UpstreamError | None) -> Outcome:
    """Return in one word what came of an attempt."""
    match problem:
        case None:
            return Outcome.OK
        case UpstreamRateLimited():
            return Outcome.HELD_OFF if problem.status is None else Outcome.RATE_LIMITED
        case UpstreamCircuitOpen():
            return Outcome.LEFT_ALONE
        case UpstreamUnavailable():
            return Outcome.UNREACHABLE if problem.status is None else Outcome.UNAVAILABLE
        case UpstreamForbidden():
            return Outcome.FORBIDDEN
        case UpstreamUnauthorized():
            return Outcome.UNAUTHORIZED
        case UpstreamNotFound():
            return Outcome.NOT_FOUND
        case UpstreamRejected():
            return Outcome.REJECTED
    return Outcome.OTHER


# What the operator says of one request or one record; all else is trouble between it and us.
ANSWERS = frozenset({Outcome.OK, Outcome.NOT_FOUND, Outcome.REJECTED})


def note_call(call: Call) -> None:
    """Count one attempt that has ended; those that were sent are timed, too."""
    OPERATOR_CALLS.add(operation=call.operation, outcome=call.outcome.value)
    if call.pause_seconds:
        OPERATOR_PAUSES.add(call.pause_seconds)
    if not call.was_sent:
        return
    OPERATOR_CALL_SECONDS.note(call.seconds, operation=call.operation)
    if call.outcome not in ANSWERS:
        logger.warning(
            "Call %s to the operator: %s.",
            call.operation,
            call.outcome.value,
            extra={"status": call.outcome.value, "seconds": round(call.seconds, 3)},
        )
