"""Notices that budgets are nearly spent, or overspent, and tells the fleet: once a month each."""

from collections.abc import Iterable
from datetime import date, datetime, timedelta

from django.db import transaction
from django.utils import timezone

from charging.models import Budget, BudgetWarning
from charging.selectors.budgets import Spending, budgets_of, spending_of
from charging.selectors.filters import EARLIER
from charging.services import month_of
from drivers.models import Fleet
from notifications.recipients import plan_for_budget

Level = BudgetWarning.Level
# What began on the last days of a month is heard of so much later.
STRAGGLERS = timedelta(days=3)


def watch_budgets(fleets: Iterable[int] | None = None, *, now: datetime | None = None) -> int:
    """Look at the budgets of fleets, of all without any named; return how many warnings are new.

    Costs a query for all fleets, and three for each that has budgets.
    """
    now = now or timezone.now()
    watched = Fleet.objects.filter(is_active=True, pk__in=Budget.objects.order_by().values("fleet"))
    if fleets is not None:
        watched = watched.filter(pk__in=list(fleets))
    new = 0
    for fleet in watched.order_by("pk"):
        budgets = list(budgets_of(fleet))
        for month in _months(now):
            for spending in spending_of(fleet, month, budgets):
                new += _note(spending, now=now)
    return new


def _months(now: datetime) -> list[date]:
    """Return the months in which sessions may have changed lately, wherever their sites are."""
    instants = (now - STRAGGLERS, now + EARLIER)
    return sorted({month_of(instant.date()) for instant in instants})


def _note(spending: Spending, *, now: datetime) -> bool:
    """Write that a budget has come so far, and whom to tell; return whether that is new.

    What is overspent at once needs no warning before.
    """
    if not spending.is_warned:
        return False
    level = Level.OVERSPENT if spending.is_overspent else Level.WARNED
    budget = spending.budget
    noted = BudgetWarning.objects.filter(budget=budget, month=spending.month)
    if noted.filter(level__in=[level, Level.OVERSPENT]).exists():
        return False
    with transaction.atomic():
        warning, is_new = BudgetWarning.objects.get_or_create(
            budget=budget,
            month=spending.month,
            level=level,
            defaults={
                "spent": spending.spent,
                "amount": budget.amount,
                "currency": budget.currency,
                "at": now,
            },
        )
        if is_new:
            plan_for_budget(warning)
    return is_new
