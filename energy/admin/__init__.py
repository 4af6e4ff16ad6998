"""Smart charging in the back office."""

from energy.admin.departures import DepartureAdmin, PassedOnAdmin, TellingAdmin
from energy.admin.mirrored import (
    AlertAdmin,
    NetworkAdmin,
    ReadingAdmin,
    RemoteVehicleAdmin,
    SessionAdmin,
)

__all__ = [
    "AlertAdmin",
    "DepartureAdmin",
    "NetworkAdmin",
    "PassedOnAdmin",
    "ReadingAdmin",
    "RemoteVehicleAdmin",
    "SessionAdmin",
    "TellingAdmin",
]
