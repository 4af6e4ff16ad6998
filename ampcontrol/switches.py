"""What the portal may write to Ampcontrol: each is off until AMPCONTROL_WRITES names it."""

from enum import StrEnum


class Switch(StrEnum):
    """A kind of write."""

    DEPARTURES = "departures"  # a vehicle's departure, target and state of charge
    VEHICLES = "vehicles"  # vehicles that Ampcontrol does not know yet
    ROUTES = "routes"  # planned routes of ours
    STATES_OF_CHARGE = "states-of-charge"  # what somebody typed
    PRIORITIES = "priorities"  # a session's priority, by a person's click
    ALERTS = "alerts"  # staff acknowledge one


class WriteSwitchedOff(Exception):
    """A write was asked for that is not switched on; nothing was sent."""
