"""The desk's page of smart charging: networks, charges, vehicles, alerts, what goes wrong."""

from collections.abc import Mapping
from datetime import datetime
from zoneinfo import ZoneInfo

from markupsafe import Markup
from werkzeug.wrappers import Response

from sandbox.desk.pages import form, page, table
from sandbox.energy.alerts import alerts_of
from sandbox.energy.attach import physics_of
from sandbox.energy.cast import NEW_YORK
from sandbox.energy.charges import car_departure, target_of
from sandbox.energy.depots import SWITCHES
from sandbox.energy.physics import Physics
from sandbox.energy.power import line
from sandbox.energy.power.batteries import STEP, number_of
from sandbox.energy.records import Charge, Vehicle
from sandbox.energy.routine import DAY
from sandbox.faults import ENERGY_KINDS
from sandbox.world.world import World

MOST_ALERTS = 20
MOST_TRIPPED = 50
MOST_CALLS = 1000
PATH = "/ampcontrol/"
FAULT_SECONDS = 3.0
ZONE = ZoneInfo(NEW_YORK)
SWITCHED = {
    "objective_off": "Objective off: nothing is steered",
    "unlinked_tags": "Tags are linked to no vehicle",
    "stale_departures": "Departures are a day old",
}


def show(world: World) -> Response:
    """Show what Ampcontrol shares out and knows, by the clock of its sites."""
    with world.lock:
        world.tick()
        physics = physics_of(world)
        physics.look()
        content = Markup("").join(
            Markup("<section><h2>{}</h2>{}</section>").format(title, content)
            for title, content in (
                ("Networks", _networks(physics)),
                ("Tripwire", _tripwire(physics)),
                ("Charging", _charges(physics)),
                ("Vehicles", _vehicles(physics)),
                ("Alerts", _alerts(physics)),
                ("Switches", _switches(physics)),
                ("Faults", _faults(world)),
            )
        )
    return page("Smart charging", content, current="charging", renewed=True)


def do(world: World, sent: Mapping[str, str]) -> None:
    """Carry out what a button of the page asks for."""
    physics = physics_of(world)
    physics.look()
    match sent.get("change"):
        case "switch" if sent.get("name") in SWITCHES:
            physics.depots.switch(sent["name"], on=sent.get("on") == "yes")
        case "tripwire":
            physics.depots.clear_tripwire()
        case "fault" if sent.get("kind") in ENERGY_KINDS:
            count = sent.get("count", "")
            calls = int(count) if count.isascii() and count.isdigit() and len(count) < 5 else 1
            world.faults.add(
                sent["kind"],
                count=min(MOST_CALLS, max(1, calls)),
                seconds=FAULT_SECONDS,
                path=PATH,
            )
        case "no-faults":
            # Those of AMPECO's are turned off at the desk.
            world.faults.active[:] = [each for each in world.faults.active if each.path != PATH]


def _networks(physics: Physics) -> Markup:
    now = physics.world.clock.now()
    rows: list[list[object]] = []
    for network in physics.depots.networks.values():
        site = network.site
        usable, load = line.usable_kw(site, now), physics.load_of(network)
        rows.append(
            [
                site.name,
                physics.objective_at(network, now),
                f"{line.capacity_kw(site, now):g} kW",
                f"{line.baseload_kw(site, now):g} kW",
                f"{line.response_kw(site, now):g} kW",
                f"{usable:.0f} kW",
                Markup('<meter min="0" max="{}" value="{}" aria-label="{}"></meter> {} kW').format(
                    f"{usable:.1f}", f"{load:.1f}", f"Load of {site.name}", f"{load:.0f}"
                ),
                f"{line.price(site, now):.2f} USD",
            ]
        )
    headings = ["Network", "Objective", "Capacity", "Baseload", "Response", "Usable", "Load", "kWh"]
    return table("Networks", headings, rows, empty="This world has no depots.")


def _tripwire(physics: Physics) -> Markup:
    rows: list[list[object]] = [
        [_when(each.at), f"{each.method} {each.path}", each.why]
        for each in reversed(physics.depots.tripped[-MOST_TRIPPED:])
    ]
    return Markup("{}{}").format(
        table("Tripwire", ["When", "Call", "Why"], rows, empty="Nobody has tripped over it."),
        form("Forget them", what="charging", change="tripwire") if rows else "",
    )


