"""The depots whose power Ampcontrol shares out, beside the operator's world.

Charge points are AMPECO's, as far as it knows them; not all are spelled alike on both sides.
"""

from datetime import UTC, datetime, timedelta
from typing import Any

from sandbox.energy import cast
from sandbox.energy.cast import Car, Site
from sandbox.energy.records import Charger, Network, Plug, Route, Tag, Tripped, Vehicle, id_of
from sandbox.world.records import Evse, Keepsake
from sandbox.world.world import World

PLUG_TYPES = {
    "ccs1": "CCS1",
    "ccs2": "CCS2",
    "chademo": "CHAdeMO",
    "type2": "Type 2",
    "nacs": "Tesla",
}
SWITCHES = ("objective_off", "unlinked_tags", "stale_departures")
TARGET = 100.0
KEPT = "energy/"


class Depots:
    """What Ampcontrol has written down. Hold the world's lock while you read or change it."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.rate_limit: int | None = None
        self.arrivals = 0
        self.tripped: list[Tripped] = []
        # By switch: from when on it was on or off; the last one counts.
        self.switched: dict[str, list[tuple[datetime, bool]]] = {name: [] for name in SWITCHES}
        self.networks: dict[str, Network] = {}
        self.chargers: dict[str, Charger] = {}
        self.plugs: dict[str, Plug] = {}
        self.plug_of_evse: dict[int, Plug] = {}
        self.bays: dict[int, Plug] = {}
        self.vehicles: dict[str, Vehicle] = {}
        self.vehicle_of: dict[str, Vehicle] = {}
        self.tags: dict[str, Tag] = {}
        self.routes: dict[str, Route] = {}
        # By the id of an alert: what somebody did about it.
        self.handled: dict[str, dict[str, Any]] = {}
        # By the key of a charge: (when, priority).
        self.priorities: dict[str, list[tuple[datetime, int | None]]] = {}
        # By vehicle: what was told by the API instead of the vehicle.
        self.typed: dict[str, list[dict[str, Any]]] = {}
        # By vehicle: (when, %) somebody let its battery be so.
        self.filled: dict[str, list[tuple[datetime, float]]] = {}
        self.long_ago = datetime(2026, 1, 5, tzinfo=UTC)
        for site in cast.SITES:
            self._add_network(site)
        self._add_yard()
        for car in cast.CARS:
            self._add_car(car)
        self._add_tags()

    # What is there

    def _add_network(self, site: Site) -> None:
        found = (each for each in self.world.locations.values() if site.location in each.name["en"])
        location = next(found, None)
        if location is None:
            return
        network = Network(
            id=id_of("network", site.key),
            site=site,
            # The pin in the other map lies a little off.
            latitude=location.latitude + 0.0004,
            longitude=location.longitude - 0.0003,
            updated_at=self.long_ago,
        )
        self.networks[network.id] = network
        count = len(location.charge_point_ids)
        for number, pk in enumerate(location.charge_point_ids):
            charge_point = self.world.charge_points[pk]
            ocpp_id: str | None = charge_point.ocpp_id
            if number == count - 1:
                # Known by what is engraved only, or in capitals.
                ocpp_id = None if site.key == cast.RED_HOOK else charge_point.ocpp_id.upper()
            charger = self._add_charger(
                network,
                charge_point.name,
                ocpp_id=ocpp_id,
                serial_number=charge_point.serial_number,
                max_kw=sum(self.world.evses[each].power_kw for each in charge_point.evse_ids),
                ampeco_id=pk,
            )
            for evse_id in charge_point.evse_ids:
                self._add_plug(charger, self.world.evses[evse_id])
            if site.key == cast.DELANCEY and number == count - 2:
                # Ampcontrol has one that AMPECO has not.
                self._add_bay(charger, len(charge_point.evse_ids) + 1, 7)

    def _add_charger(self, network: Network, name: str, **fields: Any) -> Charger:
        charger = Charger(
            id=id_of("charger", f"{network.site.key}/{name}"),
            network=network,
            name=name,
            updated_at=self.long_ago,
            **fields,
        )
        self.chargers[charger.id] = charger
        return charger

    def _add_plug(self, charger: Charger, evse: Evse) -> None:
        plug = Plug(
            id=id_of("plug", f"{charger.id}/{evse.network_id}"),
            charger=charger,
            number=int(evse.network_id),
            current=evse.current_type,
            plug_type=PLUG_TYPES.get(evse.connectors[0].type, "Type 1"),
            max_kw=evse.power_kw,
            updated_at=self.long_ago,
            evse_id=evse.id,
        )
        self.plugs[plug.id] = self.plug_of_evse[evse.id] = plug

    def _add_bay(self, charger: Charger, number: int, kw: float) -> Plug:
        plug = Plug(
            id=id_of("plug", f"{charger.id}/{number}"),
            charger=charger,
            number=number,
            current="ac",
            plug_type="Type 1",
            max_kw=kw,
            updated_at=self.long_ago,
        )
        self.plugs[plug.id] = plug
        return plug

    def _add_yard(self) -> None:
        """Add the charger at which vans stand at night, of which AMPECO knows nothing."""
        network = self.networks.get(id_of("network", cast.RED_HOOK))
        if network is None:
            return
        charger = self._add_charger(
            network,
            cast.YARD,
            ocpp_id=cast.YARD,
            serial_number="YB-3300-17",
            max_kw=cast.YARD_BAYS * cast.YARD_KW,
        )
        for number in range(1, cast.YARD_BAYS + 1):
            self.bays[number] = self._add_bay(charger, number, cast.YARD_KW)

    def _add_car(self, car: Car) -> None:
        vehicle = Vehicle(
            id=id_of("vehicle", car.key),
            name=car.name,
            created_at=self.long_ago,
            updated_at=self.long_ago,
            car=car,
        )
        self.vehicles[vehicle.id] = self.vehicle_of[car.key] = vehicle

    def _add_tags(self) -> None:
        for tag in self.world.id_tags.values():
            car = cast.BY_DRIVER.get(tag.user_id)
            linked = car is not None and tag.user_id != cast.UNLINKED_TAG_OF
            pk = id_of("tag", tag.uid)
            self.tags[pk] = Tag(
                id=pk,
                value=tag.uid[:20],
                custom_group=car.group if car else "",
                vehicle_id=self.vehicle_of[car.key].id if car and linked else None,
                updated_at=self.long_ago,
            )

    # What is so now

    def is_on(self, switch: str, at: datetime | None = None) -> bool:
        """Return whether a switch was on at an instant, by default now."""
        log = self.switched[switch]
        if at is None:
            return bool(log) and log[-1][1]
        return next((on for since, on in reversed(log) if since <= at), False)

    def switch(self, name: str, *, on: bool) -> None:
        """Switch on or off what goes wrong at the depots. Raises KeyError for what cannot."""
        log = self.switched[name]
        if self.is_on(name) != on:
            log.append((self.world.now(), on))
            self.keep(f"switch/{name}", [[at.isoformat(), on] for at, on in log])

    def fill(self, key: str, percent: float) -> None:
        """Let so much be in a vehicle's battery from the next step on."""
        log = self.filled.setdefault(key, [])
        log.append((self.world.now(), percent))
        self.keep(f"filled/{key}", [[at.isoformat(), each] for at, each in log])

    def trip(self, method: str, path: str, why: str) -> None:
        """Write down a call that nobody may send."""
        self.tripped.append(Tripped(self.world.now(), method, path, why))
        self._keep_tripped()

    def clear_tripwire(self) -> None:
        self.tripped.clear()
        self._keep_tripped()

    def _keep_tripped(self) -> None:
        rows = [[each.at.isoformat(), each.method, each.path, each.why] for each in self.tripped]
        self.keep("tripwire", rows)

    # Memory

    def keep(self, key: str, content: Any) -> None:
        """Let the operator's state file have something, as JSON."""
        self.world.keep(Keepsake(f"{KEPT}{key}", content))

    def kept(self, kind: str) -> dict[str, Any]:
        """Return what was kept under keys that begin so, by the rest of them."""
        start = f"{KEPT}{kind}"
        return {
            pk.removeprefix(start): each.content
            for pk, each in self.world.keepsakes.items()
            if pk.startswith(start)
        }


def instant(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def minutes(number: float) -> timedelta:
    return timedelta(minutes=number)
