"""A fleet's month or year as one file with several sheets."""

from collections.abc import Iterator
from itertools import islice
from typing import IO

from django.utils.text import slugify
from django.utils.translation import gettext as _

from drivers.models import Fleet
from reports.files import rows, sessions
from reports.measures import CHARGED, COST, DECISIONS, NO_SHOWS, PROMISES, Source, Topic
from reports.models import Dimension
from reports.months import Period
from reports.selectors import Known, known_to
from reports.summing.due import sum_marked
from spreadsheets.books import Sheet, write_book
from spreadsheets.table import Cell

# What a page may write while its reader waits; there are more in the CSV file, which is sent as it
# is read.
MOST_SESSIONS = 50_000
SHEETS: tuple[tuple[Topic, Dimension], ...] = (
    *((COST, dimension) for dimension in COST.dimensions),
    *((CHARGED, dimension) for dimension in CHARGED.dimensions),
    (NO_SHOWS, Dimension.DRIVER),
    (NO_SHOWS, Dimension.SITE),
    (DECISIONS, Dimension.SITE),
    (PROMISES, Dimension.VEHICLE),
)


def file_name(fleet: Fleet, period: Period, *, ending: str, what: str = "report") -> str:
    return f"{slugify(fleet.name) or 'fleet'}-{what}-{period.key}.{ending}"


def period_book(fleet: Fleet, period: Period, *, most_sessions: int = MOST_SESSIONS) -> IO[bytes]:
    """Return the file, which is gone from the disk once it is closed.

    What has changed since it was summed is summed first, so that its sheets agree.
    """
    sum_marked(fleet, period.each_month())
    known = known_to(fleet)
    return write_book(_sheets(fleet, known, period, most_sessions=most_sessions))


def _sheets(fleet: Fleet, known: Known, period: Period, *, most_sessions: int) -> Iterator[Sheet]:
    for topic in known.topics:
        found = rows.month_rows(fleet, topic, period)
        yield Sheet(str(topic.label), rows.header(topic, _("Month")), found)
    for topic, dimension in SHEETS:
        if topic.source in known.sources:
            yield Sheet(
                f"{topic.label}, {dimension.label}",
                rows.header(topic, str(dimension.label)),
                rows.rows_by(fleet, topic, dimension, period),
            )
    if Source.SESSIONS in known.sources:
        some = _some(fleet, period, most=most_sessions)
        yield Sheet(_("Charging sessions"), sessions.header(), some)


def _some(fleet: Fleet, period: Period, *, most: int) -> Iterator[list[Cell]]:
    """Yield the sessions, and a line that says so where there are more of them."""
    found = sessions.session_rows(fleet, period)
    yield from islice(found, most)
    if next(found, None) is not None:
        yield [_("There are more. The CSV file on the page of the reports has all of them.")]
