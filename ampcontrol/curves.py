"""Ampcontrol's time series: each point counts until the next."""

from datetime import datetime, timedelta

from ampcontrol.resources import WEEK, Filters, Resources, entries_of, exactly_one
from ampcontrol.types import Point
from upstream.readers import objects, real_number

QUARTER = timedelta(minutes=15)
QUARTER_MINUTES = 15
DAY_MINUTES = 24 * 60
# Series of which each call gives less than a week.
SHORT_OF_A_WEEK = timedelta(days=6)
PROFILES = "v2/profiles"


class Curves:
    """The part of the client that reads courses of values."""

    _resources: Resources

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
        filters = exactly_one(
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
        filters = exactly_one(
            network=network_id, chargepoint=charge_point_id, connector=connector_id
        )
        return self._stepped("measured_power", "meter_values/power", start, end, step, filters)

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
        filters = exactly_one(connector=connector_id, vehicle=vehicle_id)
        return self._stepped("measured_energy", "meter_values/energy", start, end, step, filters)

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
        filters = exactly_one(vehicle=vehicle_id, connector=connector_id)
        source = "telematics" if by_telematics else "meter_values"
        return self._stepped("state_of_charge", f"{source}/soc", start, end, step, filters)

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
        filters = exactly_one(network=network_id, chargepoint=charge_point_id)
        return self._stepped(kind, f"{kind}/", start, end, step, filters)

    def _stepped(
        self,
        operation: str,
        profile: str,
        start: datetime,
        end: datetime,
        step: timedelta,
        filters: Filters,
    ) -> list[Point]:
        return self._resources.series(
            operation,
            f"{PROFILES}/{profile}",
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


def _resolution(step: timedelta) -> str:
    """Return a step as Ampcontrol spells it, “15m”, from a minute to a day."""
    minutes = int(step.total_seconds() // 60)
    if not 1 <= minutes <= DAY_MINUTES:
        raise ValueError("A step is from a minute to a day.")
    if minutes == DAY_MINUTES:
        return "1d"
    return f"{minutes // 60}h" if minutes % 60 == 0 else f"{minutes}m"
