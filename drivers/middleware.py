"""Which fleet a request speaks for."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.utils.functional import SimpleLazyObject

from drivers.models import FleetMembership

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
        """Answer the request with its fleet at hand."""
        request.memberships = SimpleLazyObject(lambda: memberships_of(request))  # type: ignore[attr-defined]
        request.membership = SimpleLazyObject(lambda: chosen_membership(request))  # type: ignore[attr-defined]
        request.fleet = SimpleLazyObject(  # type: ignore[attr-defined]
            lambda: request.membership.fleet if request.membership else None  # type: ignore[attr-defined]
        )
        return self.get_response(request)
