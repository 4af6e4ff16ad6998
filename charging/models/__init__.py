"""What a fleet's drivers charged, booked or not, what it cost, and who bears it."""

from charging.models.cost_centres import Budget, BudgetWarning, CostCentre
from charging.models.sessions import Assignment, MonthChange, Session, Transaction

__all__ = [
    "Assignment",
    "Budget",
    "BudgetWarning",
    "CostCentre",
    "MonthChange",
    "Session",
    "Transaction",
]
