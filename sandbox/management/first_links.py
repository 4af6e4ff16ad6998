"""What of Ampcontrol is what of the demo's: as its staff have confirmed by the time it begins."""

from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts.models import User
from drivers.models import Fleet
from energy.models import Link
from sandbox.energy.cast import BY_KEY, SITES
from sandbox.energy.records import id_of
from sandbox.management.first_vehicles import FLEETS
from sites.models import Location
from vehicles.models import Vehicle

# These wait for staff, with what speaks for them.
LEFT_OPEN = frozenset({"Van 22", "Van 27"})


def confirm_first_links(staff: User) -> int:
    """Confirm the demo's sites and most of its vehicles, unless it was done; return how many."""
    pairs: list[tuple[str, str, dict[str, object]]] = []
    for site in SITES:
        location = Location.objects.filter(name__contains=site.location).first()
        if location is not None:
            ours: dict[str, object] = {"location": location}
            pairs.append((Link.Kind.NETWORK, id_of("network", site.key), ours))
    for partner_id, seeds in FLEETS.items():
        fleet = Fleet.objects.get(ampeco_partner_id=partner_id)
        numbers = [seed.number for seed in seeds if seed.number not in LEFT_OPEN]
        for vehicle in Vehicle.objects.filter(fleet=fleet, number__in=numbers):
            key = key_of(vehicle.number)
            if key in BY_KEY:
                ours = {"vehicle": vehicle, "fleet": fleet}
                pairs.append((Link.Kind.VEHICLE, id_of("vehicle", key), ours))
    return sum(_confirm(kind, remote_id, ours, staff) for kind, remote_id, ours in pairs)


def key_of(number: str) -> str:
    """Return what the simulated Ampcontrol calls one of the demo's vehicles."""
    return number.lower().replace(" ", "-")


def _confirm(kind: str, remote_id: str, ours: dict[str, object], staff: User) -> bool:
    """Confirm a link that nobody has decided about; return whether there was one to confirm."""
    decided = {
        "state": Link.State.CONFIRMED,
        "decided_by": staff,
        "decided_at": timezone.now(),
        "fleet": ours.get("fleet"),
    }
    pair = {name: each for name, each in ours.items() if name != "fleet"}
    try:
        with transaction.atomic():
            found = Link.objects.filter(kind=kind, remote_id=remote_id, **pair)
            if found.exists():
                return bool(
                    found.filter(state=Link.State.PROPOSED, decided_at=None).update(**decided)
                )
            Link.objects.create(
                kind=kind, remote_id=remote_id, **pair, **decided, evidence=["by-hand"]
            )
    except IntegrityError:
        # Somebody has linked one of the two with another one.
        return False
    return True
