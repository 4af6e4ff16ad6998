"""Makes worlds: the default one from real sites, and large ones of any size."""

import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sandbox.world.cast import ALLIANCE, HUDSON, PARTNERS, PEOPLE, RHONE, Person
from sandbox.world.records import ChargePoint, Connector, Evse, Invite, Location, User
from sandbox.world.world import World

DATA = Path(__file__).parent / "data"
WORKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday")
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
) -> World:
    """Make a world: the default one, or a synthetic one of so many `locations`.

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
    """Add what no register has: private depots, odd time zones, chargers out of service."""
    builder = _Builder(world)
    depot = builder.site(
        {"en": "Hudson Parcel Depot, Red Hook"},
        country="US",
        state="NY",
        city="Brooklyn",
        post_code="11231",
        street="70 Pier Lane",
        address="70 Pier Lane, Brooklyn, NY 11231",
        latitude=40.6745,
        longitude=-74.0105,
        timezone="America/New_York",
        how_to_get_in={"en": "Gate B. Show your fleet card to the guard.\nBays are on the left."},
        extra={"parkingType": "PARKING_LOT", "accessMethods": ["TOKEN", "INTERCOM"]},
    )
    for number in range(3):
        charge_point = builder.charge_point(
            depot, f"RH-{number + 1:02}", type="private", partner_id=HUDSON
        )
        builder.evse(charge_point, ("ccs1",), 180, label=f"Dock {number + 1}")
    visitors = builder.charge_point(depot, "RH-V1")
    builder.evse(visitors, ("j1772",), 11, label="Visitors")
    builder.evse(visitors, ("j1772",), 11, label="Visitors 2", booking_enabled=False)

    alliance = builder.site(
        {"en": "Depot Alliance, Secaucus"},
        country="US",
        state="NJ",
        city="Secaucus",
        post_code="07094",
        street="12 Meadow Road",
        address="12 Meadow Road, Secaucus, NJ 07094",
        latitude=40.7895,
        longitude=-74.0565,
        timezone="America/New_York",
        hours={day: [("06:00", "22:00")] for day in WORKDAYS},
        extra={"parkingType": "PARKING_LOT", "accessMethods": ["TOKEN"]},
    )
    for number, access in enumerate(("private_view_private_use", "public_view_private_use")):
        charge_point = builder.charge_point(
            alliance,
            f"DA-{number + 1:02}",
            type="private",
            partner_id=ALLIANCE,
            access_type=access,
        )
        builder.evse(charge_point, ("ccs1", "nacs"), 350, label=f"Hub {number + 1}")

    lyon = builder.site(
        {"en": "Rhône Fret Depot, Vénissieux", "fr": "Dépôt Rhône Fret, Vénissieux"},
        country="FR",
        city="Vénissieux",
        post_code="69200",
        street="8 rue du Quai",
        address="8 rue du Quai, 69200 Vénissieux",
        latitude=45.6967,
        longitude=4.8870,
        timezone="Europe/Paris",
        extra={"parkingType": "PARKING_LOT", "accessMethods": ["ACCESS_CODE"]},
    )
    for number, access in enumerate(("private_view_private_use", "private_view_public_use")):
        charge_point = builder.charge_point(
            lyon, f"RF-{number + 1:02}", type="private", partner_id=RHONE, access_type=access
        )
        builder.evse(charge_point, ("ccs2",), 300, label=f"Quai {number + 1}")

    adelaide = builder.site(
        {"en": "Port Adelaide Freight Hub"},
        country="AU",
        state="SA",
        city="Port Adelaide",
        post_code="5015",
        street="3 Wharf Street",
        address="3 Wharf Street, Port Adelaide SA 5015",
        latitude=-34.8460,
        longitude=138.5030,
        timezone="Australia/Adelaide",
        extra={"parkingType": "ON_STREET", "accessMethods": ["OPEN"]},
    )
    hub = builder.charge_point(adelaide, "PA-01")
    builder.evse(hub, ("ccs2", "chademo"), 120)
    builder.evse(hub, ("type2",), 22)

    unzoned = builder.site(
        {"en": "Test Yard without a Time Zone"},
        country="DE",
        city="Hamburg",
        post_code="20457",
        street="Am Kai 1",
        address="Am Kai 1, 20457 Hamburg",
        latitude=53.5400,
        longitude=9.9900,
        timezone=None,
    )
    yard = builder.charge_point(unzoned, "HH-01")
    builder.evse(yard, ("ccs2",), 150)
    broken = builder.evse(yard, ("ccs2",), 150)
    broken.status, broken.hardware_status = "out of order", "faulted"
    builder.evse(yard, ("type2",), 22, status="disabled")

    closed = builder.site(
        {"en": "Closed Yard"},
        country="US",
        state="NY",
        city="Yonkers",
        latitude=40.93,
        longitude=-73.89,
        timezone="America/New_York",
        status="disabled",
    )
    builder.evse(builder.charge_point(closed, "CY-01"), ("ccs1",), 150)
    builder.evse(builder.charge_point(None, "HOME-01", type="personal"), ("type2",), 11)


def book_for_others(world: World) -> None:
    """Book a fifth of the coming week for other drivers, so that availability has gaps.

    What they have booked already, as far ahead as it goes, is left as it is.
    """
    now = world.clock.now()
    others = (each.start_at for each in world.bookings.values() if each.user_id is None)
    known_until = max(others, default=now)
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    for evse in world.evses.values():
        charge_point = world.charge_points[evse.charge_point_id]
        if not world.is_bookable(evse) or charge_point.location_id is None:
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
