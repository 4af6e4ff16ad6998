"""Makes worlds: the default one from real sites, and large ones of any size."""

import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sandbox.world.belongings import add_id_tags, add_parking_spaces
from sandbox.world.cast import HUDSON, PARTNERS, PEOPLE, Person
from sandbox.world.downtime import plan_downtime
from sandbox.world.power import add_power
from sandbox.world.records import ChargePoint, Connector, Evse, Invite, Location, User
from sandbox.world.tariffs import add_tariffs
from sandbox.world.world import World

DATA = Path(__file__).parent / "data"
# The register of New York has names of its own for plugs.
PLUGS = {"J1772": "j1772", "J1772COMBO": "ccs1", "CHADEMO": "chademo", "TESLA": "nacs"}
PARKING = {
    "TRAVEL_CENTER": "ALONG_MOTORWAY",
    "REST_STOP": "ALONG_MOTORWAY",
    "PAY_GARAGE": "PARKING_GARAGE",
}
FACILITIES = {
    "TRAVEL_CENTER": ["RESTAURANT", "CAFE", "FUEL_STATION", "WIFI"],
    "REST_STOP": ["RESTAURANT", "CAFE"],
    "AIRPORT": ["AIRPORT", "TAXI_STAND"],
    "MUSEUM": ["MUSEUM", "CAFE"],
}


def build_world(
    *,
    seed: int = 1,
    now: datetime | None = None,
    locations: int | None = None,
    charge_points: int | None = None,
    evses: int | None = None,
    users: int = 0,
    with_others: bool = True,
) -> World:
    """Make a world: the default one, or a synthetic one of so many `locations`.

    In the default one other drivers have booked, unless it is without others.

    A synthetic world has `charge_points` and `evses` in all (three charge points a location and
    two EVSEs a charge point by default). `users` adds drivers to the first partner. With `now` the
    clock stands still at that instant.
    """
    world = World(seed=seed)
    if now is not None:
        world.clock.freeze(now)
    world.partners.update(PARTNERS)
    for person in PEOPLE:
        _add_person(world, person)
    if locations is None:
        _add_real_sites(world)
        _add_invented_sites(world)
        add_parking_spaces(world)
        add_id_tags(world)
        add_power(world)
        plan_downtime(world)
        if with_others:
            book_for_others(world)
    else:
        _add_synthetic_sites(
            world, locations, charge_points or 3 * locations, evses or 6 * locations
        )
    for number in range(users):
        _add_person(
            world,
            Person(
                100_000 + number,
                "Driver",
                f"{number:05}",
                f"driver{number:05}@hudson.example",
                (HUDSON,),
            ),
        )
    add_tariffs(world)
    return world


def _add_person(world: World, person: Person) -> None:
    long_ago = world.clock.now() - timedelta(days=200)
    world.add_user(
        User(
            id=person.id,
            email=person.email,
            first_name=person.first_name,
            last_name=person.last_name,
            locale=person.locale,
            status=person.status,
            updated_at=long_ago,
        )
    )
    for partner in (*person.partners, *person.pending):
        accepted = partner in person.partners
        world.add_invite(
            Invite(
                id=len(world.invites) + 1,
                partner_id=partner,
                user_id=person.id,
                email=person.email,
                status="accepted" if accepted else "sent",
                private=partner in person.private,
                created_at=long_ago,
            )
        )


