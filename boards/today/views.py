"""The first screen: what needs attention, what is on, what comes next."""

from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_safe

from boards.today.charging import charging_troubles
from boards.today.notices import notices_for
from boards.today.reading import MOST_FAVOURITES, first_steps, read_today
from drivers.permissions import FleetRequest, member_required
from drivers.shared_fragments import shared_fragment
from shell.viewer import viewer_zone
from sites.favourites import favourite_sites
from sync.open_pages import poll_sooner
from waiting.selectors import open_offers

# How often the page looks again: while the operator has something to decide, and else.
SOON, SELDOM = "2s", "60s"


@member_required
@require_safe
@shared_fragment
def today(request: FleetRequest) -> HttpResponse:
    """Show a fleet's day; htmx asks for the changing part alone, to keep it up to date."""
    now = timezone.now()
    day = read_today(request.fleet, now=now)
    poll_sooner(day.bookings, now=now)
    context: dict[str, Any] = {
        "day": day,
        "notices": notices_for(request.fleet, now=now),
        "troubles": charging_troubles(request.fleet, day, now=now),
        "steps": None if day.bookings else first_steps(request.fleet),
        "offers": open_offers(request.fleet),
        "now": now,
        "zone": viewer_zone(request),
        "look_again": SOON if day.has_unsettled else SELDOM,
    }
    whole = not request.htmx or request.htmx.history_restore_request
    if whole:
        context["favourites"] = favourite_sites(
            request.fleet, user_pk=request.user.pk, limit=MOST_FAVOURITES
        )
    template = "boards/today/today.html" if whole else "boards/today/_today.html"
    response = render(request, template, context)
    patch_vary_headers(response, ["HX-Request"])
    return response
