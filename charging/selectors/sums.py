"""What sessions come to, all together and by what they were for.

Sessions and energy are added over all; money only within a currency. Of a long period that leaves
more than MOST_SUMMED sessions nothing is summed: that is for the reports, which keep sums.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Any

from django.db.models import Count, Q, QuerySet, Sum
from django.db.models.functions import TruncMonth

from charging.models import CostCentre, Session
from charging.selectors.filters import SessionFilter, narrowed_sessions
from drivers.models import Driver, Fleet
from sites.models import Location
from vehicles.models import Vehicle

MOST_SUMMED = 100_000
# As long as any month with its neighbours: it is summed without counting first.
SHORT_DAYS = 93


class By(StrEnum):
    """What sessions can be put together by."""

    DRIVER = "driver"
    VEHICLE = "vehicle"
    SITE = "site"
    COST_CENTRE = "cost-centre"
    MONTH = "month"


COLUMNS = {
    By.DRIVER: "driver_id",
    By.VEHICLE: "vehicle_id",
    By.SITE: "location_id",
    By.COST_CENTRE: "cost_centre_id",
}


@dataclass(frozen=True, slots=True)
class Cost:
    """What sessions cost in one currency, with tax and without."""

    currency: str
    amount: Decimal
    amount_without_tax: Decimal


@dataclass(slots=True)
class Total:
    """What some sessions come to; `unpriced` of them have no price, or none yet."""

    sessions: int = 0
    energy_kwh: Decimal = Decimal(0)
    unpriced: int = 0
    costs: list[Cost] = field(default_factory=list)

    def add(self, row: dict[str, Any]) -> None:
        """Add what the database has summed of one currency."""
        self.sessions += row["sessions"]
        self.energy_kwh += row["energy"] or 0
        self.unpriced += row["sessions"] - row["priced"]
        if row["priced"]:
            self.costs.append(Cost(row["currency"], row["cost"], row["net"] or Decimal(0)))


@dataclass(frozen=True, slots=True)
class Group:
    """Sessions that have something in common: its key, None where they have none, and its name."""

    key: int | date | None
    name: str
    total: Total


def total_of(fleet: Fleet, narrowed: SessionFilter) -> Total | None:
    """Return what sessions come to; None where there are too many of a long period."""
    sessions = narrowed_sessions(fleet, narrowed)
    if _are_too_many(sessions, narrowed):
        return None
    total = Total()
    for row in _summed(sessions, "currency").order_by("currency"):
        total.add(row)
    return total


def groups_of(fleet: Fleet, narrowed: SessionFilter, by: By) -> list[Group] | None:
    """Return sessions put together: most energy first, months latest first.

    None where there are too many of a long period.
    """
    sessions = narrowed_sessions(fleet, narrowed)
    if _are_too_many(sessions, narrowed):
        return None
    column = COLUMNS.get(by, "month")
    if by == By.MONTH:
        sessions = sessions.annotate(month=TruncMonth("local_day"))
    totals: dict[Any, Total] = {}
    for row in _summed(sessions, column, "currency").order_by("currency"):
        totals.setdefault(row[column], Total()).add(row)
    names = _names(by, [key for key in totals if key is not None])
    groups = [Group(key, names.get(key, ""), total) for key, total in totals.items()]
    if by == By.MONTH:
        return sorted(groups, key=lambda group: str(group.key), reverse=True)
    return sorted(groups, key=lambda group: (-group.total.energy_kwh, group.name))


def _are_too_many(sessions: QuerySet[Session], narrowed: SessionFilter) -> bool:
    if narrowed.days is not None and narrowed.days <= SHORT_DAYS:
        return False
    return sessions.order_by()[: MOST_SUMMED + 1].count() > MOST_SUMMED


def _summed(sessions: QuerySet[Session], *columns: str) -> QuerySet[Session, dict[str, Any]]:
    return sessions.values(*columns).annotate(
        sessions=Count("pk"),
        priced=Count("pk", filter=Q(amount__isnull=False)),
        energy=Sum("energy_kwh"),
        cost=Sum("amount"),
        net=Sum("amount_without_tax"),
    )


def _names(by: By, keys: Iterable[Any]) -> dict[Any, str]:
    """Return what the things are called; months are written by whoever shows them."""
    if by == By.MONTH:
        return {}
    keys = list(keys)
    if by == By.DRIVER:
        drivers = Driver.objects.in_bulk(keys)
        return {pk: driver.display_name for pk, driver in drivers.items()}
    if by == By.VEHICLE:
        return {pk: each.name for pk, each in Vehicle.objects.in_bulk(keys).items()}
    if by == By.SITE:
        return dict(Location.objects.filter(pk__in=keys).values_list("pk", "name"))
    return {pk: str(each) for pk, each in CostCentre.objects.in_bulk(keys).items()}
