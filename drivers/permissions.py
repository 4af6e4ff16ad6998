"""Who may do and see what: which fleet a request speaks for, who may open a page, which drivers.

Every read of drivers starts at the fleet.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any

from django.apps import apps
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.db.models import BigIntegerField, Case, QuerySet, Value, When
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.template.response import TemplateResponse
from django.utils.functional import SimpleLazyObject

from drivers.fleet_forms import (
    FIELD,
    SESSION_KEY,
    fill_in,
    keep_until_log_in,
    refuse_for_fleet,
    show_again,
)
from drivers.models import (
    Driver,
    EnabledFirst,
    Fleet,
    FleetDriver,
    FleetMembership,
    PrivateAccess,
)
from drivers.who_asks import memberships_of
from mirror.search import Folded, with_words
from mirror.written_once import written_once
from shell.kept_forms import PARAMETER
from shell.keys import read_key


def chosen_membership(request: HttpRequest) -> FleetMembership | None:
    """Return the membership for the fleet chosen in this session, else the first one."""
    memberships: list[FleetMembership] = request.memberships  # type: ignore[attr-defined]
    chosen = request.session.get(SESSION_KEY)
    for membership in memberships:
        if membership.fleet_id == chosen:
            return membership
    return memberships[0] if memberships else None


class FleetMiddleware:
    """Sets `request.memberships`, `request.membership`, `request.fleet`, read when first used.

    Keeps what somebody sends who is no longer signed in, and fills it in once they are.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.memberships = SimpleLazyObject(lambda: memberships_of(request))  # type: ignore[attr-defined]
        request.membership = SimpleLazyObject(lambda: chosen_membership(request))  # type: ignore[attr-defined]
        request.fleet = SimpleLazyObject(  # type: ignore[attr-defined]
            lambda: request.membership.fleet if request.membership else None  # type: ignore[attr-defined]
        )
        if PARAMETER in request.GET and request.user.is_authenticated:
            return show_again(request, self.get_response)
        response = self.get_response(request)
        led_on = request.method == "POST" and response.status_code == 302
        if led_on and not request.user.is_authenticated:
            return keep_until_log_in(request, response)
        return response

    def process_template_response(
        self, request: HttpRequest, response: TemplateResponse
    ) -> TemplateResponse:
        return fill_in(request, response)


def is_for_another_fleet(request: HttpRequest) -> bool:
    """Return whether something was sent, or is shown again, that is not for the current fleet.

    What names no fleet counts as such, but for people who have only one.
    """
    kept = getattr(request, "kept_form", None)
    if request.method in {"GET", "HEAD", "OPTIONS"} and kept is None:
        return False
    named = (kept.data if kept else request.POST).get(FIELD)
    if named is None:
        several = len(request.memberships) > 1  # type: ignore[attr-defined]
        return several and kept is None
    return named != str(request.fleet.pk)  # type: ignore[attr-defined]


# As names are shown: the folded text begins with first and last name, or is the e-mail of somebody
# who gave none.
BY_NAME = (Folded("search_text"), "pk")
MOST_RECENT = 5
View = Callable[..., HttpResponseBase]


class FleetRequest(HttpRequest):
    """A request whose user belongs to a fleet."""

    fleet: Fleet
    membership: FleetMembership
    memberships: list[FleetMembership]
    htmx: Any


