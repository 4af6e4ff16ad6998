"""Who may open a page: members of a fleet, among them managers for what changes something.

Who belongs to the team is for its admins alone.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect, render

from drivers.models import Fleet, FleetMembership

View = Callable[..., HttpResponseBase]


class FleetRequest(HttpRequest):
    """A request whose user belongs to a fleet."""

    fleet: Fleet
    membership: FleetMembership
    memberships: list[FleetMembership]
    htmx: Any


def member_required(view: View) -> View:
    """Let members of a fleet in; others see how to become one, staff go to the back office."""

    @login_required
    @wraps(view)
    def inner(request: FleetRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not request.membership:
            if request.user.is_staff:
                return redirect("admin:index")
            return render(request, "drivers/no_fleet.html", status=403)
        return view(request, *args, **kwargs)

    return inner


def manager_required(view: View) -> View:
    """Let managers in; a viewer is told that viewing is all they may do (403)."""

    @member_required
    @wraps(view)
    def inner(request: FleetRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not request.membership.can_book:
            raise PermissionDenied
        return view(request, *args, **kwargs)

    return inner


def admin_required(view: View) -> View:
    """Let the fleet's admins in; all others are told that they may not (403)."""

    @member_required
    @wraps(view)
    def inner(request: FleetRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not request.membership.can_run_team:
            raise PermissionDenied
        return view(request, *args, **kwargs)

    return inner
