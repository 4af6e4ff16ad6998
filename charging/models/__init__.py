"""What a fleet's drivers charged, booked or not, what it cost, and who bears it."""

from charging.models.cost_centres import Budget, CostCentre
from charging.models.sessions import MonthChange, Session, Transaction

__all__ = ["Budget", "CostCentre", "MonthChange", "Session", "Transaction"]
