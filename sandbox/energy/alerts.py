"""What Ampcontrol warns of: it follows from what is, so that it is the same whoever looks."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from sandbox.energy.charges import chance_of
from sandbox.energy.depots import instant, minutes
from sandbox.energy.physics import PER_QUARTER, Physics
from sandbox.energy.power import line
from sandbox.energy.power.batteries import number_of, time_of
from sandbox.energy.records import Alert, Charge, Charger, Network, Plug, id_of

DISCONNECTED_SHARE = 0.12
DISCONNECTED_FOR = minutes(25)
FULL_AT = 99.95


def alerts_of(physics: Physics, network: Network, start: datetime, end: datetime) -> list[Alert]:
    """Return what a network was warned of within a window, the latest first."""
    found = {each.id: each for each in _all(physics, network, start, end)}
    for alert in found.values():
        handled = physics.depots.handled.get(alert.id)
        if handled is None:
            continue
        alert.notes, handled_at = handled.get("notes", ""), instant(handled["at"])
        # The last counts: that it was over, or that somebody has seen it.
        if alert.status != "Resolved" or handled_at >= alert.updated_at:
            alert.status, alert.updated_at = handled["status"], handled_at
    return sorted(found.values(), key=lambda each: (each.raised_at, each.id), reverse=True)


def _all(physics: Physics, network: Network, start: datetime, end: datetime) -> Iterator[Alert]:
    now = physics.world.clock.now()
    every = (
        *_faulted(physics, network),
        *_disconnected(physics, network, start, min(end, now)),
        *_of_charges(physics, network),
        *_over_the_line(physics, network, start, min(end, now)),
    )
    for alert in every:
        over = alert.ends_at is not None and alert.ends_at <= now
        if alert.raised_at > min(end, now) or (over and alert.ends_at < start):  # type: ignore[operator]
            continue
        if over and alert.ends_at:
            alert.status, alert.updated_at = "Resolved", alert.ends_at
        yield alert


def _alert(network: Network, name: str, raised_at: datetime, key: object, **fields: Any) -> Alert:
    return Alert(
        id=id_of("alert", f"{name}/{key}/{raised_at.isoformat()}"),
        network=network,
        name=name,
        status="Triggered",
        raised_at=raised_at,
        updated_at=raised_at,
        **fields,
    )


def _of_plug(plug: Plug) -> dict[str, Any]:
    return {"plug": plug, "charger": plug.charger}


def _faulted(physics: Physics, network: Network) -> Iterator[Alert]:
    for plug in physics.depots.plugs.values():
        evse = physics.world.evses.get(plug.evse_id or 0)
        if plug.charger.network is network and evse and evse.hardware_status == "faulted":
            yield _alert(
                network,
                "FAULTED",
                evse.updated_at,
                plug.id,
                category="Connector",
                urgency="Very High",
                description=f"Connector {plug.number} of {plug.charger.name} is faulted.",
                **_of_plug(plug),
            )


def disconnections(
    physics: Physics, charger: Charger, start: datetime, end: datetime
) -> Iterator[tuple[datetime, datetime]]:
    """Yield from when until when a charger had lost its connection: one day in eight, about."""
    day = start.replace(hour=0, minute=0, second=0, microsecond=0)
    while day <= end:
        chance = chance_of(physics.world.seed, charger.id, day.date())
        if chance < DISCONNECTED_SHARE:
            at = day + minutes(int(chance / DISCONNECTED_SHARE * 1400))
            if at < end and at + DISCONNECTED_FOR > start:
                yield at, at + DISCONNECTED_FOR
        day += minutes(24 * 60)


def _disconnected(
    physics: Physics, network: Network, start: datetime, end: datetime
) -> Iterator[Alert]:
    for charger in physics.depots.chargers.values():
        if charger.network is not network:
            continue
        for since, until in disconnections(physics, charger, start, end):
            yield _alert(
                network,
                "CHARGER_DISCONNECTED",
                since,
                charger.id,
                category="Charge Point",
                urgency="High",
                description=f"{charger.name} has lost its connection.",
                charger=charger,
                ends_at=until,
            )


def _of_charges(physics: Physics, network: Network) -> Iterator[Alert]:
    now = physics.world.clock.now()
    for charge in list(physics.arrivals.charges.values()):
        if charge.plug.charger.network is not network or charge.started_at > now:
            continue
        ended = charge.stops_at if charge.stops_at <= now else None
        if charge.session is not None and charge.tag and not charge.vehicle_id:
            yield _alert(
                network,
                "INVALID_ID_TAGS",
                charge.started_at,
                charge.key,
                category="IdTag",
                urgency="Medium",
                description="A session began with a tag that no vehicle is linked to.",
                ends_at=ended,
                **_of_plug(charge.plug),
            )
        # In the yard a van may stand all night, full or not.
        full_at = _full_since(physics, charge) if charge.session is not None else None
        if full_at:
            yield _alert(
                network,
                "SUSPENDED_EV",
                full_at,
                charge.key,
                category="Vehicle",
                urgency="Low",
                description="The vehicle takes no more, and still stands at the charger.",
                vehicle_id=charge.vehicle_id,
                ends_at=ended,
                **_of_plug(charge.plug),
            )


def _full_since(physics: Physics, charge: Charge) -> datetime | None:
    last = number_of(min(physics.now.at, charge.stops_at))
    found = None
    for number in range(last, number_of(charge.started_at), -1):
        step = physics.steps.get(number, {}).get(charge.key)
        if step is not None and step.percent < FULL_AT:
            return found
        if step is not None:
            found = time_of(number)
    return found


def _over_the_line(
    physics: Physics, network: Network, start: datetime, end: datetime
) -> Iterator[Alert]:
    """Yield an alert for each quarter of an hour in which more was drawn than is there."""
    first = -(-number_of(start) // PER_QUARTER) * PER_QUARTER
    for number in range(first, number_of(end) - PER_QUARTER + 1, PER_QUARTER):
        drawn = network_kw(physics, network, number, number + PER_QUARTER)
        at = time_of(number)
        if drawn > line.usable_kw(network.site, at) + 0.01:
            yield _alert(
                network,
                "METER_VALUE_LIMIT_VIOLATION",
                at,
                network.id,
                category="Operations",
                urgency="Very High",
                description=f"{drawn:.0f} kW were drawn, more than there is.",
                ends_at=at + line.QUARTER,
            )


def network_kw(physics: Physics, network: Network, first: int, until: int) -> float:
    """Return the mean power of a network from a step until another."""
    total = 0.0
    for number in range(first, until):
        for key, step in physics.steps.get(number, {}).items():
            charge = physics.arrivals.charges.get(key)
            if charge is not None and charge.plug.charger.network is network:
                total += step.kw
    return total / max(1, until - first)
