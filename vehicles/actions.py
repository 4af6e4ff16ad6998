"""What managers do with vehicles: add, change, retire, bring back. Never deleted."""

from django.db import IntegrityError, transaction
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from drivers.models import Fleet
from mirror.search import search_key
from vehicles.models import Vehicle

NUMBER_TAKEN = "number"
PLATE_TAKEN = "plate"


class VehicleRefused(Exception):
    """What cannot be done to a vehicle. `field` is where it is to be said, "" for none."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field
        self.message = message


class ChangedMeanwhile(VehicleRefused):
    """Somebody else has changed the vehicle since it was seen; it has this `version` now."""

    def __init__(self, version: int) -> None:
        super().__init__(
            "",
            _(
                "Somebody else has changed this vehicle since you opened the page. Your entries "
                "are kept: send them again to put them in place of what is there now."
            ),
        )
        self.version = version


def save_vehicle(vehicle: Vehicle, *, user: User | None, seen_version: int | None = None) -> None:
    """Add a vehicle, or change one as it was at `seen_version`. Raises VehicleRefused."""
    vehicle.plate = plate_key(vehicle.plate)
    vehicle.vin = "".join(vehicle.vin.split()).upper()
    vehicle.search_text = search_text(vehicle)
    if not vehicle.is_retired:
        _check_names(vehicle)
    try:
        with transaction.atomic():
            if vehicle.pk is None:
                vehicle.created_by = user
                vehicle.save()
                return
            _save_if_unchanged(vehicle, seen_version)
    except IntegrityError:
        # Somebody else has just given one the same name.
        _check_names(vehicle)
        raise


def retire(vehicle: Vehicle) -> None:
    """Take a vehicle out of all lists to pick from; its bookings stay, and name it."""
    Vehicle.objects.filter(pk=vehicle.pk, retired_at=None).update(
        retired_at=timezone.now(), version=F("version") + 1
    )


def bring_back(vehicle: Vehicle) -> None:
    """Let a retired vehicle be picked again. Raises VehicleRefused if its name is taken by now."""
    _check_names(vehicle)
    try:
        with transaction.atomic():
            Vehicle.objects.filter(pk=vehicle.pk).update(retired_at=None, version=F("version") + 1)
    except IntegrityError:
        _check_names(vehicle)
        raise


def rename_cost_centre(fleet: Fleet, old: str, new: str) -> None:
    """Give the vehicles with one code of a cost centre another one; retired ones, too."""
    vehicles = Vehicle.objects.filter(fleet=fleet, cost_centre__iexact=old)
    renamed = list(vehicles.select_for_update().order_by("pk"))
    for vehicle in renamed:
        vehicle.cost_centre = new
        vehicle.search_text = search_text(vehicle)
        vehicle.version += 1
    Vehicle.objects.bulk_update(renamed, ["cost_centre", "search_text", "version"], batch_size=500)


def plate_key(plate: str) -> str:
    """Return a plate as it is kept: in capitals, with single spaces."""
    return " ".join(plate.split()).upper()


def search_text(vehicle: Vehicle) -> str:
    """Return what words are looked for in; a plate is found with its spaces and without."""
    return search_key(
        vehicle.number,
        vehicle.plate,
        "".join(sign for sign in vehicle.plate if sign.isalnum()),
        vehicle.vin,
        vehicle.make,
        vehicle.model,
        vehicle.cost_centre,
    )


def _check_names(vehicle: Vehicle) -> None:
    others = Vehicle.objects.filter(fleet=vehicle.fleet, retired_at=None).exclude(pk=vehicle.pk)
    same = others.filter(
        Q(number__iexact=vehicle.number)
        | (Q(plate__iexact=vehicle.plate) if vehicle.plate else Q(pk=None))
    ).first()
    if same is None:
        return
    if same.number.upper() == vehicle.number.upper():
        text = _("Your fleet already has a vehicle with this number: %(vehicle)s.")
        raise VehicleRefused(NUMBER_TAKEN, text % {"vehicle": same.name})
    text = _("Your fleet already has a vehicle with this plate: %(vehicle)s.")
    raise VehicleRefused(PLATE_TAKEN, text % {"vehicle": same.name})


def _save_if_unchanged(vehicle: Vehicle, seen_version: int | None) -> None:
    current = Vehicle.objects.select_for_update().get(pk=vehicle.pk)
    if seen_version is not None and current.version != seen_version:
        raise ChangedMeanwhile(current.version)
    vehicle.version = current.version + 1
    vehicle.retired_at = current.retired_at
    vehicle.save()
