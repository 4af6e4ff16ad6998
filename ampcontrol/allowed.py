"""All that may be sent to Ampcontrol; the transport refuses everything else, whoever asks for it.

Chargebook must never start or end a charging session, nor touch a network's webhook, which carries
the limits to the chargers, configurations, OCPP messages or diagnostics: none of it is here.
"""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from ampcontrol.switches import Switch, WriteSwitchedOff
from upstream.errors import UpstreamNotPermitted

NOTHING: frozenset[str] = frozenset()
VEHICLE_FACTS = frozenset(
    {
        "name",
        "VIN",
        "customerVehicleId",
        "licensePlate",
        "group",
        "make",
        "model",
        "year",
        "batteryCapacity",
        "maxChargingPower",
        "targetStateOfCharge",
    }
)
ROUTE_FACTS = frozenset({"externalId", "vehicleId", "vehicleGroup", "start", "end", "demand"})


@dataclass(frozen=True, slots=True)
class Allowed:
    """A call that may be sent: method, path, and what for.

    A write needs its switch, and its body may have these `fields` and no others.
    """

    method: str
    # As the document prints it, with its slash at the end or without.
    path: str
    why: str
    switch: Switch | None = None
    fields: frozenset[str] = NOTHING

    def matches(self, method: str, path: str) -> bool:
        """Return whether it is this call; what is read may have lost or got a slash at its end."""
        pattern = re.escape(self.path.rstrip("/")).replace(r"\{id\}", "[A-Za-z0-9_-]+")
        slash = "/?" if self.method == "GET" else "/" if self.path.endswith("/") else ""
        return method == self.method and re.fullmatch(pattern + slash, path) is not None


ALLOWED = (
    Allowed("GET", "v2/users/me", "whose token it is"),
    Allowed("GET", "v2/networks/", "sites: capacity, objective, time zone, currency"),
    Allowed("GET", "v2/charge_points/", "matched by OCPP id; whether they are online"),
    Allowed("GET", "v2/connectors/", "matched by number; power, plug, status"),
    Allowed("GET", "v2/vehicles/", "matched by VIN; battery, target, departure"),
    Allowed("GET", "v2/vehicles/{id}", "a vehicle's name, where a change must repeat it"),
    Allowed("GET", "v2/vehicles/groups", "by which routes find their vehicles"),
    Allowed("GET", "v2/vehicles/telematics/live", "state of charge, plug, place of all vehicles"),
    Allowed("GET", "v2/vehicles/{id}/telematics", "the same of one vehicle, over time"),
    Allowed("GET", "v2/id_tags/", "which vehicle a card stands for"),
    Allowed("GET", "v2/planned_routes/", "when vehicles leave, and what they need"),
    Allowed("GET", "v2/charging_sessions/", "which vehicle is charging where"),
    Allowed("GET", "v2/optimizations/", "what power Ampcontrol means to give"),
    Allowed("GET", "v2/alerts/", "what wants attention"),
    Allowed("GET", "v2/events/", "for staff: what was optimized and delivered"),
    Allowed("GET", "v2/profiles/capacities/", "the line that the load stays under"),
    Allowed("GET", "v2/profiles/prices/", "what a kWh costs over the day"),
    Allowed("GET", "v2/profiles/dr_events/", "by how much the line is lowered"),
    Allowed("GET", "v2/profiles/baseloads/", "what the building takes"),
    Allowed("GET", "v2/profiles/solar_meterings/", "what the sun adds"),
    Allowed("GET", "v2/profiles/optimizations/", "the power to come, as a curve"),
    Allowed("GET", "v2/profiles/meter_values/power", "what is drawn"),
    Allowed("GET", "v2/profiles/meter_values/energy", "what was charged"),
    Allowed("GET", "v2/profiles/meter_values/soc", "state of charge, by the charger"),
    Allowed("GET", "v2/profiles/telematics/soc", "state of charge, by the vehicle"),
    Allowed("GET", "v2/profiles/connectivity/", "for staff: how often chargers are offline"),
    Allowed("GET", "v2/profiles/uptime/", "for staff: how often chargers fail"),
    Allowed("GET", "v2/kpis/uptime/network", "how often a site's chargers fail, as one figure"),
    Allowed(
        "PATCH",
        "v2/vehicles/{id}",
        "when it leaves, with what in its battery",
        Switch.DEPARTURES,
        frozenset({"departureTime", "targetStateOfCharge", "stateOfCharge", "name"}),
    ),
    Allowed(
        "POST", "v2/vehicles/", "a vehicle of ours that is missing", Switch.VEHICLES, VEHICLE_FACTS
    ),
    Allowed(
        "POST",
        "v2/planned_routes/",
        "trips of ours, by our external id",
        Switch.ROUTES,
        frozenset({"routes"}),
    ),
    Allowed(
        "PATCH", "v2/planned_routes/{id}", "a trip of ours changed", Switch.ROUTES, ROUTE_FACTS
    ),
    Allowed("DELETE", "v2/planned_routes/{id}", "a trip of ours is off", Switch.ROUTES),
    Allowed(
        "POST",
        "v2/vehicles/{id}/telematics",
        "a state of charge that somebody read in the vehicle",
        Switch.STATES_OF_CHARGE,
        frozenset({"timestamp", "stateOfCharge"}),
    ),
    Allowed(
        "PATCH",
        "v2/charging_sessions/{id}",
        "somebody gives a charge priority; any other field might end it",
        Switch.PRIORITIES,
        frozenset({"priority"}),
    ),
    Allowed(
        "PATCH",
        "v2/alerts/{id}",
        "staff have seen an alert",
        Switch.ALERTS,
        frozenset({"status", "notes"}),
    ),
)


def is_allowed(method: str, path: str, body: Mapping[str, Any] | None = None) -> bool:
    """Return whether a call may be sent at all, were all writes switched on."""
    return _find(method, path, body) is not None


def require_allowed(
    method: str, path: str, body: Mapping[str, Any] | None, *, writes: Collection[Switch]
) -> None:
    """Raise UpstreamNotPermitted, or WriteSwitchedOff, for a call that may not be sent."""
    call = _find(method, path, body)
    if call is None:
        raise UpstreamNotPermitted("Chargebook never sends this call to Ampcontrol.")
    if call.switch is not None and call.switch not in writes:
        raise WriteSwitchedOff(f"AMPCONTROL_WRITES does not name {call.switch.value}.")


def _find(method: str, path: str, body: Mapping[str, Any] | None) -> Allowed | None:
    return next(
        (
            call
            for call in ALLOWED
            if call.matches(method, path) and (not body or set(body) <= call.fields)
        ),
        None,
    )
