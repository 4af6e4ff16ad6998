"""The page about one of a fleet's drivers: who they are, and their bookings."""

from typing import Any
from urllib.parse import urlencode

from django.db.models import QuerySet
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_safe

from bookings.selectors import Cursor, View, list_bookings
from drivers.models import Driver, FleetDriver
from drivers.permissions import (
    FleetRequest,
    member_required,
    private_access_of,
    private_partner_ids,
)
from shell.viewer import viewer_zone
from sites.models import ChargePoint, Location
from sites.selectors import visible_locations
from sites.slots.picker.form import draft_params
from sync.open_pages import poll_sooner
from vehicles.models import Vehicle

MOST_SITES = 10


@member_required
@require_safe
def detail(request: FleetRequest, pk: int) -> HttpResponse:
    """Show a driver with their bookings, coming or past; htmx asks for the rows alone.

    Also one who has left the fleet, whose bookings name them.
    """
    belonging = _belonging_or_404(request, pk)
    driver = belonging.driver
    view: View = "past" if request.GET.get("view") == "past" else "upcoming"
    page = list_bookings(
        request.fleet,
        view=view,
        narrowed={"driver_pk": pk},
        cursor=Cursor.parse(request.GET.get("at", "")),
    )
    poll_sooner(page.bookings)
    context: dict[str, Any] = {
        "driver": driver,
        "view": view,
        "page": page,
        "now": timezone.now(),
        "zone": viewer_zone(request),
        "of_driver": True,
    }
    if request.htmx and not request.htmx.history_restore_request:
        response = render(request, "bookings/_list.html", context)
    else:
        response = render(request, "bookings/driver.html", context | _facts(request, belonging))
    patch_vary_headers(response, ["HX-Request"])
    return response


def _belonging_or_404(request: FleetRequest, pk: int) -> FleetDriver:
    belongings = FleetDriver.objects.filter(fleet=request.fleet, driver=pk)
    belonging = belongings.select_related("driver").first()
    if belonging is None:
        raise Http404
    return belonging


def _facts(request: FleetRequest, belonging: FleetDriver) -> dict[str, Any]:
    driver, has_left = belonging.driver, belonging.left_at is not None
    sites = [] if has_left else list(_private_sites(request, driver)[: MOST_SITES + 1])
    bookable = (
        request.membership.can_book and not has_left and driver.status == Driver.Status.ENABLED
    )
    draft = urlencode(draft_params({"driver": str(driver.pk)}))
    vehicles = Vehicle.objects.filter(
        fleet=request.fleet, usual_driver=driver, retired_at=None
    ).order_by("number", "pk")
    return {
        "belonging": belonging,
        "vehicles": vehicles,
        "private_sites": sites[:MOST_SITES],
        "has_more_sites": len(sites) > MOST_SITES,
        "book_url": f"{reverse('sites:list')}?{draft}" if bookable else "",
    }


def _private_sites(request: FleetRequest, driver: Driver) -> QuerySet[Location]:
    """Return the sites, as the fleet sees them, with private chargers that the driver may use.

    What others let the driver use, but not the fleet, is between the two of them.
    """
    partner_ids = private_partner_ids(request.fleet)
    charge_points = ChargePoint.objects.filter(
        type=ChargePoint.Type.PRIVATE,
        ampeco_partner_id__in=private_access_of(driver) & partner_ids,
        retired_at=None,
    )
    sites = visible_locations(partner_ids=partner_ids)
    return sites.filter(pk__in=charge_points.values("location")).order_by("name", "pk")
