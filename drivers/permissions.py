"""Which fleet a request speaks for, and who may open a page: members, managers or admins."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.functional import SimpleLazyObject

from drivers.models import Fleet, FleetMembership

SESSION_KEY = "fleet_id"


def memberships_of(request: HttpRequest) -> list[FleetMembership]:
    """Return the active memberships of the user who is logged in, by the fleet's name."""
    if not request.user.is_authenticated:
        return []
    return list(
        FleetMembership.objects.filter(user=request.user, fleet__is_active=True)
        .select_related("fleet")
        .order_by("fleet__name", "pk")
    )


def chosen_membership(request: HttpRequest) -> FleetMembership | None:
    """Return the membership for the fleet chosen in this session, else the first one."""
    memberships: list[FleetMembership] = request.memberships  # type: ignore[attr-defined]
    chosen = request.session.get(SESSION_KEY)
    for membership in memberships:
        if membership.fleet_id == chosen:
            return membership
    return memberships[0] if memberships else None


class FleetMiddleware:
    """Sets `request.memberships`, `request.membership`, `request.fleet`, read when first used."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.memberships = SimpleLazyObject(lambda: memberships_of(request))  # type: ignore[attr-defined]
        request.membership = SimpleLazyObject(lambda: chosen_membership(request))  # type: ignore[attr-defined]
        request.fleet = SimpleLazyObject(  # type: ignore[attr-defined]
            lambda: request.membership.fleet if request.membership else None  # type: ignore[attr-defined]
        )
        return self.get_response(request)


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
