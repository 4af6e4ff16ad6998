"""What slots cost for one driver and what they drive."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _

from drivers.models import Driver
from sites.models import Evse
from sites.slots.prices.appetite import Appetite, share_charged
from sites.slots.prices.price import Price
from sites.slots.prices.reading import Prices, read_prices


@dataclass(frozen=True, slots=True)
class Costs:
    """What chargers cost for a driver; `is_named` says that somebody has said who drives."""

    prices: Prices
    driver: Driver | None
    is_named: bool = True
    appetite: Appetite = field(default_factory=Appetite)

    def __bool__(self) -> bool:
        return bool(self.prices)

    @property
    def for_whom(self) -> str:
        if self.is_named and self.driver:
            text = _("Prices are estimates for %(driver)s, with tax.")
            return text % {"driver": self.driver.display_name}
        return _("Prices are estimates for the drivers of your fleet, with tax.")

    @property
    def why_forbidden(self) -> str:
        """What is said of a charger where the driver may not charge."""
        if self.is_named and self.driver:
            text = _("%(driver)s may not charge here: the operator’s tariff does not allow it.")
            return text % {"driver": self.driver.display_name}
        return _("Not all drivers may charge here: the operator’s tariff does not allow it.")

    def of(
        self, evses: Sequence[Evse], start_at: datetime, length: timedelta, *, zone: ZoneInfo
    ) -> Price | None:
        """Return what a slot costs at one of several chargers; None if nobody knows."""
        return self.prices.of(
            evses,
            driver=self.driver,
            appetite=self.appetite,
            start_at=start_at,
            end_at=start_at + length,
            zone=zone,
        )

    def of_starts(
        self,
        evses: Sequence[Evse],
        starts: Sequence[datetime],
        length: timedelta,
        *,
        zone: ZoneInfo,
    ) -> tuple[Price | None, dict[datetime, str]]:
        """Return what the first start costs, and in words what each does where that differs."""
        found = {start: self.of(evses, start, length, zone=zone) for start in starts}
        texts = {start: price.text for start, price in found.items() if price and price.text}
        differ = len(set(texts.values())) > 1
        return (found[starts[0]] if starts else None), (texts if differ else {})

    def share(self, evse: Evse, length: timedelta) -> Decimal:
        """Return how much of what is needed is charged in that time, 1 at most."""
        need = self.appetite.at(evse)
        return share_charged(need, length) if need else Decimal(0)


def costs_for(
    evses: Iterable[Evse],
    driver: Driver | None,
    *,
    is_named: bool = True,
    appetite: Appetite | None = None,
) -> Costs:
    """Return what some chargers cost for a driver; reads their tariffs, see `read_prices`."""
    prices = read_prices((evse, driver) for evse in evses)
    return Costs(prices, driver, is_named, appetite or Appetite())
