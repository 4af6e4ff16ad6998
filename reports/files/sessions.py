"""The sessions of a period for a file: those of the list, with the same columns."""

from collections.abc import Iterator

from charging.models import Session
from charging.pages.export import cells_of, header
from charging.selectors.filters import SessionFilter
from charging.selectors.listing import each_session
from drivers.models import Fleet
from reports.months import Period
from spreadsheets.table import Cell

__all__ = ["header", "session_rows"]


def session_rows(fleet: Fleet, period: Period) -> Iterator[list[Cell]]:
    """Return the sessions of a period, the latest first.

    They are read as they are taken, a batch at a time; the words are those of the language that is
    active when this is called.
    """
    statuses = {status.value: str(status.label) for status in Session.Status}
    payments = {payment.value: str(payment.label) for payment in Session.Payment}
    narrowed = SessionFilter(since=period.start, until=period.end)
    return (
        [*cells_of(session, statuses, payments)]
        for batch in each_session(fleet, narrowed)
        for session in batch
    )
