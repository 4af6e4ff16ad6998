"""Counts the calls to the operator's platform."""

from ampeco.calls import Call
from telemetry.measures import OPERATOR_CALL_SECONDS, OPERATOR_CALLS, OPERATOR_PAUSES


def note_call(call: Call) -> None:
    """Count one attempt that has ended; those that were sent are timed, too."""
    OPERATOR_CALLS.add(operation=call.operation, outcome=call.outcome.value)
    if call.was_sent:
        OPERATOR_CALL_SECONDS.note(call.seconds, operation=call.operation)
    if call.pause_seconds:
        OPERATOR_PAUSES.add(call.pause_seconds)
