"""What the operator accepted and refused for vehicles of a size, remembered site by site."""

import hashlib
import json
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db.models import BigIntegerField, F, QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from ampeco.types import ParkingSpaceCriteria
from drivers.models import Fleet
from mirror.written_once import written_once
from sites.models import Location
from vehicles.fitting import parking_needs
from vehicles.models import BayMemory, Vehicle


def key_of(needs: ParkingSpaceCriteria) -> str:
    """Return the text by which the same needs are found again; "" where there are none."""
    if not needs:
        return ""
    told = json.dumps(needs.to_payload(), sort_keys=True).encode()
    return hashlib.sha256(told).hexdigest()


def remember(
    *,
    fleet: Fleet,
    location: Location,
    needs: ParkingSpaceCriteria,
    approved: bool,
    reason: str,
    now: datetime,
) -> None:
    """Count a decision of the operator; meant for the transaction that records it."""
    key = key_of(needs)
    if not key:
        return
    memory, _is_new = BayMemory.objects.get_or_create(
        fleet=fleet, location=location, needs_key=key, defaults={"needs": needs.to_payload()}
    )
    row = BayMemory.objects.filter(pk=memory.pk)
    if approved:
        row.update(approved=F("approved") + 1, changed_at=now)
    else:
        row.update(refused=F("refused") + 1, last_reason=reason, refused_at=now, changed_at=now)


def memories_at(fleet: Fleet, location: Location) -> list[BayMemory]:
    """Return what is remembered of a site, the latest first."""
    return _at(fleet=fleet.pk, location=location.pk)


@written_once(fleet=BigIntegerField(), location=BigIntegerField())
def _at(fleet: Any, location: Any) -> QuerySet[BayMemory]:
    return BayMemory.objects.filter(fleet=fleet, location=location).order_by("-changed_at", "pk")


def memories_of(vehicle: Vehicle) -> list[BayMemory]:
    """Return what is remembered of vehicles of this size, site by site, the latest first."""
    key = key_of(parking_needs(vehicle))
    if not key:
        return []
    found = BayMemory.objects.filter(fleet=vehicle.fleet_id, needs_key=key)
    return list(found.select_related("location").order_by("-changed_at", "pk"))


def names_by_key(vehicles: Iterable[Vehicle]) -> dict[str, str]:
    """Return which vehicles have which needs: a few of their numbers."""
    numbers: dict[str, list[str]] = {}
    for vehicle in vehicles:
        numbers.setdefault(key_of(parking_needs(vehicle)), []).append(vehicle.number)
    named = {}
    for key, found in numbers.items():
        more = len(found) - 1
        named[key] = found[0]
        if more:
            text = ngettext("%(number)s and %(more)d other", "%(number)s and %(more)d others", more)
            named[key] = text % {"number": found[0], "more": more}
    return named


def verdict_text(memory: BayMemory) -> str:
    """Return in a sentence what was approved and refused, and the operator's last reason."""
    approved = ngettext("Approved once", "Approved %(count)d times", memory.approved) % {
        "count": memory.approved
    }
    refused = ngettext("refused once", "refused %(count)d times", memory.refused) % {
        "count": memory.refused
    }
    if not memory.refused:
        return _("%(approved)s.") % {"approved": approved}
    if not memory.approved:
        text = ngettext("Refused once", "Refused %(count)d times", memory.refused)
        told = text % {"count": memory.refused}
    else:
        told = _("%(approved)s, %(refused)s") % {"approved": approved, "refused": refused}
    if memory.last_reason:
        return _("%(told)s: “%(reason)s”") % {"told": told, "reason": memory.last_reason}
    return _("%(told)s.") % {"told": told}
