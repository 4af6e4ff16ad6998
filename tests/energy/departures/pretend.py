"""A small Ampcontrol with a memory: what departures need of it, and its faults by switch."""

import itertools
from dataclasses import replace
from datetime import datetime
from decimal import Decimal

from ampcontrol.client import AmpcontrolClient
from ampcontrol.types import Route, Telematics, Vehicle
from upstream.errors import UpstreamNotFound, UpstreamRejected, UpstreamUnavailable

LOST = UpstreamUnavailable("The answer was lost.", ambiguous=True)
AWAY = UpstreamUnavailable("Nobody answers.")
NO = UpstreamRejected("No.", status=422)


class Killed(BaseException):
    """The worker is gone, in the middle of it."""


class Ampcontrol(AmpcontrolClient):
    """Keeps what it is told. `fail` is raised by the next write, before or after it is done."""

    def __init__(self) -> None:
        self.known: dict[str, Vehicle] = {}
        self.trips: dict[str, Route] = {}
        self.told: list[tuple[str, str, object]] = []
        self.telematics: list[Telematics] = []
        self.reads = 0
        self.fail: BaseException | None = None
        self.arrives_all_the_same = False
        self.numbers = itertools.count(1)
        self.when_writing = lambda: None

    def held_back_for(self) -> float:
        return 0.0

    def add(self, remote_id: str, **facts) -> None:
        texts = dict.fromkeys(("vin", "customer_number", "plate", "group", "make", "model"), "")
        nothing = dict.fromkeys(
            ("year", "battery_kwh", "max_power_kw", "state_of_charge", "target_percent")
        )
        given = {"departs_at": None, "inside_network_id": "", "active": True, "updated_at": None}
        self.known[remote_id] = Vehicle(
            **({"id": remote_id, "name": remote_id} | texts | nothing | given | facts)
        )

    def _write(self, what: str, about: str, facts: object, do) -> object:
        self.when_writing()
        self.told.append((what, about, facts))
        fail, self.fail = self.fail, None
        if fail is None:
            return do()
        if self.arrives_all_the_same:
            do()
        raise fail

    # Reads

    def vehicles(self, *, updated_after: datetime | None = None):
        self.reads += 1
        yield from list(self.known.values())

    def routes(self, *, start, end, vehicle_id=None):
        yield from [each for each in self.trips.values() if start < each.starts_at < end]

    def telematics_of(self, vehicle_id, *, start, end):
        yield from [each for each in self.telematics if start <= each.at <= end]

    def active_sessions(self, network_id):
        yield from ()

    # Writes

    def set_departure(self, vehicle_id, *, departs_at, target_percent=None, state_of_charge=None):
        def do() -> None:
            known = self.known[vehicle_id]
            target = known.target_percent if target_percent is None else target_percent
            self.known[vehicle_id] = replace(known, departs_at=departs_at, target_percent=target)

        self._write("departure", vehicle_id, departs_at, do)

    def create_routes(self, routes):
        def do() -> list[Route]:
            made = [replace(each, id=f"route-{next(self.numbers)}") for each in routes]
            self.trips |= {each.id: each for each in made}
            return made

        return self._write("create route", routes[0].external_id, routes[0].starts_at, do)

    def change_route(self, route):
        if route.id not in self.trips:
            raise UpstreamNotFound("No such route.", status=404)
        self._write("change route", route.id, route.starts_at, lambda: self._put(route))

    def _put(self, route: Route) -> None:
        self.trips[route.id] = route

    def delete_route(self, route_id):
        if route_id not in self.trips:
            raise UpstreamNotFound("No such route.", status=404)
        self._write("delete route", route_id, None, lambda: self.trips.pop(route_id))

    def tell_state_of_charge(self, vehicle_id, *, percent, at):
        def do() -> None:
            nothing = (None, "", None, None, None, None, None, "")
            self.telematics.append(Telematics(vehicle_id, at, Decimal(percent), *nothing))

        self._write("state of charge", vehicle_id, percent, do)

    def set_priority(self, session_id, *, priority):
        self._write("priority", session_id, priority, lambda: None)

    def acknowledge_alert(self, alert_id, *, notes=""):
        self._write("alert", alert_id, notes, lambda: None)

    def create_vehicle(self, *, name, **facts):
        def do() -> Vehicle:
            remote_id = f"vehicle-{next(self.numbers)}"
            self.add(remote_id, name=name, **facts)
            return self.known[remote_id]

        return self._write("create vehicle", name, facts, do)
