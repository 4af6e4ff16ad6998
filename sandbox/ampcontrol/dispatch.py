"""Ampcontrol over HTTP: who may call, what goes wrong, and which call does what."""

import json
from collections.abc import Callable
from typing import Any

from werkzeug.exceptions import HTTPException, MethodNotAllowed
from werkzeug.http import http_date
from werkzeug.routing import Map, Rule
from werkzeug.wrappers import Request, Response

from sandbox.ampcontrol import happenings, lists, oddities, profiles, writes
from sandbox.ampcontrol.writes import Forbidden
from sandbox.api.dispatch import Api
from sandbox.api.errors import Broken, Missing, Refusal, TooMany, Unauthorized
from sandbox.energy.physics import Physics
from sandbox.faults import ENERGY_KINDS, Fault

ROOT = "/ampcontrol"
Operation = Callable[..., dict[str, Any]]

OPERATIONS: dict[tuple[str, str], Operation] = {
    ("GET", "/v2/users/me"): lists.me,
    ("GET", "/v2/networks/"): lists.networks,
    ("GET", "/v2/networks/<pk>"): lists.network,
    ("GET", "/v2/charge_points/"): lists.charge_points,
    ("GET", "/v2/charge_points/<pk>"): lists.charge_point,
    ("GET", "/v2/connectors/"): lists.connectors,
    ("GET", "/v2/connectors/<pk>"): lists.connector,
    ("GET", "/v2/vehicles/"): lists.vehicles,
    ("POST", "/v2/vehicles/"): writes.create_vehicle,
    ("GET", "/v2/vehicles/groups"): lists.vehicle_groups,
    ("GET", "/v2/vehicles/<pk>"): lists.vehicle,
    ("PATCH", "/v2/vehicles/<pk>"): writes.change_vehicle,
    ("GET", "/v2/vehicles/<pk>/telematics"): lists.telematics,
    ("POST", "/v2/vehicles/<pk>/telematics"): writes.tell_telematics,
    ("GET", "/v2/vehicles/telematics/live"): lists.live_telematics,
    ("GET", "/v2/id_tags/"): lists.id_tags,
    ("GET", "/v2/planned_routes/"): lists.planned_routes,
    ("POST", "/v2/planned_routes/"): writes.create_routes,
    ("GET", "/v2/planned_routes/<pk>"): lists.planned_route,
    ("PATCH", "/v2/planned_routes/<pk>"): writes.change_route,
    ("DELETE", "/v2/planned_routes/<pk>"): writes.delete_route,
    ("GET", "/v2/charging_sessions/"): lists.charging_sessions,
    ("GET", "/v2/charging_sessions/<pk>"): lists.charging_session,
    ("PATCH", "/v2/charging_sessions/<pk>"): writes.change_session,
    ("GET", "/v2/optimizations/"): lists.optimizations,
    ("GET", "/v2/alerts/"): happenings.alerts,
    ("GET", "/v2/alerts/<pk>"): happenings.alert,
    ("PATCH", "/v2/alerts/<pk>"): writes.change_alert,
    ("GET", "/v2/events/"): happenings.events,
    ("GET", "/v2/kpis/uptime/network"): happenings.uptime_of_network,
    ("GET", "/v2/kpis/uptime/charge_points"): happenings.uptime_of_charge_points,
    ("GET", "/v2/profiles/optimizations/"): profiles.optimizations,
    ("GET", "/v2/profiles/prices/"): profiles.prices,
    ("GET", "/v2/profiles/telematics/soc"): profiles.telematics_soc,
    ("GET", "/v2/profiles/capacities/"): profiles.capacities,
    ("GET", "/v2/profiles/meter_values/power"): profiles.power,
    ("GET", "/v2/profiles/meter_values/energy"): profiles.energy,
    ("GET", "/v2/profiles/meter_values/soc"): profiles.soc,
    ("GET", "/v2/profiles/dr_events/"): profiles.dr_events,
    ("GET", "/v2/profiles/baseloads/"): profiles.baseloads,
    ("GET", "/v2/profiles/solar_meterings/"): profiles.solar_meterings,
    ("GET", "/v2/profiles/connectivity/"): profiles.connectivity,
    ("GET", "/v2/profiles/uptime/"): profiles.uptime,
}
# The static part of a path counts before a record's id; slashes are exact.
ROUTES = Map(
    [
        Rule(ROOT + path, methods=[method], endpoint=(method, path), strict_slashes=True)
        for method, path in OPERATIONS
    ],
    redirect_defaults=False,
    merge_slashes=False,
)
# To these a slash leads back that was left out, or was too much.
SLASHES = {ROOT + path for _method, path in OPERATIONS if "<" not in path}


class Redirected(Refusal):
    """The path is right but for its slash."""

    status = 307

    def __init__(self, location: str) -> None:
        super().__init__("Temporary Redirect")
        self.location = location


class Ampcontrol(Api):
    """The WSGI application under `/ampcontrol`."""

    kinds = ENERGY_KINDS

    def __init__(self, physics: Physics, *, token: str) -> None:
        super().__init__(physics.world, token=token)
        self.physics = physics

    def _note_arrival(self, request: Request) -> None:
        """Count the call, and trip over it if nobody may send it, whatever becomes of it."""
        depots = self.physics.depots
        depots.arrivals += 1
        if self._find(request) is None and _slash(request) is None:
            depots.trip(request.method, request.path, "no call that the portal may send")

    def _limit(self) -> int | None:
        return self.physics.depots.rate_limit

    def _find(self, request: Request) -> tuple[tuple[str, str], dict[str, Any]] | None:
        try:
            endpoint, arguments = ROUTES.bind_to_environ(request.environ).match()
        except HTTPException:
            return None
        return endpoint, dict(arguments)

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
        except Redirected as redirected:
            headers["Location"] = redirected.location
            status, payload = redirected.status, {}
        except Forbidden as refusal:
            with self.world.lock:
                self.physics.depots.trip(request.method, request.path, str(refusal))
            status, payload = 403, _failed(refusal)
        except Refusal as refusal:
            status, payload = refusal.status, _failed(refusal)
        except MethodNotAllowed:
            status, payload = 405, {"status": "fail", "data": []}
        payload = oddities.spoil(payload, struck)
        return Response(
            json.dumps(payload), status=status, headers=headers, mimetype="application/json"
        )

    def _process(self, request: Request) -> tuple[int, dict[str, Any]]:
        found = self._find(request)
        if found is None:
            location = _slash(request)
            if location is not None:
                raise Redirected(location)
            raise Missing
        endpoint, arguments = found
        self.world.calls[f"{endpoint[0]} {ROOT}{endpoint[1]}"] += 1
        self.world.tick()
        self.physics.look()
        return 200, OPERATIONS[endpoint](self.physics, request, **arguments)


def _failed(refusal: Refusal) -> dict[str, Any]:
    return {"status": "fail", "message": str(refusal), "data": []}


def _slash(request: Request) -> str | None:
    """Return where a call was meant to go whose slash is missing or too much."""
    path = request.path
    meant = path.removesuffix("/") if path.endswith("/") else f"{path}/"
    if meant not in SLASHES:
        return None
    query = request.query_string.decode("latin-1")
    return f"{meant}?{query}" if query else meant
