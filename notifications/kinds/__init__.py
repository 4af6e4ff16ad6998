"""What the mail about each kind of thing that happens to a booking says, to drivers and managers.

Words are those of the active language. A sentence is written out whole, once for each audience, so
that every language can put it as it would be said.
"""

from collections.abc import Callable

from notifications.kinds.changes import change_refused, changed, moved, taken_away
from notifications.kinds.decisions import approved, not_placed, rejected
from notifications.kinds.endings import cancel_refused, cancelled, failed, no_show
from notifications.kinds.on_the_day import reminder, running_late
from notifications.kinds.parts import Action, Case, Kind, Letter, answer_to

__all__ = ["Action", "Case", "Letter", "answer_to", "letter_of"]

WRITERS: dict[Kind, Callable[[Case], Letter]] = {
    Kind.APPROVED: approved,
    Kind.REJECTED: rejected,
    Kind.NOT_PLACED: not_placed,
    Kind.CHANGED: changed,
    Kind.CHANGE_REFUSED: change_refused,
    Kind.CANCELLED: cancelled,
    Kind.CANCEL_REFUSED: cancel_refused,
    Kind.MOVED: moved,
    Kind.FAILED: failed,
    Kind.NO_SHOW: no_show,
    Kind.REMINDER: reminder,
    Kind.RUNNING_LATE: running_late,
}


def letter_of(case: Case) -> Letter:
    """Return what a notification's mail says."""
    return taken_away(case) if case.was_theirs else WRITERS[case.kind](case)
