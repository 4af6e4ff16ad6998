"""The typed client of Ampcontrol: one method a call, in our words and units."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal

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

QUARTER = timedelta(minutes=15)


class AmpcontrolClient:
    """Reads Ampcontrol, and writes only what the settings name.

    Lists are yielded item by item, each once, however their pages shift. All methods raise
    UpstreamError; a write that is not switched on raises WriteSwitchedOff and sends nothing.
    """

    def held_back_for(self) -> float:
        """Return for how many seconds nothing would be sent; 0 when a call may be tried."""
        raise NotImplementedError

    # Who

    def me(self) -> Account: ...

    # Where

    def networks(self, *, updated_after: datetime | None = None) -> Iterator[Network]: ...

    def charge_points(self, *, updated_after: datetime | None = None) -> Iterator[ChargePoint]: ...

    def connectors(self, *, network_id: str | None = None) -> Iterator[Connector]: ...

    # What is charged

    def vehicles(self, *, updated_after: datetime | None = None) -> Iterator[Vehicle]: ...

    def vehicle_groups(self) -> list[str]: ...

    def live_telematics(self) -> list[Telematics]:
        """Return the last that each vehicle told, in one call."""

    def telematics_of(
        self, vehicle_id: str, *, start: datetime, end: datetime
    ) -> Iterator[Telematics]: ...

    def id_tags(self) -> Iterator[IdTag]: ...

    # What is planned and what happens

    def routes(
        self, *, start: datetime, end: datetime, vehicle_id: str | None = None
    ) -> Iterator[Route]:
        """Yield routes within a window of any length; asked for a week at a time."""

    def active_sessions(self, network_id: str) -> Iterator[Session]: ...

    def sessions(
        self,
        *,
        start: datetime,
        end: datetime,
        network_id: str | None = None,
        vehicle_id: str | None = None,
    ) -> Iterator[Session]: ...

    def optimizations(self, network_id: str) -> Iterator[Optimization]:
        """Yield those in force."""

    def alerts(
        self, network_id: str, *, start: datetime | None = None, end: datetime | None = None
    ) -> Iterator[Alert]: ...

    def events(self, network_id: str, *, start: datetime, end: datetime) -> Iterator[Event]: ...

    # Time series; each point counts until the next

    def capacities(
        self, network_id: str, *, start: datetime, end: datetime, step: timedelta = QUARTER
    ) -> list[Point]: ...

    def prices(self, network_id: str, *, start: datetime, end: datetime) -> list[Point]:
        """Return prices per kWh in the network's currency."""

    def demand_response(self, network_id: str, *, start: datetime, end: datetime) -> list[Point]:
        """Return by how many kW the line is lowered; 0 in between."""

    def baseloads(self, network_id: str, *, start: datetime, end: datetime) -> list[Point]: ...

    def solar(self, network_id: str, *, start: datetime, end: datetime) -> list[Point]: ...

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
        """Return the power that the optimizations give, in kW; exactly one filter, under a week."""

    def measured_power(
        self,
        *,
        start: datetime,
        end: datetime,
        step: timedelta = QUARTER,
        network_id: str | None = None,
        charge_point_id: str | None = None,
        connector_id: str | None = None,
    ) -> list[Point]: ...

    def measured_energy(
        self,
        *,
        start: datetime,
        end: datetime,
        step: timedelta = QUARTER,
        connector_id: str | None = None,
        vehicle_id: str | None = None,
    ) -> list[Point]: ...

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
        """Return states of charge in percent, by the chargers' meters or by telematics."""

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

    def connectivity(
        self,
        *,
        start: datetime,
        end: datetime,
        step: timedelta,
        network_id: str | None = None,
        charge_point_id: str | None = None,
    ) -> list[Point]: ...

    def network_uptime(self, network_id: str, *, start: datetime, end: datetime) -> float | None:
        """Return the share of time (0-1) that a network's chargers were of use, as one figure."""

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

        Ampcontrol may share out the power anew.
        """

    def create_vehicle(self, *, name: str, **facts: object) -> Vehicle: ...

    def create_routes(self, routes: list[Route]) -> list[Route]:
        """Make routes of ours; each needs an external id of ours."""

    def change_route(self, route: Route) -> None: ...

    def delete_route(self, route_id: str) -> None: ...

    def tell_state_of_charge(self, vehicle_id: str, *, percent: Decimal, at: datetime) -> None:
        """Tell what somebody read in the vehicle, as telematics."""

    def set_priority(self, session_id: str, *, priority: int) -> None: ...

    def acknowledge_alert(self, alert_id: str, *, notes: str = "") -> None: ...
