"""The typed client of Ampcontrol: one method a call, in our words and units."""

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from ampcontrol.allowed import require_allowed
from ampcontrol.resources import (
    WEEK,
    Filters,
    Parsed,
    Parser,
    Resources,
    entries_of,
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
    Point,
    Route,
    Session,
    Telematics,
    Vehicle,
)
from upstream.errors import UpstreamRejected, UpstreamUnavailable
from upstream.readers import objects, plain_text, real_number, wire_instant
from upstream.transport import RETRY_SECONDS, SILENCE_SECONDS, Transport, id_in_path

if TYPE_CHECKING:
    import httpx

    from upstream.calls import Observer
    from upstream.circuit_breaker import CacheCircuitBreaker
    from upstream.rate_gate import RateGate

QUARTER = timedelta(minutes=15)
# Series of which each call gives less than a week.
SHORT_OF_A_WEEK = timedelta(days=6)
QUARTER_MINUTES = 15
DAY_MINUTES = 24 * 60
PRIORITIES = range(6)

VEHICLES = "v2/vehicles/"
ROUTES = "v2/planned_routes/"
SESSIONS = "v2/charging_sessions/"
ALERTS = "v2/alerts/"
PROFILES = "v2/profiles"


class AmpcontrolClient:
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
        filters = _needed(network=network_id, vehicle=vehicle_id)
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

    # Time series; each point counts until the next

    def capacities(
        self, network_id: str, *, start: datetime, end: datetime, step: timedelta = QUARTER
    ) -> list[Point]:
        return self._resources.series(
            "capacities",
            f"{PROFILES}/capacities/",
            start=start,
            end=end,
            filters={"network": network_id, "resolution": _resolution(step)},
        )

    def prices(self, network_id: str, *, start: datetime, end: datetime) -> list[Point]:
        """Return prices per kWh in the network's currency."""
        filters: Filters = {"network": network_id, "intervalLength": QUARTER_MINUTES}
        return self._cut_series("prices", f"{PROFILES}/prices/", start, end, filters)

    def demand_response(self, network_id: str, *, start: datetime, end: datetime) -> list[Point]:
        """Return by how many kW the line is lowered; 0 in between."""
        filters: Filters = {
            "network": network_id,
            "type": "Load Amount",
            "intervalLength": QUARTER_MINUTES,
        }
        return self._cut_series("demand_response", f"{PROFILES}/dr_events/", start, end, filters)

    def baseloads(self, network_id: str, *, start: datetime, end: datetime) -> list[Point]:
        filters = {"network": network_id}
        return self._cut_series("baseloads", f"{PROFILES}/baseloads/", start, end, filters)

    def solar(self, network_id: str, *, start: datetime, end: datetime) -> list[Point]:
        filters = {"network": network_id}
        return self._cut_series("solar", f"{PROFILES}/solar_meterings/", start, end, filters)

    def _cut_series(
        self, operation: str, path: str, start: datetime, end: datetime, filters: Filters
    ) -> list[Point]:
        """Return one of the series that are cut at `limit`, a week at a time."""
        return self._resources.series(
            operation, path, start=start, end=end, filters=filters, longest=WEEK, paged=True
        )

    def planned_power(
        self,
        *,
        start: datetime,
        end: datetime,
        network_id: str | None = None,
        connector_id: str | None = None,
        session_id: str | None = None,
        vehicle_id: str | None = None,
    ) -> list[Point]:
        """Return the power that the optimizations give, in kW; exactly one filter."""
        filters = _needed(
            network=network_id,
            connector=connector_id,
            charging_session=session_id,
            vehicle=vehicle_id,
        )
        return self._resources.series(
            "planned_power",
            f"{PROFILES}/optimizations/",
            start=start,
            end=end,
            filters={**filters, "resolution": _resolution(QUARTER)},
            longest=SHORT_OF_A_WEEK,
        )

    def measured_power(
        self,
        *,
        start: datetime,
        end: datetime,
        step: timedelta = QUARTER,
        network_id: str | None = None,
        charge_point_id: str | None = None,
        connector_id: str | None = None,
    ) -> list[Point]:
        filters = _needed(network=network_id, chargepoint=charge_point_id, connector=connector_id)
        return self._resources.series(
            "measured_power",
            f"{PROFILES}/meter_values/power",
            start=start,
            end=end,
            filters={**filters, "resolution": _resolution(step)},
        )

    def measured_energy(
        self,
        *,
        start: datetime,
        end: datetime,
        step: timedelta = QUARTER,
        connector_id: str | None = None,
        vehicle_id: str | None = None,
    ) -> list[Point]:
        """Return energies in kWh; the steps are irregular where readings are missing."""
        filters = _needed(connector=connector_id, vehicle=vehicle_id)
        return self._resources.series(
            "measured_energy",
            f"{PROFILES}/meter_values/energy",
            start=start,
            end=end,
            filters={**filters, "resolution": _resolution(step)},
        )

    def state_of_charge(
        self,
        *,
        start: datetime,
        end: datetime,
        step: timedelta = QUARTER,
        vehicle_id: str | None = None,
        connector_id: str | None = None,
        by_telematics: bool = False,
    ) -> list[Point]:
        """Return states of charge in percent, by the chargers' meters or by telematics.

        Telematics are of a vehicle; a connector has none.
        """
        if by_telematics and connector_id is not None:
            raise ValueError("A connector has no telematics.")
        filters = _needed(vehicle=vehicle_id, connector=connector_id)
        source = "telematics" if by_telematics else "meter_values"
        return self._resources.series(
            "state_of_charge",
            f"{PROFILES}/{source}/soc",
            start=start,
            end=end,
            filters={**filters, "resolution": _resolution(step)},
        )

    def uptime(
        self,
        *,
        start: datetime,
        end: datetime,
        step: timedelta,
        network_id: str | None = None,
        charge_point_id: str | None = None,
    ) -> list[Point]:
        """Return the share of time (0-1) that chargers were of use."""
        return self._shares("uptime", start, end, step, network_id, charge_point_id)

    def connectivity(
        self,
        *,
        start: datetime,
        end: datetime,
        step: timedelta,
        network_id: str | None = None,
        charge_point_id: str | None = None,
    ) -> list[Point]:
        """Return the share of time (0-1) that chargers were online."""
        return self._shares("connectivity", start, end, step, network_id, charge_point_id)

    def _shares(
        self,
        kind: str,
        start: datetime,
        end: datetime,
        step: timedelta,
        network_id: str | None,
        charge_point_id: str | None,
    ) -> list[Point]:
        filters = _needed(network=network_id, chargepoint=charge_point_id)
        return self._resources.series(
            kind,
            f"{PROFILES}/{kind}/",
            start=start,
            end=end,
            filters={**filters, "resolution": _resolution(step)},
        )

    def network_uptime(self, network_id: str, *, start: datetime, end: datetime) -> float | None:
        """Return the share of time (0-1) that a network's chargers were of use, as one figure."""
        data = self._resources.data(
            "network_uptime",
            "v2/kpis/uptime/network",
            filters={"network": network_id, "start": start, "end": end},
        )
        for entry in objects(entries_of({"data": data}, operation="network_uptime")):
            for name in ("uptime", "value", "kpi"):
                share = real_number(entry.get(name), least=0, most=1)
                if share is not None:
                    return share
        return None

    # Writes, each behind a switch

    def set_departure(
        self,
        vehicle_id: str,
        *,
        departs_at: datetime | None,
        target_percent: Decimal | None = None,
        state_of_charge: Decimal | None = None,
    ) -> None:
        """Set or, with None, clear when a vehicle leaves, with what in its battery.

        Ampcontrol may share out the power anew. Where it wants the vehicle's name with any change,
        that is read and the change sent once more.
        """
        path = f"{VEHICLES}{id_in_path(vehicle_id)}"
        body: dict[str, Any] = {
            "departureTime": wire_instant(departs_at) if departs_at is not None else None,
            **_percents(targetStateOfCharge=target_percent, stateOfCharge=state_of_charge),
        }
        try:
            self._resources.send("PATCH", "set_departure", path, body)
        except UpstreamRejected as refusal:
            if not _wants_a_name(refusal):
                raise
            body["name"] = self.vehicle(vehicle_id).name
            if not body["name"]:
                raise
            self._resources.send("PATCH", "set_departure", path, body)

    def create_vehicle(
        self,
        *,
        name: str,
        vin: str = "",
        customer_number: str = "",
        plate: str = "",
        group: str = "",
        make: str = "",
        model: str = "",
        year: int | None = None,
        battery_kwh: Decimal | None = None,
        max_power_kw: Decimal | None = None,
        target_percent: Decimal | None = None,
    ) -> Vehicle:
        """Make a vehicle; what is empty is not sent. After an ambiguous failure look first."""
        facts = {
            "name": name,
            "VIN": vin,
            "customerVehicleId": customer_number,
            "licensePlate": plate,
            "group": group,
            "make": make,
            "model": model,
            "year": year,
            "batteryCapacity": float(battery_kwh) if battery_kwh is not None else None,
            "maxChargingPower": float(max_power_kw) if max_power_kw is not None else None,
            **_percents(targetStateOfCharge=target_percent),
        }
        body = {key: value for key, value in facts.items() if value not in (None, "")}
        return self._made("create_vehicle", VEHICLES, body, Vehicle.from_payload)[0]

    def create_routes(self, routes: list[Route]) -> list[Route]:
        """Make routes of ours; each needs an external id of ours. After an ambiguous failure look.

        Returned are those that Ampcontrol made, with its ids.
        """
        if not routes:
            return []
        body = {"routes": [route.to_payload() for route in routes]}
        return self._made("create_routes", ROUTES, body, Route.from_payload)

    def change_route(self, route: Route) -> None:
        self._resources.send(
            "PATCH", "change_route", f"{ROUTES}{id_in_path(route.id)}", route.to_payload()
        )

    def delete_route(self, route_id: str) -> None:
        self._resources.send("DELETE", "delete_route", f"{ROUTES}{id_in_path(route_id)}")

    def tell_state_of_charge(self, vehicle_id: str, *, percent: Decimal, at: datetime) -> None:
        """Tell what somebody read in the vehicle, as telematics."""
        self._resources.send(
            "POST",
            "tell_state_of_charge",
            f"{VEHICLES}{id_in_path(vehicle_id)}/telematics",
            {"timestamp": wire_instant(at), **_percents(stateOfCharge=percent)},
        )

    def set_priority(self, session_id: str, *, priority: int) -> None:
        """Say who gets power first: 1 very high … 5 very low; 0 takes it out of the sharing."""
        if priority not in PRIORITIES:
            raise ValueError("A priority is from 0 to 5.")
        self._resources.send(
            "PATCH",
            "set_priority",
            f"{SESSIONS}{id_in_path(session_id)}",
            {"priority": priority},
        )

    def acknowledge_alert(self, alert_id: str, *, notes: str = "") -> None:
        body = {"status": "Acknowledged", **({"notes": notes} if notes else {})}
        self._resources.send("PATCH", "acknowledge_alert", f"{ALERTS}{id_in_path(alert_id)}", body)

    def _made(
        self,
        operation: str,
        path: str,
        body: Mapping[str, Any],
        parse: Parser[Parsed],
    ) -> list[Parsed]:
        answer = self._resources.send("POST", operation, path, body)
        try:
            entries = entries_of(answer, operation=operation)
            found = list(parsed(entries, parse, operation=operation))
        except UpstreamUnavailable:
            found = []
        if not found:
            raise unreadable(operation, ambiguous=True)
        return found


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


def _needed(**filters: str | None) -> dict[str, str]:
    """Return the one filter that is set; raises ValueError for none or several."""
    found = {name: value for name, value in filters.items() if value}
    if len(found) != 1:
        raise ValueError(f"Exactly one is needed of {', '.join(filters)}.")
    return found


def _resolution(step: timedelta) -> str:
    """Return a step as Ampcontrol spells it, “15m”, from a minute to a day."""
    minutes = int(step.total_seconds() // 60)
    if not 1 <= minutes <= DAY_MINUTES:
        raise ValueError("A step is from a minute to a day.")
    if minutes == DAY_MINUTES:
        return "1d"
    return f"{minutes // 60}h" if minutes % 60 == 0 else f"{minutes}m"


def _percents(**values: Decimal | None) -> dict[str, float]:
    for value in values.values():
        if value is not None and not 0 <= value <= 100:
            raise ValueError("A state of charge is from 0 to 100 percent.")
    return {name: float(value) for name, value in values.items() if value is not None}


def _wants_a_name(refusal: UpstreamRejected) -> bool:
    """Return whether a change of a vehicle was refused since it does not repeat the name."""
    return "name" in refusal.field_errors or "name" in refusal.reason.lower()
