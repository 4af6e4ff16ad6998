"""What a manager tells of a vehicle that charges: what is in it, and that it comes first."""

import uuid

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from accounts.models import User
from drivers.permissions import FleetRequest, manager_required
from energy.departures.pages.departures import where_it_is
from energy.departures.pages.forms import ChargeForm, FirstForm
from energy.departures.pages.reading import telling_text
from energy.departures.telling import charge_first, type_state_of_charge
from energy.selectors.walls import remote_ids_of, sessions_of
from shell.kept_forms import typed
from vehicles.pages.views import vehicle_or_404


@manager_required
@require_http_methods(["GET", "HEAD", "POST"])
@where_it_is
def state_of_charge(request: FleetRequest, pk: int) -> HttpResponse:
    """Keep what somebody read in a vehicle; or say beside the field what is wrong."""
    vehicle = vehicle_or_404(request, pk)
    form = ChargeForm(typed(request), initial={"key": uuid.uuid4()})
    if request.method == "POST" and form.is_valid():
        assert isinstance(request.user, User)
        told = type_state_of_charge(
            vehicle,
            percent=form.cleaned_data["percent"],
            at=timezone.now().replace(microsecond=0),
            key=f"charge-{form.cleaned_data['key']}",
            user=request.user,
        )
        text = telling_text(told) if told else _("The state of charge is kept.")
        messages.success(request, text)
        return redirect("vehicles:detail", pk=pk)
    context = {"vehicle": vehicle, "form": form}
    return render(request, "energy/departures/charge.html", context)


@manager_required
@require_POST
@where_it_is
def first(request: FleetRequest, pk: int) -> HttpResponse:
    """Let a vehicle's session come first, or be one of many again."""
    vehicle = vehicle_or_404(request, pk)
    form = FirstForm(request.POST)
    remote_id = remote_ids_of(request.fleet, [pk]).get(pk)
    if not form.is_valid() or remote_id is None:
        raise Http404
    running = sessions_of(request.fleet).filter(vehicle_remote_id=remote_id, active=True)
    session = running.filter(remote_id=form.cleaned_data["session"]).first()
    if session is None:
        messages.info(request, _("This charging session is over."))
        return redirect("vehicles:detail", pk=pk)
    assert isinstance(request.user, User)
    told = charge_first(
        session,
        vehicle,
        key=f"priority-{form.cleaned_data['key']}",
        user=request.user,
        first=not form.cleaned_data["usual"],
    )
    messages.success(request, telling_text(told))
    return redirect("vehicles:detail", pk=pk)
