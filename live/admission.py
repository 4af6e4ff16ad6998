"""Who may watch what: asked of the log-in, when a page connects."""

from collections.abc import Mapping
from http import HTTPStatus
from io import BytesIO
from typing import Any

from django.contrib.sessions.middleware import SessionMiddleware
from django.core.exceptions import DisallowedHost
from django.core.handlers.asgi import ASGIRequest
from django.http import HttpRequest, HttpResponse

from bookings.models import Booking
from drivers.permissions import chosen_membership
from drivers.who_asks import ReadWhoAsks, memberships_of
from live.hub import Watch
from shell.keys import read_key


def admit(scope: dict[str, Any]) -> Watch | HTTPStatus:
    """Return what a page may watch, or how it is refused."""
    request = ASGIRequest(scope, BytesIO())
    response = _behind_log_in(request)
    watch: Watch | None = getattr(request, "watch", None)
    return watch or HTTPStatus(response.status_code)  # type: ignore[union-attr]


def _answer(request: HttpRequest) -> HttpResponse:
    try:
        request.get_host()
        watches_fleet = request.GET.get("fleet") == "current"
        booking = 0 if watches_fleet else _number(request.GET, "booking")
        seen, age = _number(request.GET, "seen", 0), _number(request.GET, "age", 0)
    except (DisallowedHost, ValueError):
        return HttpResponse(status=HTTPStatus.BAD_REQUEST)
    if not request.user.is_authenticated:
        return HttpResponse(status=HTTPStatus.UNAUTHORIZED)
    request.memberships = memberships_of(request)  # type: ignore[attr-defined]
    membership = chosen_membership(request)
    if membership is None:
        return HttpResponse(status=HTTPStatus.FORBIDDEN)
    fleet = membership.fleet_id
    watch = Watch(person=request.user.pk, fleet=fleet, age=age)
    if not watches_fleet:
        rows = Booking.objects.filter(fleet=fleet, pk=booking)
        version = rows.values_list("version", flat=True).first()
        if version is None:
            return HttpResponse(status=HTTPStatus.NOT_FOUND)
        watch.booking, watch.seen = booking, seen
        watch.update(version)
    request.watch = watch  # type: ignore[attr-defined]
    return HttpResponse()


def _number(values: Mapping[str, str], name: str, default: int | None = None) -> int:
    """Return a number of the query string; raises ValueError where it is none or far too long."""
    text = values.get(name, "" if default is None else str(default))
    number = read_key(text)
    if number is None:
        raise ValueError(name)
    return number


_behind_log_in = SessionMiddleware(ReadWhoAsks(_answer))
