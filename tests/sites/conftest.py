"""A small world of the operator that each test of the mirror knows by heart."""

from datetime import UTC, datetime

import pytest
from django.utils.timezone import now

from sandbox.world.records import ChargePoint, Connector, Evse, Location
from sandbox.world.world import World

LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)


class SmallWorld(World):
    """Locations 1…, each with charge point 11… and EVSE 111…, all of them in service."""

    def place(self, number: int, **fields) -> Location:
        """Add a location that was last changed long ago."""
        values = {
            "name": {"en": f"Depot {number}"},
            "country": "CH",
            "latitude": 47.4,
            "longitude": 8.5,
            "timezone": "Europe/Zurich",
            "updated_at": LONG_AGO,
            "city": "Zürich",
        }
        return self.add_location(Location(id=number, **{**values, **fields}))

    def charge_point(self, number: int, location_id: int | None, **fields) -> ChargePoint:
        """Add a charge point that was last changed long ago."""
        values = {"name": f"CP {number}", "updated_at": LONG_AGO}
        return self.add_charge_point(
            ChargePoint(id=number, location_id=location_id, **{**values, **fields})
        )

    def evse(self, number: int, charge_point_id: int, **fields) -> Evse:
        """Add an EVSE that was last changed long ago."""
        values = {
            "physical_reference": f"REF {number}",
            "label": f"Bay {number}",
            "current_type": "dc",
            "power_kw": 150,
            "connectors": [Connector(id=number * 10, type="ccs2")],
            "updated_at": LONG_AGO,
        }
        return self.add_evse(
            Evse(id=number, charge_point_id=charge_point_id, **{**values, **fields})
        )

    def fill(self, locations: int, charge_points: int = 1, evses: int = 1) -> None:
        """Add so many locations from 1001, with so many charge points each, and EVSEs on those."""
        for place in range(1001, 1001 + locations):
            self.place(place)
            for nth in range(charge_points):
                charge_point = 10_000 + place * 10 + nth
                self.charge_point(charge_point, place)
                for mth in range(evses):
                    self.evse(charge_point * 10 + mth, charge_point)

    def remove_charge_point(self, number: int) -> ChargePoint:
        """Take a charge point down, with its EVSEs; return it so that it can come back."""
        charge_point = self.charge_points.pop(number)
        self.locations[charge_point.location_id].charge_point_ids.remove(number)
        for evse_id in charge_point.evse_ids:
            del self.evses[evse_id]
        return charge_point


@pytest.fixture
def operator_world() -> SmallWorld:
    """Three sites with a charge point each; the last one has two EVSEs."""
    world = SmallWorld()
    world.clock.freeze(now())
    for number in (1, 2, 3):
        world.place(number)
        world.charge_point(10 + number, number)
        world.evse(110 + number, 10 + number)
    world.evse(120, 13, current_type="ac", power_kw=22, connectors=[Connector(1201, "type2")])
    return world
