"""What stands around lists and sums of sessions: the form, and what it names."""

from datetime import UTC, date
from typing import Any

from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _

from charging.models import Session
from charging.pages.forms import SessionListForm
from charging.selectors.sums import By
from drivers.models import Driver
from drivers.permissions import FleetRequest
from shell.viewer import viewer_zone
from sites.models import Location
from vehicles.models import Vehicle


def today_of(request: HttpRequest) -> date:
    """Return the day it is where the reader is, or in UTC where that is not known."""
    return timezone.now().astimezone(viewer_zone(request) or UTC).date()


def list_form(request: FleetRequest) -> SessionListForm:
    """Return the form by which the query string narrows sessions; what it asked is checked."""
    form = SessionListForm(request.GET, fleet=request.fleet, today=today_of(request))
    form.is_valid()
    return form


def tabs() -> dict[By, str]:
    return {
        By.DRIVER: _("By driver"),
        By.VEHICLE: _("By vehicle"),
        By.SITE: _("By site"),
        By.COST_CENTRE: _("By cost centre"),
        By.MONTH: _("By month"),
    }


def nameless(by: By) -> str:
    """Return what sessions are called together that have no vehicle, site or cost centre."""
    return {
        By.VEHICLE: _("No vehicle named"),
        By.SITE: _("Another operator’s site"),
        By.COST_CENTRE: _("Without cost centre"),
    }.get(by, "?")


def around(request: FleetRequest, form: SessionListForm) -> dict[str, Any]:
    return {
        "form": form,
        "is_narrowed": form.is_narrowed,
        "tabs": tabs().items(),
        "only": _only(request, form),
        "now": timezone.now(),
        "zone": viewer_zone(request),
    }


def _only(request: FleetRequest, form: SessionListForm) -> list[tuple[str, str]]:
    """Return the fields by which one thing's sessions alone are shown, with what it is called.

    A site is named only where the fleet has charged: else its key would tell of any site.
    """
    data, fleet = form.cleaned_data, request.fleet
    found: list[tuple[str, str]] = []
    if (key := data.get("driver_key")) is not None:
        driver = Driver.objects.filter(fleet_drivers__fleet=fleet, pk=key).first()
        found.append(("driver_key", driver.display_name if driver else nameless(By.DRIVER)))
    if (key := data.get("vehicle_key")) is not None:
        vehicle = Vehicle.objects.filter(fleet=fleet, pk=key).first()
        found.append(("vehicle_key", vehicle.name if vehicle else nameless(By.VEHICLE)))
    if (key := data.get("site_key")) is not None:
        charged = Session.objects.filter(fleet=fleet, location=key).values("location")[:1]
        site = Location.objects.filter(pk__in=charged).first() if key else None
        found.append(("site_key", site.name if site else nameless(By.SITE)))
    return found
