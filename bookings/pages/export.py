"""The list of bookings as a file."""

from datetime import UTC

from django.http import HttpResponseBase, StreamingHttpResponse
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_GET

from bookings.pages.export_lines import export_lines, export_name
from bookings.pages.forms import BookingListForm
from bookings.selectors import view_named
from drivers.permissions import FleetRequest, member_required
from shell.viewer import viewer_zone


@member_required
@require_GET
def export(request: FleetRequest) -> HttpResponseBase:
    """Send all bookings that the list with this query string shows, while they are read."""
    form = BookingListForm(request.GET)
    form.is_valid()
    zone = viewer_zone(request)
    lines = export_lines(
        request.fleet, view=view_named(request.GET.get("view", "")), narrowed=form.narrowing(zone)
    )
    name = export_name(request.fleet, day=timezone.now().astimezone(zone or UTC).date())
    return StreamingHttpResponse(
        lines,
        content_type="text/csv; charset=utf-8",
        headers={
            "Content-Disposition": str(content_disposition_header(True, name)),
            "Cache-Control": "private, no-store",
        },
    )
