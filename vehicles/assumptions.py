"""What is assumed of a vehicle where nobody has said, and what about its facts is odd."""

from django.utils.translation import gettext as _

from vehicles.facts import is_odd_vin
from vehicles.models import Vehicle


def assumptions_about(vehicle: Vehicle) -> list[str]:
    """Return in sentences what the portal takes for granted, the weightiest first."""
    told = []
    if not vehicle.plugs:
        told.append(
            _("Its plugs are not known: every charger counts as fitting, whatever its plug.")
        )
    if vehicle.ac_kw is None and vehicle.dc_kw is None:
        told.append(
            _(
                "Its power is not known: “any charger that fits” asks for no least and no most "
                "power."
            )
        )
    elif vehicle.ac_kw is None:
        told.append(_("Its AC power is not known: AC chargers of any power count."))
    elif vehicle.dc_kw is None:
        told.append(_("Its DC power is not known: DC chargers of any power count."))
    sizes = (vehicle.weight_kg, vehicle.height_cm, vehicle.length_cm, vehicle.width_cm)
    if any(size is None for size in sizes):
        told.append(
            _("Not all of its size and weight is known: what is missing counts as finding room.")
        )
    if not vehicle.ampeco_type:
        told.append(_("Its kind is not known: parking spaces for any kind count."))
    if vehicle.usual_driver is None:
        told.append(_("It has no usual driver: access to private chargers is not looked at."))
    return told


def hints_about(vehicle: Vehicle) -> list[str]:
    """Return what somebody might want to compare once more."""
    if vehicle.vin and is_odd_vin(vehicle.vin):
        return [
            _(
                "The VIN's check digit does not match the rest. Not all makers use one: please "
                "compare it with the papers."
            )
        ]
    return []
