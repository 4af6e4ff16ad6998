"""How the simulated chargers have been doing: reckoned from the seed, the same at every look."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sandbox.world.world import World

DAYS = 45
VENDOR = "simulated.example"
# By code: what it means, and what a customer may do. The last one the vendor explains nowhere.
ERROR_CODES = {
    "E-101": ("The cable is locked at the charger.", "Pull the plug again after a minute."),
    "E-205": ("Residual current was detected.", "Use another charger and tell the operator."),
    "E-317": ("The charger is too hot.", "Wait until it has cooled down."),
}
UNEXPLAINED = "E-999"
OCPP_CODES = {
    "E-101": "ConnectorLockFailure",
    "E-205": "GroundFailure",
    "E-317": "HighTemperature",
    UNEXPLAINED: "OtherError",
}
FIRMWARE = (("2.4.1", 400), ("2.5.0", 20))
MODEL_ID = 12


@dataclass(frozen=True, slots=True)
class Entry:
    """A status that was taken on; `error` is a code of the vendor's."""

    id: int
    status: str
    at: datetime
    error: str = ""


def network_log(world: World, charge_point_id: int) -> list[Entry]:
    """Return when a charge point was connected, the oldest first; it is lost every ten days or so.

    For at most an hour, but once for a night.
    """
    entries = []
    for day, chance in _days(world, "network", charge_point_id):
        if chance.random() < 0.1:
            lost = day + timedelta(minutes=chance.randrange(20 * 60))
            minutes = 500 if chance.random() < 0.2 else chance.randrange(4, 60)
            entries.append(("temporarily unavailable", lost, ""))
            entries.append(("available", lost + timedelta(minutes=minutes), ""))
    return _numbered(world, "available", entries)


def evse_log(world: World, evse_id: int) -> list[Entry]:
    """Return the states of an EVSE, the oldest first; it fails every two weeks or so."""
    entries = []
    for day, chance in _days(world, "evse", evse_id):
        if chance.random() < 0.07:
            failed = day + timedelta(minutes=chance.randrange(20 * 60))
            error = chance.choice(sorted(OCPP_CODES))
            entries.append(("faulted", failed, error))
            entries.append(("available", failed + timedelta(minutes=chance.randrange(15, 200)), ""))
    return _numbered(world, "available", entries)


def _days(world: World, what: str, pk: int) -> Iterator[tuple[datetime, random.Random]]:
    today = world.clock.now().astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    for back in range(DAYS, 0, -1):
        day = today - timedelta(days=back)
        yield day, random.Random(f"{world.seed}/{what}/{pk}/{day.date()}")  # noqa: S311


def _numbered(world: World, first: str, entries: list[tuple[str, datetime, str]]) -> list[Entry]:
    now = world.clock.now()
    begin = now.replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=DAYS)
    known = [(first, begin, ""), *(one for one in entries if one[1] <= now)]
    return [
        Entry(number, status, at, error)
        for number, (status, at, error) in enumerate(sorted(known, key=lambda one: one[1]))
    ]
