"""What belongs to places and people of the default world: parking spaces, charging cards."""

from datetime import timedelta
from typing import Any

from sandbox.world.cast import HUDSON, RHONE
from sandbox.world.holdings import Holdings
from sandbox.world.records import IdTag, ParkingSpace

# By how a site's name begins: what finds room there, by the names of a request's criteria.
VANS = {
    "vehicleWeightKg": 5500,
    "vehicleHeightCm": 320,
    "vehicleLengthCm": 750,
    "vehicleWidthCm": 260,
    "vehicleTypes": ["passenger_vehicles", "light_duty_vans"],
    "driveThroughRequired": False,
    "refrigerationOutletRequired": False,
    "dangerousGoodsAllowed": False,
}
TRUCKS = {
    "vehicleWeightKg": 44000,
    "vehicleHeightCm": 420,
    "vehicleLengthCm": 1875,
    "vehicleWidthCm": 300,
    "driveThroughRequired": True,
    "refrigerationOutletRequired": False,
}
LIMITS: dict[str, dict[str, Any]] = {
    "Hudson Parcel Depot": VANS,
    "Rhône Fret Depot": TRUCKS,
    "Milence": TRUCKS,
}


# Where trucks find room at a depot of vans, by how a charger is labelled.
TRUCK_DOCK = "Dock"


def limits_at(site: str, label: str) -> dict[str, Any] | None:
    """Return what finds room at a charger, by what its site and itself are called."""
    limits = next((each for name, each in LIMITS.items() if site.startswith(name)), None)
    return TRUCKS if limits and label.startswith(TRUCK_DOCK) else limits


def add_parking_spaces(world: Holdings) -> None:
    """Give each charger of the depots and of the truck parks a space of its own."""
    for location in world.locations.values():
        for evse in world.evses_at(location):
            limits = limits_at(location.name["en"], evse.label or "")
            if limits is None:
                continue
            world.add_parking_space(
                ParkingSpace(
                    id=9000 + len(world.parking_spaces) + 1,
                    label=evse.label,
                    location_id=location.id,
                    evse_ids=[evse.id],
                    updated_at=location.updated_at,
                    limits=dict(limits),
                )
            )


def add_id_tags(world: Holdings) -> None:
    """Give most drivers of the fleets a card."""
    long_ago = world.clock.now() - timedelta(days=100)
    for user in world.users.values():
        if user.id % 3 == 0 or not any(
            invite.partner_id in {HUDSON, RHONE} for invite in user.invites
        ):
            continue
        pk = len(world.id_tags) + 1
        world.id_tags[pk] = IdTag(
            id=pk,
            uid=f"04A3{user.id}00{pk:02}77",
            label=f"Fleet card {pk}",
            user_id=user.id,
            updated_at=long_ago,
            token_id=500 + pk,
        )
