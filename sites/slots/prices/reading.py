"""What slots cost for drivers, by the tariffs of chargers; nothing where these are not known."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from django.db.models import Case, Value, When

from drivers.models import Driver, Fleet
from drivers.permissions import DriverOffer, current_drivers
from shell.remembered import remembered
from sites.models import Evse
from sites.slots.prices.appetite import Appetite
from sites.slots.prices.price import Price, together
from tariffs.estimates import Estimate, Need
from tariffs.selectors import Tariffs, tariffs_for_drivers


class Prices:
    """Estimates of slots, by the tariffs of drivers (AMPECO user ids). Asks nobody."""

    def __init__(self, tariffs: Mapping[int, Tariffs]) -> None:
        self._tariffs = tariffs
        self._known: dict[tuple[object, ...], Estimate | None] = {}

    def __bool__(self) -> bool:
        return any(self._tariffs.values())

    def of(
        self,
        evses: Sequence[Evse],
        *,
        driver: Driver | None,
        appetite: Appetite,
        start_at: datetime,
        end_at: datetime,
        zone: ZoneInfo,
    ) -> Price | None:
        """Return what a slot costs at a charger, or at one of several that may be given.

        `zone` is that of their site, on whose clocks prices change. None where nobody knows, for
        one of them at least, or where nothing can be charged.
        """
        if driver is None or start_at >= end_at:
            return None
        estimates = []
        need = None
        for evse in evses:
            need = appetite.at(evse)
            if need is None:
                return None
            found = self._estimate(evse, driver, need, start_at, end_at, zone)
            if found is None:
                return None
            estimates.append(found)
        if not estimates:
            return None
        notes = [appetite.basis] if appetite.basis else []
        return together(estimates, need=need if len(evses) == 1 else None, notes=notes)

    def _estimate(
        self,
        evse: Evse,
        driver: Driver,
        need: Need,
        start_at: datetime,
        end_at: datetime,
        zone: ZoneInfo,
    ) -> Estimate | None:
        group, user = evse.ampeco_tariff_group_id, driver.ampeco_user_id
        tariffs = self._tariffs.get(user)
        if group is None or tariffs is None:
            return None
        asked = (group, user, start_at, end_at, zone.key, need)
        if asked not in self._known:
            applies = tariffs.on(group, start_at.astimezone(zone).date())
            self._known[asked] = applies.estimate(
                start_at=start_at, end_at=end_at, zone=zone, need=need
            )
        return self._known[asked]


def read_prices(wanted: Iterable[tuple[Evse, Driver | None]], *, may_ask: bool = True) -> Prices:
    """Return what is needed to say what drivers pay at chargers.

    Costs no query where no charger has a tariff group, and no call without `may_ask`; with it two
    at most, for the first driver.
    """
    groups: dict[int, set[int]] = defaultdict(set)
    for evse, driver in wanted:
        if driver is not None and evse.ampeco_tariff_group_id is not None:
            groups[driver.ampeco_user_id].add(evse.ampeco_tariff_group_id)
    return Prices(tariffs_for_drivers(groups, may_ask=may_ask))


@remembered(seconds=60)
def _any_payer(fleet: int) -> Driver | None:
    """Return somebody by whom the fleet's prices are estimated, whoever comes to charge."""
    drivers = current_drivers(fleet).filter(status=Driver.Status.ENABLED)
    return drivers.order_by("pk").first()


def payer_of(fleet: Fleet, pk: int | None = None) -> Driver | None:
    """Return the driver with that key; one who may stand for the fleet's drivers without."""
    if pk is None:
        return _any_payer(fleet.pk)
    drivers = current_drivers(fleet).filter(status=Driver.Status.ENABLED)
    named_first = Case(When(pk=pk, then=Value(0)), default=Value(1))
    return drivers.order_by(named_first, "pk").first()


def payer_in(offer: DriverOffer) -> tuple[Driver | None, bool]:
    """Return the driver that is chosen in a form, or else one who may stand for all of them."""
    able = [
        driver
        for driver in offer.drivers
        if driver.status == Driver.Status.ENABLED and driver.pk not in offer.without_access
    ]
    chosen = next((driver for driver in offer.drivers if driver.pk == offer.chosen), None)
    return (chosen, True) if chosen else (next(iter(able), None), False)
