"""What the operator has agreed with partners and what they get and owe, reckoned from sessions.

Nothing of it is kept: the sessions are, and a month has the same rows however often it is read.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sandbox.world.accounts import energy_kwh
from sandbox.world.world import World

# Of each kWh without tax, and what of it the partner of the charger gets.
PRICE = 0.28
PARTNER_SHARE = 80
FEE_PER_CHARGE_POINT = 7.5
CURRENCY = "EUR"
FIRST_REIMBURSEMENT = 900_000_000


@dataclass(frozen=True, slots=True)
class Entry:
    """A revenue or an expense of a partner, without tax."""

    id: int
    partner_id: int
    at: datetime
    origin: str
    amount: float
    session_id: int | None = None
    charge_point: str = ""
    charge_points: int = 0


def revenues(world: World) -> list[Entry]:
    """Return what ended sessions at partners' chargers brought in, and taxes that were returned."""
    entries = [
        Entry(
            id=each.id + FIRST_REIMBURSEMENT,
            partner_id=each.partner_id,
            at=each.at,
            origin="electricity-tax-reimbursement",
            amount=round(each.charge_points * 1.2, 2),
        )
        for each in expenses(world)
    ]
    for session in list(world.sessions.values()):
        place = world.charge_points.get(session.charge_point_id)
        if place is None or place.partner_id is None or session.stops_at > world.clock.now():
            continue
        entries.append(
            Entry(
                id=session.id,
                partner_id=place.partner_id,
                at=session.stops_at,
                origin="session-cpo",
                amount=round(float(energy_kwh(world, session)) * PRICE, 2),
                session_id=session.id,
                charge_point=place.name,
            )
        )
    return entries


def expenses(world: World) -> list[Entry]:
    """Return what partners with chargers of their own pay for each of the last twelve months."""
    entries = []
    for partner_id in world.partners:
        own = [one for one in world.charge_points.values() if one.partner_id == partner_id]
        if not own:
            continue
        for number, month in enumerate(_last_months(world.clock.now())):
            entries.append(
                Entry(
                    id=partner_id * 1000 + number,
                    partner_id=partner_id,
                    at=month,
                    origin="platform-fee-cpo",
                    amount=round(len(own) * FEE_PER_CHARGE_POINT, 2),
                    charge_points=len(own),
                )
            )
    return entries


def _last_months(now: datetime) -> Iterator[datetime]:
    month = now.astimezone(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    for _ in range(12):
        yield month
        month = (month - timedelta(days=1)).replace(day=1)
