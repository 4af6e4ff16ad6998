"""The list of a fleet's cost centres, and the forms about one."""

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from charging.actions.cost_centres import (
    CodeTaken,
    add_cost_centre,
    bring_back_cost_centre,
    change_cost_centre,
    retire_cost_centre,
)
from charging.models import CostCentre
from charging.pages.forms import CostCentreForm
from charging.selectors.cost_centres import cost_centres_of, vehicles_by_code
from drivers.one_at_a_time import one_at_a_time
from drivers.permissions import FleetRequest, manager_required, member_required
from shell.kept_forms import typed


@member_required
@require_safe
def cost_centres(request: FleetRequest) -> HttpResponse:
    """List the cost centres; managers see the form for another one, filled in by a link."""
    code = request.GET.get("cost_centre", "")
    return _show(request, CostCentreForm(changes=False, initial={"cost_centre": code}))


@manager_required
@require_http_methods(["GET", "HEAD", "POST"])
def add(request: FleetRequest) -> HttpResponse:
    """Add a cost centre; or say beside the field why it was not."""
    data = typed(request)
    if data is None:
        return redirect("charging:cost_centres")
    form = CostCentreForm(data, changes=False)
    if request.method == "POST" and form.is_valid():
        code, name = form.cleaned_data["cost_centre"], form.cleaned_data["name"]
        try:
            added, claimed = add_cost_centre(request.fleet, code=code, name=name)
        except CodeTaken as taken:
            form.add_error("cost_centre", taken.message)
        else:
            messages.success(request, _("%(what)s is added.") % {"what": added})
            tell_claimed(request, claimed)
            return redirect("charging:cost_centres")
    return _show(request, form)


@manager_required
@require_http_methods(["GET", "HEAD", "POST"])
@one_at_a_time
def change(request: FleetRequest, pk: int) -> HttpResponse:
    """Change code or name; or say beside the field why it was not."""
    centre = _centre_or_404(request, pk)
    initial = {"cost_centre": centre.code, "name": centre.name}
    form = CostCentreForm(typed(request), changes=True, initial=initial)
    if request.method == "POST" and form.is_valid():
        code, name = form.cleaned_data["cost_centre"], form.cleaned_data["name"]
        try:
            change_cost_centre(centre, code=code, name=name)
        except CodeTaken as taken:
            form.add_error("cost_centre", taken.message)
        else:
            messages.success(request, _("%(what)s is saved.") % {"what": code})
            return redirect("charging:cost_centres")
    return render(request, "charging/cost_centre.html", {"form": form, "centre": centre})


@manager_required
@require_POST
def retire(request: FleetRequest, pk: int) -> HttpResponse:
    """Retire a cost centre, or with `back` let it be picked again."""
    set_retired(request, _centre_or_404(request, pk), retired="back" not in request.POST)
    return redirect("charging:cost_centres")


def _centre_or_404(request: FleetRequest, pk: int) -> CostCentre:
    centre = cost_centres_of(request.fleet).filter(pk=pk).first()
    if centre is None:
        raise Http404
    return centre


def _show(request: FleetRequest, form: CostCentreForm) -> HttpResponse:
    by_code = vehicles_by_code(request.fleet)
    centres = [
        (centre, by_code.pop(centre.code.upper(), ("", 0))[1])
        for centre in cost_centres_of(request.fleet)
    ]
    context = {
        "form": form,
        "current": [row for row in centres if not row[0].retired_at],
        "retired": [row for row in centres if row[0].retired_at],
        # What vehicles have and nobody has put on the list.
        "unknown": list(by_code.values()),
    }
    return render(request, "charging/cost_centres.html", context)


def set_retired(request: HttpRequest, centre: CostCentre, *, retired: bool) -> None:
    """Retire a cost centre or bring it back, and say so."""
    if retired:
        retire_cost_centre(centre)
        text = _("%(what)s is retired. It can no longer be picked; its sessions stay.")
    else:
        bring_back_cost_centre(centre)
        text = _("%(what)s can be picked again.")
    messages.success(request, text % {"what": centre.code})


def tell_claimed(request: HttpRequest, claimed: int) -> None:
    """Say how many sessions a new cost centre has got, if any."""
    if claimed:
        text = ngettext(
            "%(number)d session of vehicles with this code now belongs to it.",
            "%(number)d sessions of vehicles with this code now belong to it.",
            claimed,
        )
        messages.info(request, text % {"number": claimed})
