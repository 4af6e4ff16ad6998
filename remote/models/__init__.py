"""What chargers are told from afar."""

from remote.models.action import RemoteAction, RemoteActionEvent
from remote.models.running import RunningBooking

__all__ = ["RemoteAction", "RemoteActionEvent", "RunningBooking"]
