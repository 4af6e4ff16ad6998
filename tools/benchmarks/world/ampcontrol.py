"""An Ampcontrol with so many networks and vehicles, all of which charge through the night."""

import json
import uuid
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import httpx
from django.utils import timezone

AT_A_NETWORK = 20
QUARTER = timedelta(minutes=15)
PERCENT_AN_HOUR = 6
KM_TO_SITE = 12_000

Payload = dict[str, Any]


class Depots(httpx.BaseTransport):
    """The way to it; answers the calls of the portal's client and counts them."""

    def __init__(self, *, networks: int, vehicles: int, began: datetime) -> None:
        self.calls = 0
        self.began = began
        self.networks = [str(uuid.uuid4()) for _ in range(networks)]
        self.vehicles = [str(uuid.uuid4()) for _ in range(vehicles)]
        self.points = [
            (str(uuid.uuid4()), str(uuid.uuid4()), network)
            for network in self.networks
            for _ in range(AT_A_NETWORK)
        ]
        self._lists: dict[str, Callable[[httpx.QueryParams], list[Payload]]] = {
            "/v2/networks/": self._networks,
            "/v2/charge_points/": self._charge_points,
            "/v2/connectors/": self._connectors,
            "/v2/vehicles/": self._vehicles,
            "/v2/vehicles/telematics/live": self._telematics,
            "/v2/charging_sessions/": self._sessions,
            "/v2/optimizations/": self._optimizations,
        }

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Answer a call; what nobody has is an empty list."""
        self.calls += 1
        path, query = request.url.path, request.url.params
        data: Any = []
        if path.startswith("/v2/profiles/"):
            data = self._series(path)
        elif path in self._lists:
            data = self._lists[path](query)
        body = {"status": "success", "data": data, "total": len(data)}
        return httpx.Response(200, content=json.dumps(body).encode())

    def _networks(self, _query: httpx.QueryParams) -> list[Payload]:
        return [
            {
                "id": network,
                "name": f"Depot {number}",
                "maxCapacity": 1000.0,
                "maxCapacityBuffer": 0.05,
                "objective": "fleet",
                "timeZone": "Europe/Berlin",
                "currency": "EUR",
                "baseloadActive": True,
            }
            for number, network in enumerate(self.networks)
        ]

    def _charge_points(self, _query: httpx.QueryParams) -> list[Payload]:
        return [
            {
                "id": point,
                "networkId": network,
                "customName": f"CP {number}",
                "ocppId": f"BENCH-{number}",
                "maxCapacity": 150.0,
            }
            for number, (point, _connector, network) in enumerate(self.points)
        ]

    def _connectors(self, _query: httpx.QueryParams) -> list[Payload]:
        return [
            {"id": connector, "chargePointId": point, "connectorId": 1, "maxCapacity": 150.0}
            for point, connector, _network in self.points
        ]

    def _vehicles(self, query: httpx.QueryParams) -> list[Payload]:
        if "updated" in query:
            return []
        start, limit = int(query.get("offset", 0)), int(query.get("limit", 100))
        return [
            {"id": vehicle, "name": f"Van {vehicle[:4]}", "insideDepot": self.networks[0]}
            for vehicle in self.vehicles[start : start + limit]
        ]

    def _telematics(self, _query: httpx.QueryParams) -> list[Payload]:
        now = timezone.now()
        hours = (now - self.began) / timedelta(hours=1)
        return [
            {
                "vehicleId": vehicle,
                "timestamp": now.isoformat(),
                "stateOfCharge": min(100.0, 20 + number % 20 + hours * PERCENT_AN_HOUR),
                "plugConnected": True,
                "chargingState": "ChargingAC",
                "chargingPower": 11.0,
                "odometer": KM_TO_SITE,
                "source": "thirdPartyTelematics",
            }
            for number, vehicle in enumerate(self.vehicles)
        ]

    def _sessions(self, query: httpx.QueryParams) -> list[Payload]:
        return [
            {
                "id": _id_of("session", connector),
                "chargePointId": point,
                "connectorId": connector,
                "vehicleId": self.vehicles[number % len(self.vehicles)],
                "active": True,
                "sessionStart": self.began.isoformat(),
            }
            for number, (point, connector, network) in enumerate(self.points)
            if network == query.get("network")
        ]

    def _optimizations(self, query: httpx.QueryParams) -> list[Payload]:
        now = timezone.now()
        steps = [{"time": (now + n * QUARTER).isoformat(), "value": 11.0} for n in range(10)]
        return [
            {
                "id": _id_of("plan", connector),
                "networkId": network,
                "chargepointId": point,
                "connector": connector,
                "created": now.isoformat(),
                "profile": {
                    "start": now.isoformat(),
                    "stop": (now + 10 * QUARTER).isoformat(),
                    "unit": "kW",
                    "data": steps,
                },
            }
            for point, connector, network in self.points
            if network == query.get("network")
        ]

    def _series(self, path: str) -> Payload:
        """Return a course that changes every quarter of an hour."""
        start = timezone.now() - timedelta(hours=1)
        height = 30.0 if "capacities" not in path else 900.0
        points = [
            {"time": (start + n * QUARTER).isoformat(), "value": height + n % 4} for n in range(148)
        ]
        return {"unit": "kW", "data": points}


def _id_of(what: str, connector: str) -> str:
    return str(uuid.uuid5(uuid.UUID(connector), what))
