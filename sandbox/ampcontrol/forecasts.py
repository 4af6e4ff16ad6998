"""What Ampcontrol means to give: its optimizations."""

from datetime import datetime

from sandbox.ampcontrol.queries import Payload, stamp
from sandbox.energy.physics import Physics
from sandbox.energy.power import line
from sandbox.energy.power.battery import LOSSES, fill
from sandbox.energy.power.sharing import OFF, share
from sandbox.energy.records import Charge, Network, id_of

PROFILE_STEPS = 10


def optimizations(physics: Physics, place: Network) -> list[tuple[Charge, Payload]]:
    """Return what the vehicles at a network are to get over the next two and a half hours.

    Nothing is delivered while the network steers nothing.
    """
    objective = physics.objective_at(place, physics.now.at)
    if objective == OFF:
        return []
    given_at = physics.shared_at.get(place.id, physics.now.at)
    planned = _forecast(physics, place, objective)
    return [
        (charge, _optimization(place, charge, given_at, objective, planned[charge.key]))
        for charge, _taker in physics.takers_of(place)
    ]


def _forecast(physics: Physics, place: Network, objective: str) -> dict[str, list[float]]:
    """Return by charge what each gets in quarters of an hour to come, in kW, as it fills."""
    taking = physics.takers_of(place)
    stored = {charge.key: physics.stored_of(charge) for charge, _ in taking}
    limits: dict[str, list[float]] = {charge.key: [] for charge, _ in taking}
    for number in range(PROFILE_STEPS):
        takers = []
        at = physics.now.at + number * line.QUARTER
        for charge, _taker in taking:
            takers.append(physics.taker_of(charge, at, stored[charge.key]))
        given = share(takers, line.usable_kw(place.site, at), objective=objective)
        for charge, _taker in taking:
            current = charge.plug.current
            kwh = fill(
                charge.car, stored[charge.key], current=current, kw=given[charge.key], hours=0.25
            )
            stored[charge.key] += kwh * LOSSES[current]
            limits[charge.key].append(round(given[charge.key], 3))
    return limits


def _optimization(
    place: Network, charge: Charge, at: datetime, objective: str, values: list[float]
) -> Payload:
    end = at + PROFILE_STEPS * line.QUARTER
    seconds = line.QUARTER.total_seconds()
    pk = id_of("optimization", f"{charge.key}/{at.isoformat()}")
    return {
        "id": pk,
        "created": stamp(at),
        "updated": stamp(at),
        "method": objective,
        "csChargingProfiles": {
            "chargingProfileId": int(pk[:6], 16),
            "chargingProfileKind": "Absolute",
            "chargingProfilePurpose": "TxProfile",
            "stackLevel": 0.0,
            "transactionId": charge.number,
            "validFrom": stamp(at),
            "validTo": stamp(end),
            "chargingSchedule": {
                "chargingRateUnit": "kW",
                "duration": PROFILE_STEPS * seconds,
                "chargingSchedulePeriod": [
                    {"limit": kw, "startPeriod": n * seconds} for n, kw in enumerate(values)
                ],
            },
        },
        "profile": {
            "start": stamp(at),
            "stop": stamp(end),
            "unit": "kW",
            "data": [
                {"time": stamp(at + n * line.QUARTER), "value": kw} for n, kw in enumerate(values)
            ],
        },
        "connectorId": charge.plug.number,
        "connector": charge.plug.id,
        "chargepointId": charge.plug.charger.id,
        "networkId": place.id,
        "chargingSessionId": charge.id,
        "active": True,
    }
