"""What can be read as time series."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from werkzeug.wrappers import Request

from sandbox.ampcontrol import forecasts
from sandbox.ampcontrol.lists import found, network_in
from sandbox.ampcontrol.queries import (
    WEEK,
    Payload,
    Wrong,
    envelope,
    page_limits,
    resolution,
    stamp,
    whole,
    window,
)
from sandbox.energy.alerts import disconnections
from sandbox.energy.cast import Site
from sandbox.energy.physics import Physics
from sandbox.energy.power import line
from sandbox.energy.power.batteries import STEP, number_of, time_of
from sandbox.energy.records import Charge
from sandbox.energy.telematics import messages

HALF_DAY = timedelta(hours=12)
MOST_POINTS = 20_000
Points = list[tuple[datetime, float]]
ByCharge = Callable[[Charge], bool]


def _answer(points: Points, start: datetime, end: datetime, unit: str) -> Payload:
    data = {
        "start": stamp(start),
        "stop": stamp(end),
        "unit": unit,
        "data": [{"time": stamp(at), "value": value} for at, value in points],
    }
    return envelope(data, total=len(points))


def _cut(request: Request, points: Points) -> Points:
    """Cut a computed series, as `limit` and `offset` do here; without a limit to a hundred."""
    limit, offset = page_limits(request)
    return points[offset : offset + limit]


def _at_steps(
    start: datetime, end: datetime, step: timedelta, value: Callable[[datetime], float]
) -> Points:
    seconds = step.total_seconds()
    if (end - start) / step > MOST_POINTS:
        raise Wrong("Too many points: ask for a shorter window or a coarser resolution.")
    points, at = [], start
    while at < end:
        points.append((at, value(at)))
        # Marks lie at whole multiples of the step, as edges of what is told do.
        at = datetime.fromtimestamp((at.timestamp() // seconds + 1) * seconds, UTC)
    return points


def capacities(physics: Physics, request: Request) -> Payload:
    place, now = network_in(physics, request), physics.world.clock.now()
    start, end = window(request, start=now, end=now + HALF_DAY)
    step = resolution(request, end - start)
    points = _at_steps(start, end, step, lambda at: line.capacity_kw(place.site, at))
    return _answer(points, start, end, "kW")


def _of_site(
    unit: str, value: Callable[[Site, datetime], float], *, longest: timedelta | None = None
) -> Callable[[Physics, Request], Payload]:
    """Return the operation that reads a series of a network, cut by `limit`."""

    def read(physics: Physics, request: Request) -> Payload:
        place, now = network_in(physics, request), physics.world.clock.now()
        start, end = window(request, start=now - HALF_DAY, end=now + HALF_DAY, longest=longest)
        length = whole(request, "intervalLength", default=15, least=1, most=1440)
        step = timedelta(minutes=length)
        points = _at_steps(start, end, step, lambda at: value(place.site, at))
        answer = _answer(_cut(request, points), start, end, unit)
        return answer | {"total": len(points)}

    return read


prices = _of_site("$", line.price, longest=WEEK)
baseloads = _of_site("kW", line.baseload_kw)
solar_meterings = _of_site("kW", line.solar_kw)
_dr_events = _of_site("kW", line.response_kw)


def dr_events(physics: Physics, request: Request) -> Payload:
    if request.args.get("type") not in {"Load Amount", "V2G"}:
        raise Wrong("type is required: Load Amount or V2G.")
    answer = _dr_events(physics, request)
    if request.args["type"] == "V2G":
        for point in answer["data"]["data"]:
            point["value"] = 0.0
    return answer


def _one_of(request: Request, *names: str) -> str:
    """Return which one filter is there. Raises Wrong for none or for several."""
    given = [name for name in names if request.args.get(name)]
    if len(given) != 1:
        raise Wrong(f"Exactly one of {', '.join(names)} is required.")
    return given[0]


def _chosen(physics: Physics, request: Request, *names: str) -> ByCharge:
    """Return a test of whether a charge is at, or of, what is asked for. Raises Missing, Wrong."""
    name = _one_of(request, *names)
    pk, depots = request.args[name], physics.depots
    tests: dict[str, ByCharge] = {
        "network": lambda charge: charge.plug.charger.network.id == pk,
        "chargepoint": lambda charge: charge.plug.charger.id == pk,
        "connector": lambda charge: charge.plug.id == pk,
        "vehicle": lambda charge: charge.vehicle_id == pk,
        "charging_session": lambda charge: charge.id == pk,
    }
    known: dict[str, dict[str, object]] = {
        "network": dict(depots.networks),
        "chargepoint": dict(depots.chargers),
        "connector": dict(depots.plugs),
        "vehicle": dict(depots.vehicles),
    }
    if name in known:
        found(known[name], pk)
    return tests[name]


def optimizations(physics: Physics, request: Request) -> Payload:
    """Return what was given, and what is to be given over the next two and a half hours."""
    names = ("network", "connector", "chargepoint", "charging_session", "vehicle")
    chosen = _chosen(physics, request, *names)
    now = physics.world.clock.now()
    start, end = window(
        request, start=now - HALF_DAY, end=now + HALF_DAY, longest=WEEK, inclusive=False
    )
    totals: dict[datetime, float] = {}
    first, last = number_of(start), number_of(min(end, physics.now.at))
    for number in range(first, last):
        if number % 5 == 0:
            taken = physics.steps.get(number, {})
            mine = [s.limit_kw for k, s in taken.items() if _is(physics, k, chosen)]
            if mine:
                totals[time_of(number)] = sum(mine)
    for place in physics.depots.networks.values():
        for charge, row in forecasts.optimizations(physics, place):
            if chosen(charge):
                for point in row["profile"]["data"]:
                    at = datetime.fromisoformat(point["time"])
                    if start <= at < end:
                        totals[at] = totals.get(at, 0.0) + point["value"]
    return _answer(sorted(totals.items()), start, end, "kW")


def _is(physics: Physics, key: str, chosen: ByCharge) -> bool:
    charge = physics.arrivals.charges.get(key)
    return charge is not None and chosen(charge)


def _measured(
    physics: Physics, chosen: ByCharge, start: datetime, end: datetime
) -> dict[int, list[tuple[Charge, float, float]]]:
    """Return by step who of the chosen took how much: kWh, and the battery in % at its end."""
    taken: dict[int, list[tuple[Charge, float, float]]] = {}
    until = min(end, physics.now.at)
    for number in range(number_of(start), number_of(until)):
        mine = [
            (physics.arrivals.charges[key], step.kwh, step.percent)
            for key, step in physics.steps.get(number, {}).items()
            if _is(physics, key, chosen)
        ]
        if mine:
            taken[number] = mine
    return taken


def power(physics: Physics, request: Request) -> Payload:
    """Return mean powers; over steps of measuring without a vehicle they are nought."""
    chosen = _chosen(physics, request, "chargepoint", "connector", "network")
    now = physics.world.clock.now()
    start, end = window(request, start=now - HALF_DAY, end=now)
    step = max(STEP, resolution(request, end - start))
    taken = _measured(physics, chosen, start, end)

    def mean(at: datetime) -> float:
        numbers = range(number_of(at), max(number_of(at) + 1, number_of(at + step)))
        kwh = sum(kwh for n in numbers for _charge, kwh, _percent in taken.get(n, ()))
        return round(kwh / (len(numbers) * STEP.total_seconds() / 3600), 3)

    points = _at_steps(start, min(end, physics.now.at), step, mean)
    return _answer(points, start, end, "kW")


def energy(physics: Physics, request: Request) -> Payload:
    """Return what was taken in each stretch; there are no points where nobody stood."""
    chosen = _chosen(physics, request, "vehicle", "connector", "chargepoint", "network")
    now = physics.world.clock.now()
    start, end = window(request, start=now - HALF_DAY, end=now)
    step = max(STEP, resolution(request, end - start))
    taken = _measured(physics, chosen, start, end)
    sums: dict[datetime, float] = {}
    for number, mine in taken.items():
        at = start + step * max(0, (time_of(number) - start) // step)
        sums[at] = sums.get(at, 0.0) + sum(kwh for _charge, kwh, _percent in mine)
    return _answer([(at, round(kwh, 4)) for at, kwh in sorted(sums.items())], start, end, "kWh")


def soc(physics: Physics, request: Request) -> Payload:
    """Return states of charge by the meters: only who charges by direct current is told of."""
    chosen = _chosen(physics, request, "connector", "vehicle")
    now = physics.world.clock.now()
    start, end = window(request, start=now - HALF_DAY, end=now)
    step = max(STEP, resolution(request, end - start))
    last: dict[datetime, float] = {}
    for number, mine in _measured(physics, chosen, start, end).items():
        at = start + step * max(0, (time_of(number) - start) // step)
        for charge, _kwh, percent in mine:
            if charge.plug.current == "dc":
                last[at] = round(percent, 1)
    return _answer(sorted(last.items()), start, end, "%")


def telematics_soc(physics: Physics, request: Request) -> Payload:
    record = found(physics.depots.vehicles, request.args.get("vehicle", ""))
    now = physics.world.clock.now()
    start, end = window(request, start=now - WEEK, end=now)
    points = [(each.at, each.percent) for each in messages(physics, record, start, min(end, now))]
    return _answer(points, start, end, "%")


def connectivity(physics: Physics, request: Request) -> Payload:
    """Return which share of the time chargers were connected."""
    return _up(physics, request)


def uptime(physics: Physics, request: Request) -> Payload:
    """Return which share of the time chargers were of use; a lost connection is all that ails."""
    return _up(physics, request)


def _up(physics: Physics, request: Request) -> Payload:
    name = _one_of(request, "network", "chargepoint", "connector")
    pk, depots = request.args[name], physics.depots
    chargers = [
        each
        for each in depots.chargers.values()
        if pk in {each.network.id, each.id}
        or any(plug.id == pk and plug.charger is each for plug in depots.plugs.values())
    ]
    now = physics.world.clock.now()
    start, end = window(request, start=now - WEEK, end=now)
    step = resolution(request, end - start)

    def share_up(at: datetime) -> float:
        lost = timedelta(0)
        for each in chargers:
            for since, until in disconnections(physics, each, at, at + step):
                lost += min(until, at + step) - max(since, at)
        return round(1 - lost / (step * max(1, len(chargers))), 4)

    return _answer(_at_steps(start, min(end, now), step, share_up), start, end, "")