def member_required(view: View) -> View:
    """Let members of a fleet in; others see how to become one, staff go to the back office.

    What is sent for another fleet than the current one goes no further (409).
    """

    @login_required
    @wraps(view)
    def inner(request: FleetRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not request.membership:
            if request.user.is_staff:
                return redirect("admin:index")
            return render(request, "drivers/no_fleet.html", status=403)
        if is_for_another_fleet(request):
            return refuse_for_fleet(request)
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


def current_drivers(fleet: Fleet | int) -> QuerySet[Driver]:
    return Driver.objects.filter(fleet_drivers__fleet=fleet, fleet_drivers__left_at__isnull=True)


def private_partners(fleet: Fleet) -> QuerySet[Any, int]:
    """Return the partners whose private charge points a fleet may see and book, as a subquery.

    Its own, and those that invited at least one of its current, enabled drivers to them.
    """
    drivers = current_drivers(fleet).filter(status=Driver.Status.ENABLED)
    invited = PrivateAccess.objects.filter(driver__in=drivers.values("pk"))
    own = Fleet.objects.filter(pk=fleet.pk).order_by()
    return own.values_list("ampeco_partner_id", flat=True).union(
        invited.values_list("ampeco_partner_id", flat=True)
    )


def private_partner_ids(fleet: Fleet) -> frozenset[int]:
    """Return the same as read, with the fleet as it is known here."""
    return frozenset({fleet.ampeco_partner_id, *_invited(fleet=fleet.pk)})


@written_once(fleet=BigIntegerField())
def _invited(fleet: Any) -> QuerySet[PrivateAccess, int]:
    invited = PrivateAccess.objects.filter(
        driver__status=Driver.Status.ENABLED,
        driver__fleet_drivers__fleet=fleet,
        driver__fleet_drivers__left_at__isnull=True,
    )
    return invited.order_by().values_list("ampeco_partner_id", flat=True).distinct()


def private_access_of(driver: Driver) -> frozenset[int]:
    return frozenset(driver.private_access.values_list("ampeco_partner_id", flat=True))


def driver_of(fleet: Fleet, pk: int) -> Driver:
    """Return one of a fleet's current drivers. Raises Driver.DoesNotExist for any other."""
    return current_drivers(fleet).get(pk=pk)


def matching_drivers(fleet: Fleet, query: str) -> QuerySet[Driver]:
    """Return current drivers whose name or e-mail has each word; enabled ones first, by name."""
    drivers = with_words(current_drivers(fleet), query)
    return drivers.order_by(EnabledFirst("status"), *BY_NAME)


def count_drivers(fleet: Fleet) -> int:
    return FleetDriver.objects.filter(fleet=fleet, left_at=None).count()


@dataclass(frozen=True, slots=True)
class DriverOffer:
    """A few drivers to pick one from: what `drivers/_driver_options.html` shows.

    `access` names the partners to whose private chargers a driver needs access, if any; who has it
    to none of them is among `without_access`, by primary key. Whom the fleet has booked for lately
    is among `recent`.
    """

    drivers: list[Driver]
    more: int
    query: str
    chosen: int | None
    access: frozenset[int]
    without_access: frozenset[int]
    recent: frozenset[int]

    @property
    def access_text(self) -> str:
        return ",".join(map(str, sorted(self.access)))


def offer_drivers(
    fleet: Fleet,
    query: str,
    *,
    chosen: str,
    access: frozenset[int] = frozenset(),
    limit: int = 8,
) -> DriverOffer:
    """Return the drivers that match, and how many more there are.

    First those for whom the fleet has booked lately; last, who cannot be picked.

    `chosen` is the primary key that was picked before, as a form sent it; it stays among the
    drivers whatever is searched for, unless it names none of this fleet.
    """
    recent = recent_drivers(fleet)
    admitted = PrivateAccess.objects.filter(ampeco_partner_id__in=access).values("driver")
    may_use = {"pk__in": admitted} if access else {}
    matching = matching_drivers(fleet, query).order_by(
        Case(
            When(status=Driver.Status.ENABLED, **may_use, then=Value(0)),
            When(status=Driver.Status.ENABLED, then=Value(1)),
            default=Value(2),
        ),
        *_in_turn(recent),
        *BY_NAME,
    )
    drivers = list(matching[:limit])
    total = matching.count() if len(drivers) == limit else len(drivers)
    picked = _picked(fleet, chosen)
    if picked and picked not in drivers:
        matches = matching.filter(pk=picked.pk).exists()
        drivers = [picked, *drivers[: limit - 1]]
        total += 0 if matches else 1
    without = frozenset(driver.pk for driver in drivers) if access else frozenset()
    if access:
        without -= set(admitted.filter(driver__in=drivers).values_list("driver", flat=True))
    return DriverOffer(
        drivers=drivers,
        more=total - len(drivers),
        query=query,
        chosen=picked.pk if picked else None,
        access=access,
        without_access=without,
        recent=frozenset(recent),
    )


def recent_drivers(fleet: Fleet) -> list[int]:
    """Return the keys of the drivers with a fleet's latest bookings, the latest first."""
    # Bookings stand above this room: they are known here by name only.
    return apps.get_model("bookings", "Booking").latest_drivers(fleet.pk, most=MOST_RECENT)


def _in_turn(keys: list[int]) -> list[Case]:
    """Return what puts rows of these keys first, in this order."""
    if not keys:
        return []
    turns = [When(pk=pk, then=Value(turn)) for turn, pk in enumerate(keys)]
    return [Case(*turns, default=Value(len(keys)))]


def _picked(fleet: Fleet, chosen: str) -> Driver | None:
    pk = read_key(chosen)
    return None if pk is None else current_drivers(fleet).filter(pk=pk).first()
