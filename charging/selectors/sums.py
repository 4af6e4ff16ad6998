"""What sessions come to, all together and by what they were for.

Sessions and energy are added over all; money only within a currency. Of many sessions the sums of
months are taken that somebody keeps, where the period is made of months and at most one driver,
vehicle, site or cost centre narrows it; else more than MOST_SUMMED of a long period are not summed.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Any

from django.db.models import Count, Q, QuerySet, Sum
from django.db.models.functions import Coalesce, TruncMonth

from charging.models import CostCentre, Session
from charging.selectors.filters import SessionFilter, narrowed_sessions
from charging.services import last_day_of, month_of
from drivers.models import Driver, Fleet
from sites.models import Location
from vehicles.models import Vehicle

# So many are summed with each look, though sums of them are kept: these are exact.
MOST_ANEW = 5_000
MOST_SUMMED = 100_000
# The room above that keeps sums of months says here how they are had: of a fleet, from one month to
# another (by their first days, None for an open end), by something or of all together; with a key,
# of that one thing alone. Each row is what `_summed` gives, with its group under “key”.
KeptSums = Callable[
    [Fleet, date | None, date | None, "By | None", int | None], Iterable[dict[str, Any]]
]
keepers: list[KeptSums] = []
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


# What names one of these in a filter.
KEYS = {
    By.DRIVER: "driver_key",
    By.VEHICLE: "vehicle_key",
    By.SITE: "site_key",
    By.COST_CENTRE: "cost_centre",
}


@dataclass(frozen=True, slots=True)
class Cost:
    """What sessions cost in one currency, with tax and without."""

    currency: str
    amount: Decimal
    amount_without_tax: Decimal


@dataclass(slots=True)
class Total:
    """What some sessions come to; `unpriced` of them have no price, or none yet.

    `is_kept` says that it was summed some minutes ago.
    """

    sessions: int = 0
    energy_kwh: Decimal = Decimal(0)
    unpriced: int = 0
    is_kept: bool = False
    costs: list[Cost] = field(default_factory=list)

    def add(self, row: dict[str, Any]) -> None:
        """Add what has been summed of one currency, of which nothing is in it yet."""
        self.sessions += row["sessions"]
        self.energy_kwh += row["energy"] or 0
        self.unpriced += row["sessions"] - row["priced"]
        # What goes on with a session of another group is no charge here, but what it cost is.
        if row["priced"] or row["cost"]:
            self.costs.append(Cost(row["currency"], row["cost"], row["net"]))


@dataclass(frozen=True, slots=True)
class Group:
    """Sessions that have something in common: its key, None where they have none, and its name."""

    key: int | date | None
    name: str
    total: Total


def total_of(fleet: Fleet, narrowed: SessionFilter) -> Total | None:
    """Return what sessions come to; None where there are too many of a long period."""
    kept = _kept(fleet, narrowed, None)
    if kept:
        return _together((row | {"key": None} for row in kept), is_kept=True)[None]
    sessions = narrowed_sessions(fleet, narrowed)
    if _are_too_many(sessions, narrowed):
        return None
    rows = [row | {"key": None} for row in _summed(sessions, "currency").order_by("currency")]
    return _together(rows).get(None, Total())


def groups_of(fleet: Fleet, narrowed: SessionFilter, by: By) -> list[Group] | None:
    """Return sessions put together: most energy first, months latest first.

    None where there are too many of a long period.
    """
    sessions = narrowed_sessions(fleet, narrowed)
    kept = _kept(fleet, narrowed, by)
    if kept:
        totals = _together(kept, is_kept=True)
    elif _are_too_many(sessions, narrowed):
        return None
    else:
        column = COLUMNS.get(by, "month")
        if by == By.MONTH:
            sessions = sessions.annotate(month=TruncMonth("local_day"))
        rows = _summed(sessions, column, "currency").order_by("currency")
        totals = _together(row | {"key": row[column]} for row in rows)
    names = _names(by, [key for key in totals if key is not None])
    groups = [Group(key, names.get(key, ""), total) for key, total in totals.items()]
    if by == By.MONTH:
        return sorted(groups, key=lambda group: str(group.key), reverse=True)
    return sorted(groups, key=lambda group: (-group.total.energy_kwh, group.name))


def _are_too_many(sessions: QuerySet[Session], narrowed: SessionFilter) -> bool:
    if narrowed.days is not None and narrowed.days <= SHORT_DAYS:
        return False
    return sessions.order_by()[: MOST_SUMMED + 1].count() > MOST_SUMMED


def _kept(fleet: Fleet, narrowed: SessionFilter, by: By | None) -> list[dict[str, Any]]:
    """Return the sums that somebody keeps of just these sessions, if they are many."""
    since, until = narrowed.since, narrowed.until
    of_months = (since is None or since.day == 1) and (until is None or until == last_day_of(until))
    only = None if by else _only(narrowed)
    if not (keepers and of_months and (only or narrowed.is_of_time_alone)):
        return []
    kind, key = only or (by, None)
    rows = list(keepers[0](fleet, since, month_of(until) if until else None, kind, key))
    return rows if sum(row["sessions"] for row in rows) > MOST_ANEW else []


def _only(narrowed: SessionFilter) -> tuple[By, int] | None:
    """Return the one thing whose sessions alone are wanted; None if more or else narrows them."""
    for by, name in KEYS.items():
        key = getattr(narrowed, name)
        if key is not None:
            without: dict[str, Any] = {name: None}
            rest = replace(narrowed, **without)
            return (by, key) if rest.is_of_time_alone else None
    return None


def _together(rows: Iterable[dict[str, Any]], *, is_kept: bool = False) -> dict[Any, Total]:
    """Return totals by their key, each of all currencies."""
    totals: dict[Any, Total] = {}
    for row in rows:
        totals.setdefault(row["key"], Total(is_kept=is_kept)).add(row)
    return totals


def _summed(sessions: QuerySet[Session], *columns: str) -> QuerySet[Session, dict[str, Any]]:
    return sessions.values(*columns).annotate(
        # What goes on with another one, after its connection was lost, is no charge of its own.
        sessions=Count("pk", filter=Q(continues="")),
        priced=Count("pk", filter=Q(amount__isnull=False, continues="")),
        energy=Sum("energy_kwh"),
        cost=Sum("amount"),
        # Where the operator names no amount without tax, there is none on it.
        net=Sum(Coalesce("amount_without_tax", "amount")),
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
