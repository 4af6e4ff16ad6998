"""Chargers and vehicles to choose from in a form: those that do not fit last, each with why."""

from collections.abc import Iterable
from typing import Any

from django.utils.translation import gettext as _

from sites.models import Evse
from vehicles.fitting import misfit
from vehicles.models import Vehicle

Choices = list[tuple[Any, Any]]


def charger_choices(vehicle: Vehicle | None, evses: Iterable[Evse], *, any_label: str) -> Choices:
    """Return the chargers for a vehicle, if one is known, after that for any of them."""
    reasons = [(evse, misfit(vehicle, evse) if vehicle else "") for evse in evses]
    return parted([(str(evse.pk), evse.name, reason) for evse, reason in reasons], any_label)


def vehicle_choices(evse: Evse | None, vehicles: Iterable[Vehicle], *, none_label: str) -> Choices:
    """Return the vehicles for a charger, if one is known, after that for none of them."""
    reasons = [(vehicle, misfit(vehicle, evse) if evse else "") for vehicle in vehicles]
    return parted(
        [(str(vehicle.pk), vehicle.name, reason) for vehicle, reason in reasons], none_label
    )


def parted(named: Iterable[tuple[str, str, str]], none_label: str = "") -> Choices:
    """Return what has no reason against it, after that for none where there is one; then the rest.

    Each is a key, a name and a reason.
    """
    fitting: Choices = [("", none_label)] if none_label else []
    others: Choices = []
    for key, name, reason in named:
        if reason:
            others.append((key, f"{name}: {reason}"))
        else:
            fitting.append((key, name))
    return [*fitting, (_("Does not fit"), others)] if others else fitting
