"""Reports as files, sent to whoever looks at them."""

from django.http import FileResponse, HttpResponseBase, StreamingHttpResponse
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_safe

from drivers.permissions import FleetRequest, member_required
from reports.files import rows, sessions
from reports.files.book import file_name, period_book
from reports.measures import Source
from reports.months import Period
from reports.pages.views import dimension_of, of_sessions, period_of, topic_named
from reports.selectors import known_to
from reports.summing.due import sum_marked
from spreadsheets.books import csv_parts
from spreadsheets.writing import CSV, XLSX


@member_required
@require_safe
def workbook(request: FleetRequest) -> HttpResponseBase:
    """Send a month or year with all its sheets."""
    period = period_of(request)
    file = period_book(request.fleet, period)
    return FileResponse(file, content_type=XLSX, headers=_headers(request, period, ending="xlsx"))


@member_required
@require_safe
def sessions_csv(request: FleetRequest) -> HttpResponseBase:
    """Send all sessions of a month or year while they are read; 404 where none may be read."""
    of_sessions(known_to(request.fleet))
    period = period_of(request)
    lines = csv_parts(sessions.header(), sessions.session_rows(request.fleet, period))
    headers = _headers(request, period, ending="csv", what="sessions")
    return StreamingHttpResponse(lines, content_type=CSV, headers=headers)


@member_required
@require_safe
def table_csv(request: FleetRequest, key: str) -> HttpResponseBase:
    """Send a topic's whole table, as the page shows it in parts."""
    topic = topic_named(known_to(request.fleet), key)
    period, dimension = period_of(request), dimension_of(request, topic)
    if topic.source is Source.SESSIONS:
        sum_marked(request.fleet, period.each_month())
    lines = csv_parts(
        rows.header(topic, str(dimension.label)),
        rows.rows_by(request.fleet, topic, dimension, period),
    )
    headers = _headers(request, period, ending="csv", what=f"{topic.key}-{dimension.value}")
    return StreamingHttpResponse(lines, content_type=CSV, headers=headers)


def _headers(
    request: FleetRequest, period: Period, *, ending: str, what: str = "report"
) -> dict[str, str]:
    name = file_name(request.fleet, period, ending=ending, what=what)
    return {
        "Content-Disposition": str(content_disposition_header(True, name)),
        "Cache-Control": "private, no-store",
    }
