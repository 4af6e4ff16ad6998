"""Sets what a cost centre, or the whole fleet, may spend in a month."""

from decimal import Decimal

from django.db import IntegrityError, transaction

from charging.models import Budget, CostCentre
from drivers.models import Fleet


class BudgetTaken(Exception):
    """There is a budget for the same in this currency."""


def add_budget(
    fleet: Fleet,
    *,
    cost_centre: CostCentre | None,
    amount: Decimal,
    currency: str,
    warn_percent: int,
) -> Budget:
    """Raises BudgetTaken."""
    budget = Budget(
        fleet=fleet,
        cost_centre=cost_centre,
        amount=amount,
        currency=currency,
        warn_percent=warn_percent,
    )
    try:
        with transaction.atomic():
            budget.save()
    except IntegrityError:
        raise BudgetTaken from None
    return budget


def change_budget(budget: Budget, *, amount: Decimal, warn_percent: int) -> None:
    """What the fleet was told of this month stays told, whatever the amount is by now."""
    budget.amount, budget.warn_percent = amount, warn_percent
    budget.save(update_fields=["amount", "warn_percent"])


def remove_budget(budget: Budget) -> None:
    """Remove a budget, and what was told of it."""
    budget.delete()
