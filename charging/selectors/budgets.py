"""Budgets, and what is spent of them in a month."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.db.models import F, QuerySet, Sum

from charging.models import Budget
from charging.selectors.filters import SessionFilter, narrowed_sessions
from charging.services import last_day_of
from drivers.models import Fleet


@dataclass(frozen=True, slots=True)
class Spending:
    """A budget, and what of it is spent in a month."""

    budget: Budget
    month: date
    spent: Decimal

    @property
    def last_day(self) -> date:
        return last_day_of(self.month)

    @property
    def percent(self) -> int:
        """Rounded down, so that 100 is said only of all of it."""
        return int(self.spent * 100 / self.budget.amount) if self.budget.amount else 100

    @property
    def left(self) -> Decimal:
        return self.budget.amount - self.spent

    @property
    def overspent_by(self) -> Decimal:
        return -self.left

    @property
    def is_overspent(self) -> bool:
        return self.spent > self.budget.amount

    @property
    def is_warned(self) -> bool:
        return self.spent >= self.budget.warned_from


def budgets_of(fleet: Fleet) -> QuerySet[Budget]:
    """Return a fleet's budgets: that of the whole fleet first, then by the cost centre's code."""
    return (
        Budget.objects.filter(fleet=fleet)
        .select_related("cost_centre", "fleet")
        .order_by(F("cost_centre__code").asc(nulls_first=True), "currency", "pk")
    )


def spending_of(fleet: Fleet, month: date, budgets: Iterable[Budget]) -> list[Spending]:
    """Return what is spent of budgets in a month (by its first day); costs one query."""
    of_month = SessionFilter(since=month, until=last_day_of(month))
    rows = (
        narrowed_sessions(fleet, of_month)
        .filter(amount__isnull=False)
        .values_list("cost_centre_id", "currency")
        .annotate(spent=Sum("amount"))
        .order_by()
    )
    spent: dict[tuple[int | None, str], Decimal] = {}
    # Under None: what the whole fleet has spent, with and without a cost centre.
    for cost_centre, currency, amount in rows:
        for key in {cost_centre, None}:
            spent[key, currency] = spent.get((key, currency), Decimal(0)) + amount
    return [
        Spending(budget, month, spent.get((budget.cost_centre_id, budget.currency), Decimal(0)))
        for budget in budgets
    ]
