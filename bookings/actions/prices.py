"""What bookings would cost, as people are told before they ask for them."""

from collections import defaultdict
from collections.abc import Iterable
from decimal import Decimal

from bookings.actions.candidate import Candidate
from sites.slots.prices.price import Price, price_text
from sites.slots.prices.reading import read_prices
from vehicles.need import appetite_of


def tell_prices(candidates: Iterable[Candidate], *, may_ask: bool = True) -> None:
    """Tell each candidate what it costs, as far as its driver is known.

    Costs a few queries and calls whatever their number; without `may_ask` no call.
    """
    known = [each for each in candidates if each.driver]
    prices = read_prices(
        ((evse, each.driver) for each in known for evse in each.chargers), may_ask=may_ask
    )
    if not prices:
        return
    for each in known:
        each.price = prices.of(
            each.chargers,
            driver=each.driver,
            appetite=appetite_of(each.its_vehicle),
            start_at=each.slot.start_at,
            end_at=each.slot.end_at,
            zone=each.slot.location.zone,
        )


def sum_of(prices: Iterable[Price | None]) -> list[str]:
    """Return what all that is known costs together, by currency; in words, free ones left out."""
    least: dict[str, Decimal] = defaultdict(Decimal)
    most: dict[str, Decimal] = defaultdict(Decimal)
    for price in prices:
        if price is None or price.least.total is None or price.most.total is None:
            continue
        least[price.least.currency] += price.least.total
        most[price.most.currency] += price.most.total
    return [price_text(least[each], most[each], each) for each in sorted(most) if most[each]]
