"""For whom a picker says what slots cost, and which of them costs less."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.http import QueryDict

from drivers.models import Fleet
from shell.keys import read_key
from sites.models import Evse
from sites.slots.fit import Fit
from sites.slots.prices.costs import Costs, costs_for
from sites.slots.prices.price import Price, costs_less
from sites.slots.prices.reading import payer_of

# So much later somebody might come instead.
LATER = timedelta(hours=6)


@dataclass(frozen=True, slots=True)
class Offer:
    """A start at a charger, and what it costs."""

    evse: Evse
    start_at: datetime
    price: Price


def read_costs(
    fleet: Fleet, evses: Sequence[Evse], params: QueryDict, fit: Fit | None
) -> Costs | None:
    """Return what chargers cost for whom a query string, or the vehicle in it, names.

    Where nobody is named, somebody of the fleet stands for all. None where nothing is known.
    """
    if not any(evse.ampeco_tariff_group_id for evse in evses):
        return None
    named = read_key(params.get("driver", ""))
    if named is None and fit:
        named = fit.driver
    driver = payer_of(fleet, named)
    if driver is None:
        return None
    appetite = fit.appetite if fit else None
    return costs_for(evses, driver, is_named=driver.pk == named, appetite=appetite) or None


def forbidden_at(
    costs: Costs, evses: Iterable[Evse], start_at: datetime, length: timedelta, *, zone: ZoneInfo
) -> dict[int, str]:
    """Return why the driver may not charge at some of the chargers, by key."""
    return {
        evse.pk: costs.why_forbidden
        for evse in evses
        if (price := costs.of([evse], start_at, length, zone=zone)) and price.may_not_charge
    }


def cheaper_offer(
    costs: Costs,
    fitting: Sequence[tuple[Evse, Sequence[datetime]]],
    length: timedelta,
    *,
    zone: ZoneInfo,
) -> tuple[Offer, Offer] | None:
    """Return what costs clearly less than the first start at the first charger, and that one.

    Full hours within LATER count, at chargers that give as much in that time. None where nothing
    does, or where it is not known what the first one costs.
    """
    first = next(((evse, starts[0]) for evse, starts in fitting if starts), None)
    price = costs.of([first[0]], first[1], length, zone=zone) if first else None
    if first is None or price is None or not price.is_known or price.is_free:
        return None
    wanted = Offer(*first, price)
    least = costs.share(wanted.evse, length)
    offers = [
        Offer(evse, start_at, found)
        for evse, starts in fitting
        if costs.share(evse, length) >= least
        for start_at in starts
        if start_at <= wanted.start_at + LATER
        if start_at == wanted.start_at or not start_at.minute
        if (found := costs.of([evse], start_at, length, zone=zone)) and found.is_known
    ]
    best = min(offers, key=lambda each: (each.price.most.total, each.start_at), default=wanted)
    return (best, wanted) if costs_less(best.price, wanted.price) else None
