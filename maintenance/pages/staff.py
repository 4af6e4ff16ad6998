"""What staff see of a charge point and of a site, in the back office."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.views.decorators.http import require_safe

from accounts.back_office import require_permission, staff_page
from maintenance.mirroring.health import want
from maintenance.pages.statistics import happenings, of_charge_point, of_whole_site
from maintenance.selectors import newest_firmware, records_of
from sites.models import ChargePoint, Location


@require_safe
def charge_point_state(request: HttpRequest, pk: int) -> HttpResponse:
    """Show how a charge point has been doing; it is read soon if it was not lately."""
    require_permission(request, "charging_sites.view_chargepoint")
    places = ChargePoint.objects.select_related("location")
    charge_point = get_object_or_404(places, pk=pk)
    now = timezone.now()
    health = want(charge_point, now=now)
    (record,) = records_of([charge_point], now=now)
    context = {
        "title": f"{charge_point} · {charge_point.location}",
        "charge_point": charge_point,
        "location": charge_point.location,
        "health": health,
        "newest_firmware": newest_firmware(health),
        "statistics": of_charge_point(charge_point, record, now=now),
        "happenings": happenings(charge_point),
    }
    return staff_page(request, "maintenance/admin_charge_point.html", context)


@require_safe
def site_state(request: HttpRequest, pk: int) -> HttpResponse:
    """Show what went on at a site, of all fleets."""
    require_permission(request, "charging_sites.view_location")
    location = get_object_or_404(Location, pk=pk)
    context = {
        "title": str(location),
        "location": location,
        "statistics": of_whole_site(location, now=timezone.now()),
        "charge_points": location.charge_points.filter(retired_at=None).order_by("name", "pk"),
    }
    return staff_page(request, "maintenance/admin_site.html", context)