class _Builder:
    """Adds a site with its chargers, giving out ids as it goes."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.long_ago = world.clock.now() - timedelta(days=30)

    def site(self, name: dict[str, str], **fields: Any) -> Location:
        pk = 100 + len(self.world.locations) + 1
        return self.world.add_location(
            Location(id=pk, name=name, updated_at=self.long_ago, **fields)
        )

    def charge_point(self, location: Location | None, name: str, **fields: Any) -> ChargePoint:
        pk = 1000 + len(self.world.charge_points) + 1
        return self.world.add_charge_point(
            ChargePoint(
                id=pk,
                name=name,
                location_id=location.id if location else None,
                updated_at=self.long_ago,
                **fields,
            )
        )

    def evse(
        self, charge_point: ChargePoint, plugs: tuple[str, ...], power_kw: int, **fields: Any
    ) -> Evse:
        pk = 5000 + len(self.world.evses) + 1
        number = len(charge_point.evse_ids) + 1
        alternating = {"j1772", "type2", "schuko", "type1"}
        return self.world.add_evse(
            Evse(
                id=pk,
                charge_point_id=charge_point.id,
                physical_reference=f"{charge_point.name}-{number}",
                label=fields.pop("label", f"Bay {number}"),
                current_type="ac" if set(plugs) <= alternating else "dc",
                power_kw=power_kw,
                connectors=[Connector(pk * 10 + n, plug) for n, plug in enumerate(plugs)],
                updated_at=self.long_ago,
                network_id=str(number),
                **fields,
            )
        )


def _add_real_sites(world: World) -> None:
    builder = _Builder(world)
    for row in json.loads((DATA / "new_york.json").read_text()):
        address = f"{row['street']}, {row['city']}, {row['state']} {row['post_code']}"
        location = builder.site(
            {"en": row["name"]},
            country="US",
            state=row["state"],
            city=row["city"],
            post_code=row["post_code"],
            street=row["street"],
            address=address,
            latitude=row["latitude"],
            longitude=row["longitude"],
            timezone="America/New_York",
            extra={
                "parkingType": PARKING.get(row["facility"], "PARKING_LOT"),
                "facilities": FACILITIES.get(row["facility"], []),
                "accessMethods": ["OPEN"],
            },
        )
        code = "".join(word[0] for word in row["name"].split() if word[0].isalpha())[:3].upper()
        plugs = [PLUGS[plug] for plug in row["connectors"]]
        fast = tuple(plug for plug in plugs if plug in {"ccs1", "chademo"})
        for number in range(row["dc"]):
            charge_point = builder.charge_point(location, f"{code}-{number + 1:02}")
            builder.evse(charge_point, fast or ("nacs",), 150, label=f"Fast {number + 1}")
        for number in range(0, row["level2"], 2):
            charge_point = builder.charge_point(location, f"{code}-A{number // 2 + 1}")
            for side in ("left", "right")[: min(2, row["level2"] - number)]:
                label = f"Level 2, {number // 2 + 1} {side}"
                builder.evse(charge_point, ("j1772",), 7, label=label)
    for row in json.loads((DATA / "milence.json").read_text()):
        location = builder.site(
            {"en": row["name"], "fr": row["name"].replace("Truck Charging Station", "–")},
            country="FR",
            city=row["town"],
            latitude=row["latitude"],
            longitude=row["longitude"],
            timezone="Europe/Paris",
            extra={
                "parkingType": "PARKING_LOT",
                "facilities": ["WIFI", "RESTAURANT"],
                "accessMethods": ["LICENSE_PLATE", "ACCESS_CODE"],
            },
            how_to_get_in={
                "en": "Drive up to the barrier; it reads the plate.",
                "fr": "Avancez jusqu'à la barrière : elle lit la plaque.",
            },
        )
        code = "".join(part[0] for part in row["name"].split()[3:]).upper()
        for number in range(0, row["evses"], 2):
            charge_point = builder.charge_point(location, f"MIL-{code}-{number // 2 + 1:02}")
            for bay in (number + 1, number + 2):
                builder.evse(charge_point, ("ccs2",), 400, label=f"Bay {bay}")


def _add_invented_sites(world: World) -> None:
    builder = _Builder(world)
    for site in json.loads((DATA / "invented.json").read_text()):
        charge_points = site.pop("charge_points")
        location = builder.site(**site) if site else None
        for charge_point in charge_points:
            evses = charge_point.pop("evses")
            record = builder.charge_point(location, **charge_point)
            for evse in evses:
                builder.evse(record, tuple(evse.pop("plugs")), **evse)


def book_for_others(world: World) -> None:
    """Book a fifth of the coming week for other drivers, so that availability has gaps.

    Not at a fleet's own chargers, which are closed to them. What they have booked already, as far
    ahead as it goes, is left as it is.
    """
    now = world.clock.now()
    others = (each.start_at for each in world.bookings.values() if each.user_id is None)
    known_until = max(others, default=now)
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    for evse in world.evses.values():
        charge_point = world.charge_points[evse.charge_point_id]
        if not world.is_bookable(evse) or charge_point.location_id is None:
            continue
        if charge_point.type == "private":
            continue
        for day in range(9):
            if world.random.random() > 0.6:
                continue
            start = midnight + timedelta(days=day, minutes=15 * world.random.randrange(96))
            length = timedelta(minutes=30 * world.random.randrange(2, 14))
            if start > max(now, known_until) and world.is_free(evse, start, start + length):
                world.add_booking(
                    location_id=charge_point.location_id,
                    evse_id=evse.id,
                    start_at=start,
                    end_at=start + length,
                )


def _add_synthetic_sites(world: World, locations: int, charge_points: int, evses: int) -> None:
    builder = _Builder(world)
    zones = ("America/New_York", "Europe/Paris", "Europe/Berlin", "America/Chicago")
    sites = [
        builder.site(
            {"en": f"Site {number:05}"},
            country="US",
            state="NY",
            city=f"Town {number % 97}",
            street=f"{number} Main Street",
            address=f"{number} Main Street, Town {number % 97}",
            latitude=41 + number % 100 / 50,
            longitude=-74 - number % 70 / 50,
            timezone=zones[number % len(zones)],
        )
        for number in range(locations)
    ]
    points = [
        builder.charge_point(sites[number % locations], f"CP-{number:05}")
        for number in range(charge_points)
    ]
    kinds = ((("ccs2",), 150), (("type2",), 22), (("ccs2", "chademo"), 50), (("ccs1",), 350))
    for number in range(evses):
        plugs, power = kinds[number % len(kinds)]
        builder.evse(points[number % charge_points], plugs, power)
