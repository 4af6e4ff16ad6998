"""AMPECO over HTTP: who may call, what goes wrong, and which call does what."""

import hmac
import json
import socket
import time
from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any
from wsgiref.types import StartResponse, WSGIEnvironment

from werkzeug.exceptions import HTTPException, MethodNotAllowed
from werkzeug.http import http_date
from werkzeug.routing import Map, Rule
from werkzeug.wrappers import Request, Response

from sandbox.api import (
    billing,
    bookings,
    control,
    downtime,
    hardware,
    notifications,
    partners,
    payloads,
    people,
    places,
    power,
    roaming,
    sessions,
    tariffs,
)
from sandbox.api.errors import Broken, Missing, Refusal, TooMany, Unauthorized
from sandbox.api.filters import found
from sandbox.api.operations import Operation
from sandbox.faults import KINDS, ConnectionCut, Fault
from sandbox.world.world import World

ROOT = "/public-api"
NO_CONTENT = 204
MINUTE = 60.0
# In so many pieces does a slow body come.
PIECES = 10


def _reader(kind: str, write: Callable[[World, Any], payloads.Payload]) -> Operation:
    def read(world: World, _request: Request, pk: int) -> dict[str, Any]:
        return {"data": write(world, found(getattr(world, kind), pk))}

    return read


OPERATIONS: dict[tuple[str, str], Operation] = {
    ("GET", "/resources/locations/v2.0"): places.list_locations,
    ("GET", "/resources/locations/v2.0/<int:pk>"): _reader("locations", payloads.location),
    ("GET", "/resources/charge-points/v2.0"): places.list_charge_points,
    ("GET", "/resources/charge-points/v2.0/<int:pk>"): _reader(
        "charge_points", payloads.charge_point
    ),
    ("GET", "/resources/charge-points/v2.0/<int:pk>/evses"): places.list_evses_of_charge_point,
    ("GET", "/resources/evses/v2.1"): places.list_evses,
    ("GET", "/resources/evses/v2.1/<int:pk>"): places.read_evse,
    ("GET", "/resources/parking-spaces/v1.0"): places.list_parking_spaces,
    ("GET", "/resources/parking-spaces/v1.0/<int:pk>"): places.read_parking_space,
    ("GET", "/resources/circuits/v2.0"): power.list_circuits,
    ("GET", "/resources/circuits/v2.0/<int:pk>"): power.read_circuit,
    ("GET", "/resources/electricity-rates/v2.0"): power.list_rates,
    ("GET", "/resources/electricity-rates/v2.0/<int:pk>"): power.read_rate,
    ("GET", "/resources/electricity-rates/v2.0/<int:pk>/price-periods"): power.list_price_periods,
    ("GET", "/resources/users/v1.0"): people.list_users,
    ("GET", "/resources/users/v1.0/<int:pk>"): people.read_user,
    ("GET", "/resources/partner-invites/v1.0"): people.list_invites,
    ("GET", "/resources/partners/v2.0"): people.list_partners,
    ("GET", "/resources/partners/v2.0/<int:pk>"): people.read_partner,
    ("GET", "/resources/id-tags/v2.0"): people.list_id_tags,
    ("GET", "/resources/id-tags/v2.0/<int:pk>"): people.read_id_tag,
    (
        "POST",
        "/actions/locations/v2.0/<int:location>/check-booking-availability",
    ): bookings.check_availability,
    ("GET", "/resources/booking-requests/v1.0"): bookings.list_requests,
    ("POST", "/resources/booking-requests/v1.0"): bookings.create_request,
    ("GET", "/resources/booking-requests/v1.0/<int:pk>"): _reader("requests", payloads.request),
    ("GET", "/resources/bookings/v1.0"): bookings.list_bookings,
    ("GET", "/resources/bookings/v1.0/<int:pk>"): bookings.read_booking,
    ("GET", "/notifications/v2.0"): notifications.list_subscriptions,
    ("POST", "/notifications/v2.0"): notifications.subscribe,
    ("GET", "/notifications/v2.0/<pk>"): notifications.read_subscription,
    ("PUT", "/notifications/v2.0/<pk>"): notifications.change_subscription,
    ("DELETE", "/notifications/v2.0/<pk>"): notifications.unsubscribe,
    **tariffs.OPERATIONS,
    **sessions.OPERATIONS,
    **billing.OPERATIONS,
    **control.OPERATIONS,
    **downtime.OPERATIONS,
    **hardware.OPERATIONS,
    **partners.OPERATIONS,
    **roaming.OPERATIONS,
}
CREATES = {
    ("POST", "/resources/booking-requests/v1.0"),
    ("POST", "/notifications/v2.0"),
    *downtime.CREATES,
}
ROUTES = Map(
    [Rule(ROOT + path, methods=[method], endpoint=(method, path)) for method, path in OPERATIONS],
    strict_slashes=False,
)


