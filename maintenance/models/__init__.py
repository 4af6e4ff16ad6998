"""What the operator does about chargers and knows of their state."""

from maintenance.models.downtime import Downtime, DowntimeChange, DowntimeNotice

__all__ = ["Downtime", "DowntimeChange", "DowntimeNotice"]
