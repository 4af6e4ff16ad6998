"""What the operator does about chargers and knows of their state."""

from maintenance.models.health import (
    Firmware,
    Health,
    Occupancy,
    StatusEntry,
    VendorErrorCode,
)

__all__ = ["Firmware", "Health", "Occupancy", "StatusEntry", "VendorErrorCode"]
