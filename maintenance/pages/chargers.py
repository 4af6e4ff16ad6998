"""Pages of a fleet: its own chargers, each of them, and what it did at a site."""

from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.http import require_safe

from drivers.permissions import FleetRequest, member_required, private_partners
from maintenance.mirroring.health import want
from maintenance.pages.statistics import happenings, of_charge_point, of_site
from maintenance.selectors import charge_points_of, newest_firmware, records_of
from sites.selectors import visible_locations

PAGE = 25


@member_required
@require_safe
def own_chargers(request: FleetRequest) -> HttpResponse:
    """List the charge points that belong to the fleet's company, with use, faults and uptime."""
    page = Paginator(charge_points_of(request.fleet), PAGE).get_page(request.GET.get("page"))
    now = timezone.now()
    context = {"page": page, "rows": records_of(page.object_list, now=now), "now": now}
    return render(request, "maintenance/own_chargers.html", context)


@member_required
@require_safe
def charger(request: FleetRequest, pk: int) -> HttpResponse:
    """Show how one of the fleet's own charge points has been doing."""
    charge_point = get_object_or_404(charge_points_of(request.fleet), pk=pk)
    now = timezone.now()
    health = want(charge_point, now=now)
    (record,) = records_of([charge_point], now=now)
    context = {
        "charge_point": charge_point,
        "location": charge_point.location,
        "health": health,
        "newest_firmware": newest_firmware(health),
        "statistics": of_charge_point(charge_point, record, now=now),
        "happenings": happenings(charge_point),
        "now": now,
    }
    return render(request, "maintenance/charger.html", context)


@member_required
@require_safe
def site_statistics(request: FleetRequest, pk: int) -> HttpResponse:
    """Show what the fleet did at a site for thirty days."""
    visible = visible_locations(partner_ids=private_partners(request.fleet))
    location = get_object_or_404(visible, pk=pk)
    now = timezone.now()
    context = {
        "location": location,
        "statistics": of_site(location, request.fleet, now=now),
        "now": now,
    }
    return render(request, "maintenance/site.html", context)