class Api:
    """The WSGI application under `/public-api`."""

    kinds: Collection[str] = KINDS

    def __init__(self, world: World, *, token: str) -> None:
        self.world = world
        self._token = token
        self._recent: deque[float] = deque()
        # What is still on its way, and when it arrives.
        self._late: list[tuple[datetime, Request]] = []

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        request = Request(environ)
        with self.world.lock:
            self._note_arrival(request)
        faults = self.world.faults.strike(request.method, request.path, kinds=self.kinds)
        struck = {fault.kind: fault for fault in faults}
        if "latency" in struck:
            time.sleep(struck["latency"].seconds)
        if "late" in struck:
            request.get_data()
            at = self.world.clock.now() + timedelta(seconds=struck["late"].seconds)
            with self.world.lock:
                self._late.append((at, request))
            return cut(environ)
        if "cut-before" in struck:
            return cut(environ)
        try:
            response = self._answer(request, struck)
        except ConnectionCut:
            return cut(environ)
        if "cut-after" in struck:
            return cut(environ)
        if "slow-body" in struck:
            body = response.get_data()
            response.response = _trickle(body, struck["slow-body"].seconds)
            response.content_length = len(body)
        return response(environ, start_response)

    def _note_arrival(self, request: Request) -> None:  # noqa: ARG002
        self.world.arrivals += 1

    def _limit(self) -> int | None:
        return self.world.rate_limit

    def _answer(self, request: Request, struck: dict[str, Fault]) -> Response:
        headers = {"Date": http_date(self.world.clock.now())}
        try:
            if "rate-limited" in struck:
                headers["Retry-After"] = str(max(1, round(struck["rate-limited"].seconds)))
                raise TooMany
            if "server-error" in struck:
                raise Broken
            if "unauthorized" in struck:
                raise Unauthorized
            self._check_token(request)
            self._count(headers)
            status, payload = self._operate(request)
            if "server-error-after" in struck:
                raise Broken
        except Refusal as refusal:
            status, payload = refusal.status, refusal.payload()
        except MethodNotAllowed:
            status, payload = 405, {"message": "Method not allowed"}
        # What was accepted, and says nothing more, has no body.
        body = json.dumps(payload) if payload else ""
        return Response(body, status=status, headers=headers, mimetype="application/json")

    def _check_token(self, request: Request) -> None:
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if scheme != "Bearer" or not hmac.compare_digest(token.encode(), self._token.encode()):
            raise Unauthorized

    def _count(self, headers: dict[str, str]) -> None:
        limit = self._limit()
        if limit is None:
            return
        with self.world.lock:
            now = time.monotonic()
            while self._recent and self._recent[0] <= now - MINUTE:
                self._recent.popleft()
            left = limit - len(self._recent)
            headers["X-RateLimit-Limit"] = str(limit)
            headers["X-RateLimit-Remaining"] = str(max(0, left - 1))
            if left <= 0:
                oldest = self._recent[0] if self._recent else now
                headers["Retry-After"] = str(int(oldest + MINUTE - now) + 1)
                raise TooMany
            self._recent.append(now)

    def _operate(self, request: Request) -> tuple[int, dict[str, Any]]:
        with self.world.lock:
            now = self.world.clock.now()
            arrived = sorted(
                (each for each in self._late if each[0] <= now), key=lambda one: one[0]
            )
            self._late = [each for each in self._late if each[0] > now]
            for _at, late in arrived:
                with suppress(Refusal, ConnectionCut):
                    self._process(late)
            return self._process(request)

    def _process(self, request: Request) -> tuple[int, dict[str, Any]]:
        try:
            endpoint, arguments = ROUTES.bind_to_environ(request.environ).match()
        except MethodNotAllowed:
            raise
        except HTTPException:
            raise Missing from None
        self.world.calls[" ".join(endpoint)] += 1
        self.world.tick()
        payload = OPERATIONS[endpoint](self.world, request, **arguments)
        if endpoint[0] == "DELETE":
            return NO_CONTENT, payload
        if endpoint in control.OPERATIONS:
            return 202, payload
        return (201 if endpoint in CREATES else 200), payload


def cut(environ: WSGIEnvironment) -> Iterable[bytes]:
    """Cut the connection without an answer: raise ConnectionCut, and end the socket, if any."""
    connection = environ.get("werkzeug.socket")
    if connection is not None:
        # Closing would not do: the server still holds the socket, and the caller would wait.
        with suppress(OSError):
            connection.shutdown(socket.SHUT_RDWR)
    raise ConnectionCut("The connection was cut.")


def _trickle(body: bytes, seconds: float) -> Iterator[bytes]:
    length = -(-len(body) // PIECES)
    for start in range(0, len(body), length):
        time.sleep(seconds / PIECES)
        yield body[start : start + length]
