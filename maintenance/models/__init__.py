"""What the operator does about chargers and knows of their state."""

from maintenance.models.downtime import Downtime, DowntimeChange, DowntimeNotice
from maintenance.models.health import (
    Firmware,
    Health,
    Occupancy,
    StatusEntry,
    VendorErrorCode,
)

__all__ = [
    "Downtime",
    "DowntimeChange",
    "DowntimeNotice",
    "Firmware",
    "Health",
    "Occupancy",
    "StatusEntry",
    "VendorErrorCode",
]
