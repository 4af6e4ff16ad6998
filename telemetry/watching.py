"""Watches pages and booking requests: what happens to them is counted and told in the logs."""

import logging
import time
from collections.abc import Callable
from typing import Any

from django.db.models.signals import post_save
from django.http import HttpRequest, HttpResponse

from telemetry.logs import accept_request_id, bound
from telemetry.measures import REQUEST_MOVES, WEB_REQUESTS, WEB_SECONDS

logger = logging.getLogger(__name__)

METHODS = frozenset({"GET", "HEAD", "POST", "OPTIONS"})
ONLY_LOOK = frozenset({"GET", "HEAD", "OPTIONS"})


class WatchRequests:
    """Gives each request an id, its own or the proxy's, and counts and times its answer.

    The id is on every log line of the request and of the tasks that it starts, and goes back as
    `X-Request-ID`. What changes something is told with a line of its own; who only looks is not.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        began = time.monotonic()
        request_id = accept_request_id(request.headers.get("X-Request-ID"))
        request.request_id = request_id  # type: ignore[attr-defined]
        with bound(request_id=request_id):
            response = self.get_response(request)
            note(request, response, seconds=time.monotonic() - began)
        response["X-Request-ID"] = request_id
        return response


def note(request: HttpRequest, response: HttpResponse, *, seconds: float) -> None:
    """Count an answer; files that are served well are not of interest."""
    match = request.resolver_match
    if match is None and response.status_code < 400:
        return
    view = match.view_name if match else "none"
    method = request.method if request.method in METHODS else "other"
    assert method is not None
    WEB_REQUESTS.add(view=view, method=method, status=str(response.status_code))
    WEB_SECONDS.note(seconds, view=view)
    logger.log(
        logging.DEBUG if method in ONLY_LOOK else logging.INFO,
        "%s %s answered with %d.",
        method,
        view,
        response.status_code,
        extra={
            "method": method,
            "view": view,
            "status": response.status_code,
            "seconds": round(seconds, 3),
        },
    )


def watch() -> None:
    """Connect to the history of requests, which gets a line with every move, and only there.

    Whoever writes it need not know that it is watched. A transaction that is rolled back afterwards
    leaves a line and a count too many, beside the error that says so.
    """
    post_save.connect(
        tell, sender="bookings.BookingRequestEvent", dispatch_uid="telemetry-booking-requests"
    )


def tell(instance: Any, created: bool, **_: Any) -> None:
    """Write a log line with the ids that belong to a move, and count it."""
    if not created:
        return
    request = instance.request
    REQUEST_MOVES.add(kind=request.kind, state=instance.to_status)
    logger.info(
        "Booking request %s (%s) is %s.",
        request.pk,
        request.kind,
        instance.to_status,
        extra={
            "booking_request_id": request.pk,
            "booking_id": request.booking_id,
            "kind": str(request.kind),
            "status": str(instance.to_status),
        },
    )
