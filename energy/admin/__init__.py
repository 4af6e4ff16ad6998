"""Smart charging in the back office."""

from energy.admin.mirrored import (
    AlertAdmin,
    NetworkAdmin,
    ReadingAdmin,
    RemoteVehicleAdmin,
    SessionAdmin,
)

__all__ = ["AlertAdmin", "NetworkAdmin", "ReadingAdmin", "RemoteVehicleAdmin", "SessionAdmin"]
