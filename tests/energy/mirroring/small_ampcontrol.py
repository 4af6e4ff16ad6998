"""An Ampcontrol of a few records, by the methods of the client: what it holds is what it tells."""

import uuid
from collections import Counter
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

from django.utils.timezone import now

from ampcontrol import types
from ampcontrol.types import Point
from upstream.errors import UpstreamError

TABLES = ("networks", "charge_points", "connectors", "vehicles", "tags", "routes", "alerts")
VEHICLE = {
    "vin": "",
    "customer_number": "",
    "plate": "",
    "group": "",
    "make": "",
    "model": "",
    "year": None,
    "battery_kwh": None,
    "max_power_kw": None,
    "state_of_charge": Decimal(0),
    "target_percent": None,
    "departs_at": None,
    "inside_network_id": "",
    "active": True,
}


def an_id() -> str:
    return str(uuid.uuid4())


class SmallAmpcontrol:
    """Answers as the client does; `trouble` names what fails, and how."""

    def __init__(self, networks: int = 1) -> None:
        self.made: Counter[str] = Counter()
        self.asked: list[tuple[str, dict]] = []
        self.trouble: dict[str, Exception] = {}
        self.tables: dict[str, dict] = {name: {} for name in TABLES}
        self.telematics: dict[str, types.Telematics] = {}
        self.running: dict[str, types.Session] = {}
        self.over: dict[str, types.Session] = {}
        self.plans: list[types.Optimization] = []
        self.series: dict[str, list[Point]] = {}
        self.places: dict[str, str] = {}
        for number in range(networks):
            self.add_network(f"Depot {number}")

    @property
    def calls(self) -> int:
        return self.made.total()

    def held_back_for(self) -> float:
        return 0.0

    def _call(self, name: str, **asked) -> None:
        self.made[name] += 1
        self.asked.append((name, asked))
        start, end = asked.get("start"), asked.get("end")
        if start and end and start >= end:
            raise ValueError("A window needs a zone, and an end after its start.")
        if name in self.trouble:
            raise self.trouble[name]

    # What there is

    def add_network(self, name: str = "Depot", **more) -> types.Network:
        network = types.Network(
            id=an_id(),
            name=name,
            **{
                "objective": "fleet",
                "time_zone": "UTC",
                "max_capacity_kw": Decimal(400),
                "buffer": Decimal("0.05"),
                "reserved_kw": None,
                "baseload_active": False,
                "solar_active": False,
                "currency": "USD",
                "default_energy_price": Decimal("0.2"),
                "current_load_kw": None,
                "current_limit_kw": None,
                "latitude": None,
                "longitude": None,
                "updated_at": now(),
                **more,
            },
        )
        return self._keep("networks", network)

    def add_charge_point(self, network: types.Network, **more) -> types.ChargePoint:
        point = types.ChargePoint(
            id=an_id(),
            network_id=network.id,
            **{
                "ocpp_id": "CP-1",
                "name": "CP 1",
                "serial_number": "",
                "vendor": "",
                "model": "",
                "max_capacity_kw": Decimal(150),
                "ocpp_status": "Available",
                "online_status": "ONLINE",
                "online_status_at": None,
                "active": True,
                "latitude": None,
                "longitude": None,
                "updated_at": now(),
                **more,
            },
        )
        return self._keep("charge_points", point)

    def add_connector(self, point: types.ChargePoint, number: int = 1) -> types.Connector:
        connector = types.Connector(
            id=an_id(),
            charge_point_id=point.id,
            number=number,
            current_type="DC",
            plug="CCS2",
            max_capacity_kw=Decimal(150),
            ocpp_status="Available",
            ocpp_status_at=None,
            priority=3,
            current_load_kw=None,
            updated_at=now(),
        )
        return self._keep("connectors", connector)

    def add_vehicle(self, name: str = "Van", **more) -> types.Vehicle:
        vehicle = types.Vehicle(id=an_id(), name=name, updated_at=now(), **{**VEHICLE, **more})
        return self._keep("vehicles", vehicle)

    def add_session(self, network: types.Network, **more) -> types.Session:
        session = types.Session(
            id=an_id(),
            **{
                "charge_point_id": "",
                "connector_id": an_id(),
                "vehicle_id": "",
                "tag_key": "",
                "transaction_id": None,
                "priority": None,
                "energy_wanted_kwh": None,
                "energy_kwh": Decimal(5),
                "active": True,
                "started_at": now() - timedelta(minutes=20),
                "ended_at": None,
                "updated_at": now(),
                **more,
            },
        )
        self.running[session.id] = session
        self.places[session.id] = network.id
        return session

    def end_session(self, session: types.Session, **more) -> None:
        gone = self.running.pop(session.id)
        self.over[session.id] = replace(gone, active=False, ended_at=now(), **more)

    def add_alert(self, network: types.Network, **more) -> types.Alert:
        alert = types.Alert(
            id=an_id(),
            network_id=network.id,
            **{
                "charge_point_id": "",
                "connector_id": "",
                "vehicle_id": "",
                "name": "FAULTED",
                "category": "Connector",
                "urgency": "High",
                "status": "Triggered",
                "description": "",
                "raised_at": now(),
                "updated_at": now(),
                **more,
            },
        )
        return self._keep("alerts", alert)

    def add_route(self, vehicle: types.Vehicle, **more) -> types.Route:
        route = types.Route(
            id=an_id(),
            vehicle_id=vehicle.id,
            **{
                "external_id": "",
                "vehicle_group": "",
                "starts_at": now() + timedelta(hours=5),
                "ends_at": now() + timedelta(hours=9),
                "distance_km": Decimal(80),
                "energy_kwh": None,
                "target_percent": None,
                "status": "future",
                **more,
            },
        )
        return self._keep("routes", route)

    def tell(self, vehicle: types.Vehicle, **more) -> types.Telematics:
        report = types.Telematics(
            vehicle_id=vehicle.id,
            **{
                "at": now(),
                "state_of_charge": Decimal(62),
                "plugged_in": False,
                "charging_state": "NotCharging",
                "charging_kw": None,
                "odometer_km": None,
                "range_km": None,
                "latitude": None,
                "longitude": None,
                "source": "thirdPartyTelematics",
                **more,
            },
        )
        self.telematics[vehicle.id] = report
        return report

    def change(self, table: str, record, **more) -> None:
        self.tables[table][record.id] = replace(record, updated_at=now(), **more)

    def _keep(self, table: str, record):
        self.tables[table][record.id] = record
        return record

    # What is asked

    def _list(self, table: str, updated_after=None):
        self._call(table, updated_after=updated_after)
        for record in list(self.tables[table].values()):
            if updated_after is None or record.updated_at > updated_after:
                yield record

    def networks(self, *, updated_after=None):
        return self._list("networks", updated_after)

    def charge_points(self, *, updated_after=None):
        return self._list("charge_points", updated_after)

    def connectors(self, *, network_id=None):
        return self._list("connectors")

    def vehicles(self, *, updated_after=None):
        return self._list("vehicles", updated_after)

    def id_tags(self):
        return self._list("tags")

    def live_telematics(self):
        self._call("live_telematics")
        return list(self.telematics.values())

    def routes(self, *, start, end, vehicle_id=None):
        self._call("routes", start=start, end=end)
        return iter([one for one in self.tables["routes"].values() if start <= one.starts_at < end])

    def active_sessions(self, network_id):
        self._call("active_sessions")
        return iter([one for one in self.running.values() if self.places[one.id] == network_id])

    def sessions(self, *, start, end, network_id=None, vehicle_id=None):
        self._call("sessions", start=start, end=end)
        known = [*self.running.values(), *self.over.values()]
        return iter(
            [
                one
                for one in known
                if self.places[one.id] == network_id
                and (one.ended_at is None or one.ended_at > start)
                and one.started_at < end
            ]
        )

    def optimizations(self, network_id):
        self._call("optimizations")
        return iter([plan for plan in self.plans if plan.network_id == network_id])

    def alerts(self, network_id, *, start=None, end=None):
        self._call("alerts", start=start, end=end)
        found = self.tables["alerts"].values()
        return iter([one for one in found if one.network_id == network_id])

    def _series(self, name: str, **asked) -> list[Point]:
        self._call(name, **asked)
        return list(self.series.get(name, ()))

    def capacities(self, network_id, *, start, end, step=None):
        found = self._series("capacities", start=start, end=end)
        return found or [Point(at=start, value=400.0)]

    def prices(self, network_id, *, start, end):
        return self._series("prices", start=start, end=end)

    def demand_response(self, network_id, *, start, end):
        return self._series("demand_response", start=start, end=end)

    def baseloads(self, network_id, *, start, end):
        return self._series("baseloads", start=start, end=end)

    def solar(self, network_id, *, start, end):
        return self._series("solar", start=start, end=end)

    def measured_power(self, *, start, end, step=None, network_id=None, connector_id=None):
        return self._series("measured_power", start=start, end=end)

    def state_of_charge(
        self, *, start, end, step=None, vehicle_id=None, connector_id=None, by_telematics=False
    ):
        name = "charge_by_telematics" if by_telematics else "charge_by_meter"
        return self._series(name, vehicle_id=vehicle_id, connector_id=connector_id)

    def network_uptime(self, network_id, *, start, end):
        self._call("network_uptime")
        return 0.987


def fails(name: str, error: UpstreamError) -> dict[str, Exception]:
    return {name: error}
