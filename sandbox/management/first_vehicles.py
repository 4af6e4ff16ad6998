"""The vehicles that the demo begins with, and what staff have noted of its parking spaces."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from drivers.models import Driver, Fleet
from sandbox.energy.cast import VINS
from sandbox.world.belongings import limits_at
from sandbox.world.cast import HUDSON, RHONE
from sites.models import Location, ParkingLimits, ParkingSpace
from vehicles.actions import save_vehicle
from vehicles.models import Vehicle

Type = Vehicle.Type
VAN: dict[str, Any] = {
    "ampeco_type": Type.VAN,
    "weight_kg": 3500,
    "height_cm": 255,
    "width_cm": 207,
    "kwh_per_km": Decimal("0.29"),
    "reserve_percent": 15,
    "cost_centre": "CC 4711",
}
TRUCK: dict[str, Any] = {
    "ampeco_type": Type.TRUCK,
    "weight_kg": 18000,
    "height_cm": 390,
    "length_cm": 1080,
    "width_cm": 255,
    "kwh_per_km": Decimal("1.15"),
    "reserve_percent": 20,
}
US_VAN = VAN | {
    "make": "Ford",
    "model": "E-Transit",
    "plugs": ["ccs1"],
    "battery_kwh": Decimal(89),
    "ac_kw": Decimal("11.3"),
    "dc_kw": Decimal(176),
    "length_cm": 598,
}
EU_VAN = VAN | {
    "make": "Mercedes-Benz",
    "model": "eSprinter",
    "plugs": ["ccs2"],
    "battery_kwh": Decimal(113),
    "ac_kw": Decimal(11),
    "dc_kw": Decimal(115),
    "length_cm": 737,
}
US_TRUCK = TRUCK | {
    "make": "Freightliner",
    "model": "eM2",
    "plugs": ["ccs1"],
    "battery_kwh": Decimal(291),
    "dc_kw": Decimal(180),
    "ac_kw": Decimal(0),
}
EU_TRACTOR = TRUCK | {
    "ampeco_type": Type.TRUCK_WITH_TRAILER,
    "make": "Volvo",
    "model": "FH Electric",
    "plugs": ["ccs2"],
    "battery_kwh": Decimal(540),
    "ac_kw": Decimal(43),
    "dc_kw": Decimal(250),
    "weight_kg": 40000,
    "length_cm": 1650,
    "needs_drive_through": True,
}


LONG_TOURS = {"cost_centre": "CC 4720"}


@dataclass(frozen=True, slots=True)
class Seed:
    """A vehicle of the demo, by its number, with its usual driver by the operator's id."""

    number: str
    plate: str
    facts: dict[str, Any]
    driver: int | None = None


# What the demo's home sites are called.
HOMES = {HUDSON: "Hudson Parcel Depot", RHONE: "Rhône Fret Depot"}
FLEETS: dict[int, tuple[Seed, ...]] = {
    HUDSON: (
        *(
            Seed(
                f"Van {number}",
                f"HPF {4100 + number}",
                US_VAN | (LONG_TOURS if number > 23 else {}),
                driver,
            )
            for number, driver in (
                (7, 7007),
                (12, 7002),
                (14, 7001),
                (18, 7012),
                (21, 7003),
                (22, 7005),
                (23, 7006),
                (24, 7008),
                (27, 7009),
                (31, 7010),
                (33, 7011),
            )
        ),
        # Bought lately: nobody has written down what it can do.
        Seed("Van 40", "", {"ampeco_type": Type.VAN, "make": "BrightDrop", "model": "Zevo"}),
        Seed("Truck 1", "HPF 9001", US_TRUCK),
        Seed("Truck 2", "HPF 9002", US_TRUCK | {"needs_refrigeration": True}),
        Seed(
            "Truck 3", "HPF 9003", US_TRUCK | {"length_cm": 1220, "carries_dangerous_goods": True}
        ),
    ),
    RHONE: (
        Seed("Camion 5", "FT-205-RF", EU_TRACTOR, 7024),
        Seed("Camion 12", "FT-212-RF", EU_TRACTOR, 7021),
        Seed("Camion 14", "FT-214-RF", EU_TRACTOR | {"needs_refrigeration": True}),
        Seed("Camionnette 2", "GK-402-RF", EU_VAN, 7023),
        Seed("Camionnette 3", "GK-403-RF", EU_VAN, 7025),
    ),
}


def make_first_vehicles(fleet: Fleet) -> int:
    """Make those of a fleet's vehicles that were never made; return how many those are."""
    home = Location.objects.filter(name__startswith=HOMES[fleet.ampeco_partner_id]).first()
    made = 0
    for seed in FLEETS[fleet.ampeco_partner_id]:
        if Vehicle.objects.filter(fleet=fleet, number=seed.number).exists():
            continue
        vehicle = Vehicle(fleet=fleet, number=seed.number, plate=seed.plate, **seed.facts)
        vehicle.vin = VINS.get(seed.number, "")
        vehicle.home_site = home
        if seed.driver:
            vehicle.usual_driver = Driver.objects.filter(ampeco_user_id=seed.driver).first()
        save_vehicle(vehicle, user=None)
        made += 1
    return made


def note_first_limits() -> int:
    """Note of the demo's parking spaces what its operator knows; return of how many that was."""
    noted = 0
    for space in ParkingSpace.objects.filter(limits=None).select_related("location"):
        limits = limits_at(space.location.name, space.label)
        if limits is not None:
            ParkingLimits.objects.create(
                space=space,
                max_weight_kg=limits.get("vehicleWeightKg"),
                max_height_cm=limits.get("vehicleHeightCm"),
                max_length_cm=limits.get("vehicleLengthCm"),
                max_width_cm=limits.get("vehicleWidthCm"),
                vehicle_types=limits.get("vehicleTypes", []),
                drive_through=limits.get("driveThroughRequired"),
                refrigeration_outlet=limits.get("refrigerationOutletRequired"),
                dangerous_goods=limits.get("dangerousGoodsAllowed"),
            )
            noted += 1
    return noted
