"""Sites of other operators, which the operator's drivers may use too; nobody can book there."""

from sandbox.world.records import ChargePoint, Connector, Evse, Location
from sandbox.world.world import World

# The operators whose sites they are: id, name, country and party.
OPERATORS = ((61, "Ostrom Laden", "DE", "OST"), (62, "Maas Charge", "NL", "MAA"))
PLATFORM = 6
PRICE = 0.52
FIRST_SITE, FIRST_CHARGE_POINT, FIRST_EVSE = 9101, 91001, 95001


def add_roaming(world: World) -> list[Location]:
    """Add a site of each of the other operators, with two chargers; hold the world's lock."""
    if FIRST_SITE in world.locations:
        return [world.locations[FIRST_SITE + number] for number in range(len(OPERATORS))]
    now = world.now()
    added = []
    for number, (operator, name, country, _party) in enumerate(OPERATORS):
        place = world.add_location(
            Location(
                id=FIRST_SITE + number,
                name={"en": f"{name} motorway services"},
                country=country,
                latitude=52.1 + number,
                longitude=8.4 - number,
                timezone="Europe/Berlin" if country == "DE" else "Europe/Amsterdam",
                updated_at=now,
                city="Osnabrück" if country == "DE" else "Venlo",
                extra={"roamingOperatorId": operator},
            )
        )
        charge_point = world.add_charge_point(
            ChargePoint(
                id=FIRST_CHARGE_POINT + number,
                name=f"{name} 1",
                location_id=place.id,
                updated_at=now,
            )
        )
        for which in range(2):
            world.add_evse(
                Evse(
                    id=FIRST_EVSE + 2 * number + which,
                    charge_point_id=charge_point.id,
                    physical_reference=f"{country}*R{which + 1}",
                    label="",
                    current_type="dc",
                    power_kw=150,
                    connectors=[Connector(id=98_000 + 2 * number + which, type="ccs2")],
                    updated_at=now,
                    network_id=str(which + 1),
                )
            )
        added.append(place)
    return added
