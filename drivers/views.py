"""Pages about drivers and fleets."""

import re
from urllib.parse import urlencode

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe
from django.views.decorators.vary import vary_on_headers

from drivers.fleet_forms import SESSION_KEY
from drivers.forms import AddDriverForm, DriverSearchForm
from drivers.permissions import (
    FleetRequest,
    count_drivers,
    manager_required,
    matching_drivers,
    member_required,
    offer_drivers,
)
from drivers.services import DriverNotAdded, add_driver_by_email
from shell.addresses import way_back
from shell.kept_forms import typed
from shell.search_form import LONGEST_SEARCH

PAGE_SIZE = 50
PARTNER = re.compile(r"[0-9]{1,18}", re.ASCII)


@member_required
@require_safe
@vary_on_headers("HX-Request")
def driver_list(request: FleetRequest) -> HttpResponse:
    """Show the fleet's drivers; htmx gets the results alone."""
    if not request.htmx or request.htmx.history_restore_request:
        return _show_list(request, add_form=AddDriverForm())
    response = render(request, "drivers/_list.html", _results(request))
    stated = [(name, request.GET[name]) for name in ("q", "page") if request.GET.get(name)]
    response["HX-Replace-Url"] = f"{request.path}?{urlencode(stated)}" if stated else request.path
    return response


@manager_required
def add_driver(request: FleetRequest) -> HttpResponse:
    """Add a driver by e-mail and show the list; or say beside the field why nobody was added."""
    data = typed(request)
    if data is None:
        query = request.GET.urlencode()
        return redirect(f"{reverse('drivers:list')}{'?' if query else ''}{query}")
    form = AddDriverForm(data)
    problem = ""
    if request.method == "POST" and form.is_valid():
        try:
            driver = add_driver_by_email(
                fleet=request.fleet,
                user=request.user,  # type: ignore[arg-type]
                email=form.cleaned_data["email"],
            )
        except DriverNotAdded as refusal:
            problem = refusal.code
            form.add_error("email", refusal.message)
        else:
            text = _("%(driver)s (%(email)s) is in your fleet. You can book for them now.")
            messages.success(request, text % {"driver": driver.display_name, "email": driver.email})
            return redirect("drivers:list")
    form.fields["email"].widget.attrs["autofocus"] = True
    return _show_list(request, add_form=form, problem=problem)


@member_required
@require_safe
def driver_options(request: FleetRequest) -> HttpResponse:
    """Show drivers to pick one from, for the form that asks for a booking."""
    query = request.GET.get("q", request.GET.get("driver_query", ""))[:LONGEST_SEARCH]
    access = request.GET.get("access", "")[:LONGEST_SEARCH].split(",")
    offer = offer_drivers(
        request.fleet,
        query,
        chosen=request.GET.get("driver", ""),
        access=frozenset(int(pk) for pk in access if PARTNER.fullmatch(pk)),
    )
    return render(request, "drivers/_driver_options.html", {"offer": offer})


@login_required
@require_POST
def switch_fleet(request: HttpRequest) -> HttpResponse:
    """Speak for another of the user's fleets from now on, at home or where a form was left.

    Any other fleet is a 404.
    """
    wanted = request.POST.get("fleet", "")
    for membership in request.memberships:  # type: ignore[attr-defined]
        if str(membership.fleet_id) == wanted:
            request.session[SESSION_KEY] = membership.fleet_id
            return redirect(way_back(request, otherwise=reverse("home")))
    raise Http404


def _show_list(
    request: FleetRequest, *, add_form: AddDriverForm, problem: str = ""
) -> HttpResponse:
    context = {**_results(request), "add_form": add_form, "problem": problem}
    return render(request, "drivers/list.html", context)


def _results(request: FleetRequest) -> dict[str, object]:
    form = DriverSearchForm(request.GET)
    query = form.query()
    drivers = matching_drivers(request.fleet, query)
    paginator = Paginator(drivers, PAGE_SIZE)
    if not query:
        # Without a look at each of them.
        paginator.count = count_drivers(request.fleet)
    page = paginator.get_page(request.GET.get("page"))
    return {"form": form, "query": query, "page": page}