def _charges(physics: Physics) -> Markup:
    rows: list[list[object]] = [
        [
            f"{charge.plug.charger.name} / {charge.plug.number}",
            _name(physics, charge),
            _when(charge.started_at),
            f"{physics.power_of(charge):.1f} kW",
            f"{physics.energy_of(charge.key):.1f} kWh",
            f"{physics.percent_of(charge):.0f} %",
            "AMPECO’s session " + str(charge.session.id) if charge.session else "no session there",
        ]
        for charge in physics.arrivals.active(physics.world.clock.now())
    ]
    headings = ["Plug", "Vehicle", "Since", "Power", "Energy", "Battery", "AMPECO"]
    return table("Charging", headings, rows, empty="Nobody is plugged in.")


def _name(physics: Physics, charge: Charge) -> str:
    vehicle = physics.depots.vehicles.get(charge.vehicle_id or "")
    if vehicle is not None:
        return vehicle.name
    return "a stranger’s" if charge.ghost else f"{charge.car.name}, not linked"


def _vehicles(physics: Physics) -> Markup:
    rows = [_vehicle(physics, each) for each in physics.depots.vehicles.values()]
    headings = ["Vehicle", "Battery", "Where", "Power", "Departure", "Target"]
    return table("Vehicles", headings, rows, empty="There are none.")


def _vehicle(physics: Physics, vehicle: Vehicle) -> list[object]:
    now = physics.world.clock.now()
    told = physics.told.get(vehicle.car.key, {}) if vehicle.car else {}
    last = told.get(number_of(physics.now.at - STEP))
    departure = car_departure(physics.depots, vehicle, now)
    percent = where = power = "–"
    if last is not None:
        percent = f"{last.percent:.0f} %"
        where = (
            "on the road" if last.on_road else "plugged in" if last.plugged else "not plugged in"
        )
        power = f"{last.kw:.1f} kW" if last.kw else "–"
    return [
        vehicle.name,
        percent,
        where,
        power,
        _when(departure) if departure else "–",
        f"{target_of(vehicle, now):g} %",
    ]


def _alerts(physics: Physics) -> Markup:
    now = physics.world.clock.now()
    found = [
        each
        for network in physics.depots.networks.values()
        for each in alerts_of(physics, network, now - DAY, now)
    ]
    found.sort(key=lambda each: each.raised_at, reverse=True)
    rows: list[list[object]] = [
        [_when(each.raised_at), each.network.site.name, each.name, each.description, each.status]
        for each in found[:MOST_ALERTS]
    ]
    headings = ["When", "Network", "Alert", "What", "Status"]
    return table("Alerts", headings, rows, empty="None in the last 24 hours.")


def _switches(physics: Physics) -> Markup:
    rows: list[list[object]] = []
    for name, text in SWITCHED.items():
        on = physics.depots.is_on(name)
        turn, to = ("Switch off", "no") if on else ("Switch on", "yes")
        button = form(turn, about=text, what="charging", change="switch", name=name, on=to)
        rows.append([text, "on" if on else "off", button])
    return table("Switches", ["Switch", "State", "Action"], rows, empty="")


def _faults(world: World) -> Markup:
    options = Markup("").join(Markup("<option>{}</option>").format(kind) for kind in ENERGY_KINDS)
    rows: list[list[object]] = [
        [each.kind, each.hits, "no end" if each.count is None else each.count - each.hits]
        for each in world.faults.active
        if each.path == PATH
    ]
    choose = Markup(
        '<label>Fault <select name="kind">{}</select></label> <label>for the next <input '
        'type="number" name="count" value="5" min="1" max="{}"> calls</label>'
    ).format(options, MOST_CALLS)
    return Markup("{}{}{}").format(
        table("Faults of Ampcontrol", ["Fault", "Hit", "To come"], rows, empty="All is well."),
        form("Switch on", about="the fault", inside=choose, what="charging", change="fault"),
        form("Switch all off", about="faults", what="charging", change="no-faults"),
    )


def _when(at: datetime) -> str:
    return f"{at.astimezone(ZONE):%a %d %b, %H:%M %Z}"
