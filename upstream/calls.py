"""What came of each call to the operator: told when it has ended, counted, logged if it failed.

Each answer also tells how far the operator's clock is from ours.
"""

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from enum import StrEnum

from telemetry.measures import (
    AMPCONTROL_CALL_SECONDS,
    AMPCONTROL_CALLS,
    AMPCONTROL_PAUSES,
    OPERATOR_CALL_SECONDS,
    OPERATOR_CALLS,
    OPERATOR_PAUSES,
    Counter,
    Timer,
)
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


NOT_SENT = frozenset({Outcome.HELD_OFF, Outcome.LEFT_ALONE})


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
        return self.outcome not in NOT_SENT


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


@dataclass(frozen=True, slots=True)
class Tally:
    """Where the calls to one platform are counted, and what it is called in the log."""

    whom: str
    calls: Counter
    seconds: Timer
    pauses: Counter

    def note(self, call: Call) -> None:
        """Count one attempt that has ended; those that were sent are timed, too."""
        self.calls.add(operation=call.operation, outcome=call.outcome.value)
        if call.pause_seconds:
            self.pauses.add(call.pause_seconds)
        if not call.was_sent:
            return
        self.seconds.note(call.seconds, operation=call.operation)
        if call.outcome not in ANSWERS:
            logger.warning(
                "Call %s to %s: %s.",
                call.operation,
                self.whom,
                call.outcome.value,
                extra={"status": call.outcome.value, "seconds": round(call.seconds, 3)},
            )


OPERATOR = Tally("the operator", OPERATOR_CALLS, OPERATOR_CALL_SECONDS, OPERATOR_PAUSES)
AMPCONTROL = Tally("Ampcontrol", AMPCONTROL_CALLS, AMPCONTROL_CALL_SECONDS, AMPCONTROL_PAUSES)


def note_call(call: Call) -> None:
    """Count one attempt to call the operator."""
    OPERATOR.note(call)


# The operator's clock

# For so long what was dated by an earlier, wrong clock is reckoned with: twice this at most.
STRETCH_SECONDS = 3600
# Beyond what was measured: times that are rounded to the minute, and drift since.
MARGIN = timedelta(seconds=90)
# Nothing was measured yet: the wrong time zone, in either direction.
UNMEASURED = timedelta(days=1)
LARGEST = timedelta(days=7)


class OperatorClock:
    """What one process knows of the operator's clock; safe for use by several threads.

    A measure is a span: a `Date` has whole seconds, and its answer was some time on the way.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        # By stretch of time: the least and the most by which theirs was ahead of ours, in seconds.
        self._spans: deque[tuple[int, float, float]] = deque(maxlen=2)

    def note_answer(self, headers: Mapping[str, str], *, sent_at: float) -> float:
        """Take an answer's `Date`; return when it was given by the clock that dates what it says.

        Without one by ours. One out of a cache tells nothing.
        """
        try:
            date = parsedate_to_datetime(headers.get("date", ""))
        except ValueError:
            return time.time()
        if "age" in headers:
            return time.time()
        date = date if date.tzinfo else date.replace(tzinfo=UTC)
        self.note(date, sent_at=sent_at)
        return date.timestamp()

    def note(self, theirs: datetime | None, *, sent_at: float) -> None:
        """Take an instant that the operator wrote since `sent_at` (seconds since 1970, ours)."""
        if theirs is None:
            return
        now, at = time.time(), theirs.timestamp()
        stretch, least, most = int(now // STRETCH_SECONDS), at - now, at + 1 - sent_at
        with self._lock:
            if self._spans and self._spans[-1][0] == stretch:
                _, known_least, known_most = self._spans.pop()
                least, most = min(least, known_least), max(most, known_most)
            self._spans.append((stretch, least, most))

    def behind(self, *, at_least: timedelta) -> timedelta:
        """Return by how much the operator's clock may be behind ours."""
        return self._doubt(at_least, [-least for _, least, _ in self._measured()])

    def ahead(self, *, at_least: timedelta) -> timedelta:
        """Return by how much the operator's clock may be ahead of ours."""
        return self._doubt(at_least, [most for _, _, most in self._measured()])

    def _measured(self) -> list[tuple[int, float, float]]:
        with self._lock:
            return list(self._spans)

    def _doubt(self, at_least: timedelta, measured: list[float]) -> timedelta:
        if not measured:
            return max(at_least, UNMEASURED)
        most = min(max(measured), LARGEST.total_seconds())
        return max(at_least, timedelta(seconds=most) + MARGIN)
