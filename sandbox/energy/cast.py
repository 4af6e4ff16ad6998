"""Who is who at Ampcontrol: two depots' power, and the vehicles of one customer. All invented.

The customer is the operator: its vehicles belong to two fleets, which Ampcontrol does not know, and
to nobody that the portal knows.
"""

from dataclasses import dataclass

NEW_YORK = "America/New_York"
PARIS = "Europe/Paris"
RED_HOOK = "red-hook"
DELANCEY = "delancey"


@dataclass(frozen=True, slots=True)
class Site:
    """A site whose power is shared out; kW, prices per kWh, hours by the site's clock."""

    key: str
    # A part of the name that AMPECO has for it.
    location: str
    name: str
    objective: str
    max_kw: float
    # From 22 to 6 there is more of it.
    night_kw: float
    buffer: float
    baseload_kw: tuple[float, float]
    response_kw: float
    prices: tuple[float, float, float]


SITES = (
    Site(
        key=RED_HOOK,
        location="Hudson Parcel Depot",
        name="Red Hook depot",
        objective="fleet",
        max_kw=500,
        night_kw=560,
        buffer=0.05,
        baseload_kw=(35, 80),
        response_kw=150,
        prices=(0.09, 0.16, 0.28),
    ),
    Site(
        key=DELANCEY,
        location="Delancey and Essex",
        name="Delancey garage",
        objective="load_sharing",
        max_kw=220,
        night_kw=220,
        buffer=0.1,
        baseload_kw=(20, 60),
        response_kw=60,
        prices=(0.11, 0.19, 0.33),
    ),
)


@dataclass(frozen=True, slots=True)
class Car:
    """A vehicle with its day: it leaves and comes back by the clock of its home.

    `bay` is the connector at the yard of Red Hook where it stands at night; others charge
    elsewhere. Without `telematics` it never tells anything.
    """

    key: str
    name: str
    battery_kwh: float
    ac_kw: float
    dc_kw: float
    vin: str = ""
    plate: str = ""
    customer_number: str = ""
    group: str = ""
    make: str = ""
    model: str = ""
    year: int | None = None
    leaves: str = "06:30"
    returns: str = "16:30"
    km: float = 110
    kwh_per_km: float = 0.29
    driver: int | None = None
    bay: int | None = None
    telematics: bool = True
    zone: str = NEW_YORK


# Those of the demo's vehicles that Ampcontrol knows by it, by the fleet's number of them.
VINS = {
    "Van 7": "1FTBW9CK4PKA04107",
    "Van 12": "1FTBW9CK8PKA04112",
    "Van 14": "1FTBW9CK1PKA04114",
    "Van 18": "1FTBW9CK9PKA04118",
    "Van 21": "1FTBW9CK9PKA04121",
    "Van 31": "1FTBW9CK1PKA04131",
    "Van 33": "1FTBW9CK5PKA04133",
    "Truck 1": "3ALACWFC7PDUE9001",
    "Truck 2": "3ALACWFC9PDUE9002",
    "Camion 5": "YV2RT40AXPB205005",
    "Camion 12": "YV2RT40A7PB205012",
    "Camionnette 2": "W1V9076331P402002",
}


def _van(number: int, leaves: str, returns: str, **more: object) -> Car:
    """Return one of Hudson's vans; unless `more` says otherwise it is known by its VIN."""
    name = f"Van {number}"
    facts: dict[str, object] = {
        "key": f"van-{number}",
        "name": f"HPF van {number}",
        "vin": VINS.get(name, ""),
        "group": "Hudson vans",
        "make": "Ford",
        "model": "E-Transit",
        "year": 2024,
        "battery_kwh": 89.0,
        "ac_kw": 11.3,
        "dc_kw": 176.0,
        "leaves": leaves,
        "returns": returns,
    }
    return Car(**(facts | more))  # type: ignore[arg-type]


def _truck(number: int, **more: object) -> Car:
    facts: dict[str, object] = {
        "key": f"truck-{number}",
        "name": f"eM2 #{number}",
        "vin": VINS.get(f"Truck {number}", ""),
        "group": "Hudson trucks",
        "make": "Freightliner",
        "model": "eM2",
        "year": 2023,
        "battery_kwh": 291.0,
        "ac_kw": 0.0,
        "dc_kw": 180.0,
        "leaves": "05:15",
        "returns": "15:40",
        "km": 150.0,
        "kwh_per_km": 1.15,
    }
    return Car(**(facts | more))  # type: ignore[arg-type]


def _tractor(number: int, **more: object) -> Car:
    facts: dict[str, object] = {
        "key": f"camion-{number}",
        "name": f"Camion {number}",
        "vin": VINS.get(f"Camion {number}", ""),
        "plate": f"FT-{200 + number}-RF",
        "group": "Rhône",
        "make": "Volvo",
        "model": "FH Electric",
        "year": 2024,
        "battery_kwh": 540.0,
        "ac_kw": 43.0,
        "dc_kw": 250.0,
        "leaves": "05:00",
        "returns": "17:20",
        "km": 260.0,
        "kwh_per_km": 1.2,
        "zone": PARIS,
    }
    return Car(**(facts | more))  # type: ignore[arg-type]


CARS = (
    _van(7, "06:15", "15:50", driver=7007, bay=1),
    _van(12, "06:30", "16:20", driver=7002, bay=2),
    _van(14, "07:00", "17:10", driver=7001),
    _van(18, "05:45", "15:15", driver=7012, bay=3),
    _van(21, "06:45", "16:45", driver=7003, bay=4),
    # No VIN: known by the plate, spelled otherwise, or by the fleet's own number.
    _van(22, "07:15", "18:05", driver=7005, plate="hpf-4122"),
    _van(23, "06:00", "16:00", driver=7006, plate="HPF4123"),
    _van(24, "06:50", "17:30", driver=7008, customer_number="Van 24"),
    _van(27, "13:00", "22:40", driver=7009, bay=5, customer_number="Van 27"),
    _van(31, "06:20", "15:55", driver=7010, plate="HPF 4131"),
    # Has never told anything.
    _van(33, "07:30", "17:00", driver=7011, bay=6, telematics=False),
    _truck(1),
    _truck(2, leaves="04:40"),
    _truck(3, plate="HPF 9003", customer_number="Truck 3", telematics=False),
    _tractor(5, driver=7024),
    _tractor(12, driver=7021),
    Car(
        key="camionnette-2",
        name="Camionnette 2",
        vin=VINS["Camionnette 2"],
        group="Rhône",
        make="Mercedes-Benz",
        model="eSprinter",
        battery_kwh=113,
        ac_kw=11,
        dc_kw=115,
        driver=7023,
        zone=PARIS,
    ),
    # Whose these are nobody at the portal knows.
    Car(
        key="shunter",
        name="Yard shunter",
        battery_kwh=180,
        ac_kw=22,
        dc_kw=120,
        leaves="14:00",
        returns="22:00",
        km=30,
        kwh_per_km=1.6,
    ),
    Car(key="pool-3", name="Pool car 3", battery_kwh=60, ac_kw=11, dc_kw=100, telematics=False),
)
BY_KEY = {car.key: car for car in CARS}
BY_DRIVER = {car.driver: car for car in CARS if car.driver}
# The one card that nobody has linked to its vehicle.
UNLINKED_TAG_OF = 7009
YARD = "YARD-01"
YARD_BAYS = 6
YARD_KW = 11.5
