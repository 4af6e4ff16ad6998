"""Counts the calls to the operator's platform, and tells of those that did not work."""

import logging

from telemetry.measures import OPERATOR_CALL_SECONDS, OPERATOR_CALLS, OPERATOR_PAUSES
from upstream.calls import Call, Outcome

logger = logging.getLogger(__name__)

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
