"""The typed client of Ampcontrol: one method a call, in our words and units."""

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from ampcontrol.allowed import require_allowed
from ampcontrol.changes import ALERTS, ROUTES, SESSIONS, VEHICLES, Changes
from ampcontrol.curves import Curves
from ampcontrol.resources import (
    WEEK,
    Resources,
    entries_of,
    exactly_one,
    parsed,
    unreadable,
    windows,
)
from ampcontrol.switches import Switch
from ampcontrol.types import (
    Account,
    Alert,
    ChargePoint,
    Connector,
    Event,
    IdTag,
    Network,
    Optimization,
    Route,
    Session,
    Telematics,
    Vehicle,
)
from upstream.readers import objects, plain_text
from upstream.transport import RETRY_SECONDS, SILENCE_SECONDS, Transport, id_in_path

if TYPE_CHECKING:
    import httpx

    from upstream.calls import Observer
    from upstream.circuit_breaker import CacheCircuitBreaker
    from upstream.rate_gate import RateGate


class AmpcontrolClient(Curves, Changes):
    """Reads Ampcontrol, and writes only what the settings name; safe for use by several threads.

    Lists are yielded item by item, each once, however their pages shift; their first request is
    sent when they are first used. Reads may be retried for some seconds, writes are sent once. All
    methods raise UpstreamError; a write that is not switched on raises WriteSwitchedOff and sends
    nothing. ValueError is raised for what makes no sense, such as a window without zone.

    `base_url` has no /v2. `writes` are the switches that are on. `transport` replaces the network;
    the others are those of `upstream.transport.Transport`.
    """

    def __init__(
        self,
        *,
        base_url: str,
        token: str,
        writes: Collection[Switch] = (),
        transport: "httpx.BaseTransport | None" = None,
        gate: "RateGate | None" = None,
        timeout: float = SILENCE_SECONDS,
        max_retry_seconds: float = RETRY_SECONDS,
        max_wait_seconds: float = 1.0,
        observer: "Observer | None" = None,
        circuit: "CacheCircuitBreaker | None" = None,
    ) -> None:
        def permits(method: str, path: str, body: Mapping[str, Any] | None) -> None:
            require_allowed(method, path, body, writes=writes)

        self._transport = Transport(
            base_url=base_url,
            token=token,
            transport=transport,
            gate=gate,
            timeout=timeout,
            max_retry_seconds=max_retry_seconds,
            max_wait_seconds=max_wait_seconds,
            observer=observer,
            circuit=circuit,
            permits=permits,
            tells_success=_tells_success,
        )
        self._resources = Resources(self._transport)

    def __repr__(self) -> str:
        return f"<AmpcontrolClient over {self._transport!r}>"

    @property
    def calls(self) -> int:
        return self._transport.calls

    def held_back_for(self) -> float:
        """Return for how many seconds nothing would be sent; 0 when a call may be tried."""
        return self._transport.held_back_for()

    def close(self) -> None:
        """Close the connections; the client is of no use afterwards."""
        self._transport.close()

    # Who

    def me(self) -> Account:
        return self._resources.read_one("me", "v2/users/me", Account.from_payload)

    # Where

    def networks(self, *, updated_after: datetime | None = None) -> Iterator[Network]:
        return self._resources.items(
            "networks", "v2/networks/", Network.from_payload, filters={"updated": updated_after}
        )

    def charge_points(self, *, updated_after: datetime | None = None) -> Iterator[ChargePoint]:
        return self._resources.items(
            "charge_points",
            "v2/charge_points/",
            ChargePoint.from_payload,
            filters={"updated": updated_after},
        )

    def connectors(self, *, network_id: str | None = None) -> Iterator[Connector]:
        return self._resources.items(
            "connectors",
            "v2/connectors/",
            Connector.from_payload,
            filters={"network": network_id},
        )

    # What is charged

    def vehicles(self, *, updated_after: datetime | None = None) -> Iterator[Vehicle]:
        return self._resources.items(
            "vehicles", VEHICLES, Vehicle.from_payload, filters={"updated": updated_after}
        )

    def vehicle(self, vehicle_id: str) -> Vehicle:
        return self._resources.read_one(
            "vehicle", f"{VEHICLES}{id_in_path(vehicle_id)}", Vehicle.from_payload
        )

    def vehicle_groups(self) -> list[str]:
        data = self._resources.data("vehicle_groups", f"{VEHICLES}groups")
        if not isinstance(data, list):
            raise unreadable("vehicle_groups")
        names = (
            plain_text(entry.get("name") if isinstance(entry, Mapping) else entry) for entry in data
        )
        return list(dict.fromkeys(name for name in names if name))

    def live_telematics(self) -> list[Telematics]:
        """Return the last that each vehicle told, in one call; nothing of those that never did."""
        operation = "live_telematics"
        data = self._resources.data(operation, f"{VEHICLES}telematics/live")
        entries = [
            entry
            for entry in objects(entries_of({"data": data}, operation=operation))
            if entry.get("timestamp") is not None
        ]
        last: dict[str, Telematics] = {}
        for told in parsed(entries, Telematics.from_payload, operation=operation):
            known = last.get(told.vehicle_id)
            if known is None or known.at < told.at:
                last[told.vehicle_id] = told
        return list(last.values())

    def telematics_of(
        self, vehicle_id: str, *, start: datetime, end: datetime
    ) -> Iterator[Telematics]:
        return self._resources.items(
            "telematics_of",
            f"{VEHICLES}{id_in_path(vehicle_id)}/telematics",
            lambda payload: Telematics.from_payload(payload, vehicle_id=vehicle_id),
            filters={"start": start, "end": end},
            key=lambda told: told.at,
        )

    def id_tags(self) -> Iterator[IdTag]:
        return self._resources.items("id_tags", "v2/id_tags/", IdTag.from_payload)

    # What is planned and what happens

    def routes(
        self, *, start: datetime, end: datetime, vehicle_id: str | None = None
    ) -> Iterator[Route]:
        """Yield routes within a window of any length; asked for a week at a time."""
        seen = set()
        for since, until in windows(start, end, WEEK):
            for route in self._resources.items(
                "routes",
                ROUTES,
                Route.from_payload,
                filters={"start": since, "end": until, "vehicle": vehicle_id},
            ):
                if route.id not in seen:
                    seen.add(route.id)
                    yield route

    def active_sessions(self, network_id: str) -> Iterator[Session]:
        return self._resources.items(
            "active_sessions", SESSIONS, Session.from_payload, filters={"network": network_id}
        )

    def sessions(
        self,
        *,
        start: datetime,
        end: datetime,
        network_id: str | None = None,
        vehicle_id: str | None = None,
    ) -> Iterator[Session]:
        """Yield the sessions that were there within a window, at a network or of a vehicle."""
        filters = exactly_one(network=network_id, vehicle=vehicle_id)
        return self._resources.items(
            "sessions",
            SESSIONS,
            Session.from_payload,
            filters={**filters, "start": start, "end": end},
        )

    def optimizations(self, network_id: str) -> Iterator[Optimization]:
        """Yield those in force."""
        return self._resources.items(
            "optimizations",
            "v2/optimizations/",
            _at_network(Optimization.from_payload, network_id),
            filters={"network": network_id},
        )

    def alerts(
        self, network_id: str, *, start: datetime | None = None, end: datetime | None = None
    ) -> Iterator[Alert]:
        """Yield alerts within a window, without one those of the last 24 hours."""
        return self._resources.items(
            "alerts",
            ALERTS,
            _at_network(Alert.from_payload, network_id),
            filters={"network": network_id, "start": start, "end": end},
        )

    def events(self, network_id: str, *, start: datetime, end: datetime) -> Iterator[Event]:
        return self._resources.items(
            "events",
            "v2/events/",
            _at_network(Event.from_payload, network_id),
            filters={"network": network_id, "start": start, "end": end},
        )


def _tells_success(answer: Mapping[str, Any]) -> bool:
    """Return whether an answer is one: a 200 may say “fail”."""
    return answer.get("status", "success") == "success"


def _at_network(
    parse: Callable[[Mapping[str, Any]], Any], network_id: str
) -> Callable[[Mapping[str, Any]], Any]:
    """Return a parser that fills in the network that was asked for where an answer names none."""

    def read(payload: Mapping[str, Any]) -> Any:
        found = parse(payload)
        return found if found.network_id else replace(found, network_id=network_id)

    return read
