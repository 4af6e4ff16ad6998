"""What the portal tells Ampcontrol, each thing behind its switch."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from ampcontrol.resources import Parsed, Parser, Resources, entries_of, parsed, unreadable
from ampcontrol.types import Route, Vehicle
from upstream.errors import UpstreamRejected, UpstreamUnavailable
from upstream.readers import wire_instant
from upstream.transport import id_in_path

VEHICLES = "v2/vehicles/"
ROUTES = "v2/planned_routes/"
SESSIONS = "v2/charging_sessions/"
ALERTS = "v2/alerts/"
PRIORITIES = range(6)


class Changes:
    """The part of the client that writes; each call is sent once.

    Where one is not switched on, WriteSwitchedOff is raised and nothing sent.
    """

    _resources: Resources

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
            body["name"] = self._resources.read_one("vehicle", path, Vehicle.from_payload).name
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


def _percents(**values: Decimal | None) -> dict[str, float]:
    for value in values.values():
        if value is not None and not 0 <= value <= 100:
            raise ValueError("A state of charge is from 0 to 100 percent.")
    return {name: float(value) for name, value in values.items() if value is not None}


def _wants_a_name(refusal: UpstreamRejected) -> bool:
    """Return whether a change of a vehicle was refused since it does not repeat the name."""
    return "name" in refusal.field_errors or "name" in refusal.reason.lower()
