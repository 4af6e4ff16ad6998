"""Whether a vehicle finds room where it would charge, as far as anybody has said."""

from collections.abc import Iterator

from django.utils.formats import number_format
from django.utils.translation import gettext as _

from ampeco.types import ParkingSpaceCriteria
from sites.models import Evse, ParkingLimits, ParkingSpace

# For `prefetch_related` of EVSEs: then what is asked here reads nothing.
PREFETCH = ("parking_spaces__limits",)


def why_no_room(needs: ParkingSpaceCriteria, evse: Evse) -> str:
    """Return in a sentence why none of a charger's parking spaces will do; "" where one may.

    A charger of which no space is known may have any; so may a space of which nothing is said.
    """
    spaces = [space for space in evse.parking_spaces.all() if space.retired_at is None]
    if not spaces:
        return ""
    in_service = [space for space in spaces if space.is_in_service]
    if not in_service:
        return _("The parking space here is out of service.")
    reasons = [next(_lacking(needs, space), "") for space in in_service]
    return "" if "" in reasons else reasons[0]


def _lacking(needs: ParkingSpaceCriteria, space: ParkingSpace) -> Iterator[str]:
    limits: ParkingLimits | None = getattr(space, "limits", None)
    if limits is None:
        return
    if _exceeds(needs.length_cm, limits.max_length_cm):
        yield _(
            "The parking space takes vehicles of up to %(most)s m, this one is %(is)s m long."
        ) % (_metres(limits.max_length_cm, needs.length_cm))
    if _exceeds(needs.height_cm, limits.max_height_cm):
        yield _("There is room for up to %(most)s m of height, this vehicle has %(is)s m.") % (
            _metres(limits.max_height_cm, needs.height_cm)
        )
    if _exceeds(needs.width_cm, limits.max_width_cm):
        yield _("The parking space is %(most)s m wide, this vehicle %(is)s m.") % (
            _metres(limits.max_width_cm, needs.width_cm)
        )
    if _exceeds(needs.weight_kg, limits.max_weight_kg):
        yield _("The parking space takes up to %(most)d kg, this vehicle weighs %(is)d kg.") % {
            "most": limits.max_weight_kg,
            "is": needs.weight_kg,
        }
    types = limits.vehicle_types
    if needs.vehicle_type and types and needs.vehicle_type not in types:
        yield _("The parking space is for other kinds of vehicles.")
    if needs.drive_through and limits.drive_through is False:
        yield _("One cannot drive through the parking space.")
    if needs.refrigeration_outlet and limits.refrigeration_outlet is False:
        yield _("The parking space has no outlet for refrigeration.")
    if needs.dangerous_goods and limits.dangerous_goods is False:
        yield _("Dangerous goods are not allowed in the parking space.")


def _exceeds(needed: int | None, most: int | None) -> bool:
    return needed is not None and most is not None and needed > most


def _metres(most: int | None, needed: int | None) -> dict[str, str]:
    return {"most": _in_metres(most), "is": _in_metres(needed)}


def _in_metres(centimetres: int | None) -> str:
    return number_format((centimetres or 0) / 100, 2)
