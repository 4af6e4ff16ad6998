"""What a slot costs by a tariff. Pure: no database, no calls."""

from tariffs.engine.estimate import Tax, estimate
from tariffs.engine.terms import terms

__all__ = ["Tax", "estimate", "terms"]
