"""The strings of the simulated Ampcontrol: `/control/ampcontrol/…`."""

from typing import Any

from werkzeug.routing import Rule
from werkzeug.wrappers import Request

from sandbox.api import payloads
from sandbox.api.errors import Invalid
from sandbox.api.filters import body_of
from sandbox.energy.attach import physics_of
from sandbox.energy.cast import BY_KEY
from sandbox.energy.depots import SWITCHES
from sandbox.energy.physics import Physics
from sandbox.energy.power import line
from sandbox.energy.power.batteries import STEP, number_of
from sandbox.world.world import World


def _looked_at(world: World) -> Physics:
    physics = physics_of(world)
    world.tick()
    physics.look()
    return physics


def _state(world: World, request: Request) -> Any:  # noqa: ARG001
    physics = _looked_at(world)
    now = world.clock.now()
    last = number_of(physics.now.at - STEP)
    return {
        "now": payloads.instant(now),
        "arrivals": physics.depots.arrivals,
        "networks": [
            {
                "id": each.id,
                "name": each.site.name,
                "objective": physics.objective_at(each, now),
                "line_kw": line.usable_kw(each.site, now),
                "load_kw": physics.load_of(each),
            }
            for each in physics.depots.networks.values()
        ],
        "vehicles": [
            {
                "key": key,
                "id": physics.depots.vehicle_of[key].id,
                "percent": told[last].percent,
                "plugged": told[last].plugged,
                "on_road": told[last].on_road,
                "kw": told[last].kw,
            }
            for key, told in physics.told.items()
            if last in told
        ],
    }


def _tripwire(world: World, request: Request) -> Any:
    depots = physics_of(world).depots
    rows = [
        {
            "at": payloads.instant(each.at),
            "method": each.method,
            "path": each.path,
            "why": each.why,
        }
        for each in depots.tripped
    ]
    if request.method == "DELETE":
        depots.clear_tripwire()
    return rows


def _switches(world: World, request: Request) -> Any:
    physics = _looked_at(world)
    depots = physics.depots
    if request.method == "POST":
        asked = body_of(request)
        for name, value in asked.items():
            if name == "rate_limit":
                good = value is None or (type(value) is int and value >= 1)
            else:
                good = name in SWITCHES and isinstance(value, bool)
            if not good:
                raise Invalid({name: ["There is no such switch, or it cannot be this."]})
        for name, value in asked.items():
            if name == "rate_limit":
                depots.rate_limit = value
            else:
                depots.switch(name, on=value)
    return {name: depots.is_on(name) for name in SWITCHES} | {"rate_limit": depots.rate_limit}


def _fill(world: World, request: Request, key: str) -> Any:
    physics = _looked_at(world)
    percent = body_of(request).get("percent")
    if isinstance(percent, bool) or not isinstance(percent, int | float) or not 0 <= percent <= 100:
        raise Invalid({"percent": ["This must be a number from 0 to 100."]})
    if key not in BY_KEY:
        raise KeyError(key)
    physics.depots.fill(key, float(percent))
    return {"key": key, "percent": percent}


RULES = [
    Rule("/control/ampcontrol", methods=["GET"], endpoint=_state),
    Rule("/control/ampcontrol/tripwire", methods=["GET", "DELETE"], endpoint=_tripwire),
    Rule("/control/ampcontrol/switches", methods=["GET", "POST"], endpoint=_switches),
    Rule("/control/ampcontrol/vehicles/<key>", methods=["POST"], endpoint=_fill),
]
