"""The list of bookings as a file."""

from datetime import UTC

from django.http import FileResponse, HttpRequest, HttpResponseBase, StreamingHttpResponse
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_GET

from bookings.pages.export_lines import export_lines, export_name, export_sheet
from bookings.pages.forms import BookingListForm
from bookings.selectors import BookingFilter, View, view_named
from drivers.permissions import FleetRequest, member_required
from shell.viewer import viewer_zone

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@member_required
@require_GET
def export(request: FleetRequest) -> HttpResponseBase:
    """Send all bookings that the list with this query string shows, while they are read."""
    view, narrowed = _shown(request)
    lines = export_lines(request.fleet, view=view, narrowed=narrowed)
    return StreamingHttpResponse(
        lines, content_type="text/csv; charset=utf-8", headers=_headers(request, ending="csv")
    )


@member_required
@require_GET
def export_workbook(request: FleetRequest) -> HttpResponseBase:
    """Send them as a spreadsheet, whose parts can be put together only when all are read."""
    view, narrowed = _shown(request)
    file = export_sheet(request.fleet, view=view, narrowed=narrowed)
    return FileResponse(file, content_type=XLSX, headers=_headers(request, ending="xlsx"))


def _shown(request: HttpRequest) -> tuple[View, BookingFilter]:
    form = BookingListForm(request.GET)
    form.is_valid()
    return view_named(request.GET.get("view", "")), form.narrowing(viewer_zone(request))


def _headers(request: FleetRequest, *, ending: str) -> dict[str, str]:
    day = timezone.now().astimezone(viewer_zone(request) or UTC).date()
    name = export_name(request.fleet, day=day, ending=ending)
    return {
        "Content-Disposition": str(content_disposition_header(True, name)),
        "Cache-Control": "private, no-store",
    }
