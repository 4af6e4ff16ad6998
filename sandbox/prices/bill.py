"""What sessions cost: by the tariff as it was when they began."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sandbox.prices.charge import charge_of
from sandbox.prices.fees import Fees
from sandbox.prices.reckoning import Part, cents, parts_of
from sandbox.world import accounts
from sandbox.world.power import Rate
from sandbox.world.records import Keepsake, Session
from sandbox.world.tariffs import Tariff, held

# In percent, by the ids that tariffs have for them. The first is for those that name none.
TAXES = {1: Decimal("8.875"), 10: Decimal(10), 19: Decimal(19), 20: Decimal(20)}
USUAL_TAX = 1
# Where no tariff applies nothing is to be paid, in this.
USUAL_CURRENCY = "USD"
KEPT = "bill/"


@dataclass(frozen=True, slots=True)
class Bill:
    """What a session comes to by now; its parts are rounded, so that they add up."""

    currency: str
    tax_id: int
    parts: tuple[Part, ...]

    @property
    def tax_percent(self) -> Decimal:
        return TAXES[self.tax_id]

    @property
    def with_tax(self) -> Decimal:
        return sum((part.price for part in self.parts), Decimal(0))

    @property
    def without_tax(self) -> Decimal:
        return sum((self.net(part.price) for part in self.parts), Decimal(0))

    def net(self, price: Decimal) -> Decimal:
        return cents(price / (1 + self.tax_percent / 100))


def bill_of(world: Any, session: Session) -> Bill:
    """Return what a session comes to by now."""
    known = held(world, session.tariff_snapshot_id)
    currency, tax = USUAL_CURRENCY, USUAL_TAX
    if known is not None:
        tariff, pricing = known
        currency, tax = tariff.currency, pricing.get("taxID") or USUAL_TAX
    correction = accounts.correction_of(world, session)
    if correction and correction.currency:
        currency = correction.currency
    if correction and correction.amount is not None:
        whole = Part("flat", "session", Decimal(1), correction.amount, correction.amount)
        return Bill(currency, tax, (whole,))
    return Bill(currency, tax, _parts(world, session, *known) if known else ())


def _parts(
    world: Any, session: Session, tariff: Tariff, pricing: dict[str, Any]
) -> tuple[Part, ...]:
    """Return the parts of a bill; of what was measured they are kept, for the meter forgets."""
    kwh = str(accounts.energy_kwh(world, session))
    kept = world.keepsakes.get(f"{KEPT}{session.id}")
    is_over = world.clock.now() >= session.stops_at
    if kept and is_over and kept.content["kwh"] == kwh:
        return tuple(Part(*names, *map(Decimal, rest)) for *names, rest in kept.content["parts"])
    charge = charge_of(world, session)
    rate = _rate(world, session, pricing)
    parts = parts_of(Fees(tariff, pricing, charge.starts_at, charge.zone, rate), charge)
    if is_over and charge.is_measured:
        told = [
            [part.type, part.unit, [str(part.quantity), str(part.each), str(part.price)]]
            for part in parts
        ]
        world.keep(Keepsake(f"{KEPT}{session.id}", {"kwh": kwh, "parts": told}))
    return parts


def _rate(world: Any, session: Session, pricing: dict[str, Any]) -> Rate | None:
    """Return what electricity costs where a session is, for tariffs that follow it."""
    pk = pricing.get("fallbackElectricityRateId")
    if pricing.get("chargePointElectricityRate"):
        point = world.charge_points.get(session.charge_point_id)
        pk = point.rate_id if point else None
    rate: Rate | None = world.rates.get(pk)
    return rate
