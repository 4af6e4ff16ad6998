"""The fleet's bookings as a calendar over all sites."""

from datetime import UTC

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_safe

from boards.calendar.forms import CalendarForm
from boards.calendar.reading import SPANS, Span, beside, read_calendar, title_of
from drivers.permissions import FleetRequest, member_required
from drivers.shared_fragments import shared_fragment
from shell.viewer import viewer_zone
from sync.open_pages import poll_sooner

# How often the page looks again: while the operator has something to decide, and else.
SOON, SELDOM = "2s", "60s"
FILTERS = ("site", "driver", "vehicle", "status", "cancelled")


@member_required
@require_safe
@shared_fragment
def fleet_calendar(request: FleetRequest) -> HttpResponse:
    """Show a day, a week or a month; htmx asks for the changing part alone, to keep up to date.

    What cannot be read in the query string is said beside its field and left out.
    """
    now = timezone.now()
    zone = viewer_zone(request)
    today = now.astimezone(zone or UTC).date()
    span = span_named(request.GET.get("view", ""))
    params = request.GET.copy()
    params.setdefault("day", today.isoformat())
    form = CalendarForm(params)
    form.is_valid()
    chosen = form.day_or(today)
    calendar = read_calendar(
        request.fleet,
        span=span,
        chosen=chosen,
        narrowed=form.narrowing(zone),
        with_called_off=form.cleaned_data.get("cancelled", False),
    )
    poll_sooner(calendar.bookings, now=now)
    before, after = beside(span, chosen)
    context = {
        "calendar": calendar,
        "span": span,
        "form": form,
        "title": title_of(span, chosen),
        "today": today,
        "before": before.isoformat(),
        "after": after.isoformat(),
        "is_narrowed": any(request.GET.get(name) for name in FILTERS),
        "now": now,
        "zone": zone,
        "look_again": SOON if calendar.has_unsettled else SELDOM,
    }
    whole = not request.htmx or request.htmx.history_restore_request
    template = "boards/calendar/calendar.html" if whole else "boards/calendar/_calendar.html"
    response = render(request, template, context)
    patch_vary_headers(response, ["HX-Request"])
    return response


def span_named(name: str) -> Span:
    """Return the view that a query string names, or the one shown first."""
    return next((span for span in SPANS if span == name), "week")
