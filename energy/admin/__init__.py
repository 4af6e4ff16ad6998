"""Smart charging in the back office."""

from energy.admin.links import LinkAdmin
from energy.admin.mirrored import (
    AlertAdmin,
    NetworkAdmin,
    ReadingAdmin,
    RemoteVehicleAdmin,
    SessionAdmin,
)

__all__ = [
    "AlertAdmin",
    "LinkAdmin",
    "NetworkAdmin",
    "ReadingAdmin",
    "RemoteVehicleAdmin",
    "SessionAdmin",
]
