"""The search over everything, as a page of its own and within the dialog of every page."""

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_safe

from bookings.pages.search_results import search
from drivers.permissions import FleetRequest, member_required


@member_required
@require_safe
def search_everything(request: FleetRequest) -> HttpResponse:
    """Find sites, drivers and bookings; htmx asks for what was found alone."""
    context = {"found": search(request.fleet, request.GET.get("q", ""))}
    whole = not request.htmx or request.htmx.history_restore_request
    template = "bookings/search.html" if whole else "bookings/_found.html"
    response = render(request, template, context)
    patch_vary_headers(response, ["HX-Request"])
    return response
