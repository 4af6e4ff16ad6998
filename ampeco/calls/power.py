"""How much power there is, and what it costs the operator."""

from collections.abc import Iterator

from ampeco.calls.base import Calls
from ampeco.resources import items_of
from ampeco.types import Circuit, ElectricityRate, Page, PriceDay
from upstream.transport import id_in_path

CIRCUITS = "resources/circuits/v2.0"
ELECTRICITY_RATES = "resources/electricity-rates/v2.0"


class PowerCalls(Calls):
    """Calls about circuits and electricity rates."""

    def circuit_pages(self) -> Iterator[Page[Circuit]]:
        """Yield the pages of the circuits that charge points share, each with those.

        Raises UpstreamForbidden for tokens that may not read them.
        """
        return self._resources.pages(
            "circuit_pages", CIRCUITS, Circuit.from_payload, include="chargePointPriorities"
        )

    def electricity_rate_pages(self) -> Iterator[Page[ElectricityRate]]:
        """Yield the pages of what electricity costs the operator.

        Raises UpstreamForbidden for tokens that may not read that.
        """
        return self._resources.pages(
            "electricity_rate_pages", ELECTRICITY_RATES, ElectricityRate.from_payload
        )

    def price_days(self, electricity_rate_id: int) -> list[PriceDay]:
        """Return the prices of a rate, by weekday and by date, on the clock of the site."""
        pages = self._resources.pages(
            "price_days",
            f"{ELECTRICITY_RATES}/{id_in_path(electricity_rate_id)}/price-periods",
            PriceDay.from_payload,
            per_page=None,
        )
        return list(items_of(pages))
