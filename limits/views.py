"""The page of a fleet's rules: those of the operator, its own, and what its drivers may do."""

from zoneinfo import ZoneInfo

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.models import User
from drivers.one_at_a_time import one_at_a_time
from drivers.permissions import (
    FleetRequest,
    admin_required,
    member_required,
    private_partner_ids,
)
from limits.actions import add_own_limit, let_drivers, remove_own_limit
from limits.forms import DriversForm, OwnLimitForm
from limits.models import Limit
from limits.reading import limits_for, rules_from
from limits.sentences import described
from shell.kept_forms import typed
from shell.viewer import viewer_zone
from sites.models import Location
from sites.selectors import visible_evses, visible_locations


@member_required
@require_safe
def rules(request: FleetRequest) -> HttpResponse:
    """Show the fleet's rules; its admins also see the form for another one."""
    form = _form(request) if request.membership.can_run_team else None
    return _show(request, form)


@admin_required
@require_http_methods(["GET", "HEAD", "POST"])
def add(request: FleetRequest) -> HttpResponse:
    """Add a rule of the fleet's own; or say beside the field why it was not."""
    if typed(request) is None:
        return redirect("limits:rules")
    form = _form(request)
    if form is None:
        raise Http404
    if request.method != "POST" or not form.is_valid():
        return _show(request, form)
    assert isinstance(request.user, User)
    add_own_limit(
        form.limit,
        fleet=request.fleet,
        user=request.user,
        evses=form.cleaned_data.get("evses") or (),
    )
    messages.success(request, _("The rule holds for all bookings from now on."))
    return redirect("limits:rules")


@admin_required
@require_POST
def remove(request: FleetRequest, pk: int) -> HttpResponse:
    """Take back a rule that the fleet has set itself; any other is a 404."""
    try:
        remove_own_limit(fleet=request.fleet, pk=pk)
    except Limit.DoesNotExist:
        raise Http404 from None
    messages.success(request, _("The rule no longer holds."))
    return redirect("limits:rules")


@admin_required
@require_http_methods(["GET", "HEAD", "POST"])
@one_at_a_time
def drivers(request: FleetRequest) -> HttpResponse:
    """Set what the fleet's drivers may do on their own pages; or say why it was not."""
    data = typed(request)
    if data is None:
        return redirect("limits:rules")
    form = DriversForm(data, fleet=request.fleet)
    if request.method != "POST" or not form.is_valid():
        return _show(request, None, drivers_form=form)
    let_drivers(fleet=request.fleet, **form.cleaned_data)
    messages.success(request, _("Saved."))
    return redirect("limits:rules")


def _form(request: FleetRequest) -> OwnLimitForm | None:
    """Return the form for the kind and the site that were picked; none without a kind."""
    data = typed(request)
    given = data if data is not None else request.GET
    kind = given.get("kind", "")
    if kind not in Limit.Kind.values:
        return None
    location = _location(request, given.get("site", ""))
    partner_ids = private_partner_ids(request.fleet)
    evses = visible_evses(location, partner_ids=partner_ids) if location else ()
    return OwnLimitForm(
        data,
        kind=kind,
        location=location,
        evses=[evse.pk for evse in evses],
        set_by_operator=rules_from(limits_for(request.fleet.pk).filter(by_fleet=False)),
    )


def _location(request: FleetRequest, text: str) -> Location | None:
    if not text:
        return None
    if not (text.isascii() and text.isdecimal() and len(text) <= 18):
        raise Http404
    partner_ids = private_partner_ids(request.fleet)
    return get_object_or_404(visible_locations(partner_ids=partner_ids), pk=int(text))


def _show(
    request: FleetRequest, form: OwnLimitForm | None, *, drivers_form: DriversForm | None = None
) -> HttpResponse:
    now = timezone.now()
    limits = [
        limit
        for limit in limits_for(request.fleet.pk)
        if limit.end_at is None or limit.end_at > now
    ]
    location = form.location if form else _location(request, request.GET.get("site", ""))
    site = {"site": str(location.pk)} if location else {}
    context = {
        "operators": [_described(request, each) for each in limits if not each.by_fleet],
        "own": [(each, _described(request, each)) for each in limits if each.by_fleet],
        "form": form,
        "location": location,
        "runs_team": request.membership.can_run_team,
        "kinds": [
            (kind.label, f"{reverse('limits:rules')}?{urlencode({'kind': kind.value, **site})}")
            for kind in Limit.Kind
            if location or kind != Limit.Kind.BLACKOUT
        ],
        "drivers_form": drivers_form or DriversForm(fleet=request.fleet),
    }
    return render(request, "limits/rules.html", context)


def _described(request: FleetRequest, limit: Limit) -> str:
    zone = limit.location.zone if limit.location else viewer_zone(request)
    return described(rules_from([limit])[0], zone=zone or ZoneInfo("UTC"))
