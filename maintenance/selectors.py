"""Questions about how chargers have been doing."""

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from django.db.models import Count, QuerySet, Sum

from drivers.models import Fleet
from maintenance.models import Firmware, Health, Occupancy, StatusEntry
from maintenance.uptime import Entry, uptime
from sites.models import ChargePoint, Evse

# Over how long a charger is judged.
RECENT = timedelta(days=30)
FAULTED = "faulted"


def charge_points_of(fleet: Fleet) -> QuerySet[ChargePoint]:
    """Return the charge points that belong to a fleet's company, by site and name."""
    return (
        ChargePoint.objects.filter(ampeco_partner_id=fleet.ampeco_partner_id, retired_at=None)
        .select_related("location", "health")
        .order_by("location__name", "name", "pk")
    )


@dataclass(slots=True)
class Record:
    """How a charge point has been doing lately: use, faults, and the share of time it was up.

    `uptime` is that of all its EVSEs together, from 0 to 1; None where nothing is known of it.
    """

    charge_point: ChargePoint
    sessions: int = 0
    energy_kwh: Decimal = Decimal(0)
    faults: int = 0
    uptime: Decimal | None = None

    @property
    def health(self) -> Health | None:
        return getattr(self.charge_point, "health", None)


def records_of(charge_points: Collection[ChargePoint], *, now: datetime) -> list[Record]:
    """Return how charge points have been doing for thirty days, in four queries for all."""
    since = now - RECENT
    found = {one.pk: Record(one) for one in charge_points}
    evses: dict[int, list[int]] = defaultdict(list)
    rows = Evse.objects.filter(charge_point__in=found, retired_at=None)
    for pk, place in rows.order_by("pk").values_list("pk", "charge_point_id"):
        evses[place].append(pk)
    used = Occupancy.objects.filter(
        evse__charge_point__in=found, started_at__gte=since, started_at__lt=now
    ).order_by()
    for place, sessions, energy in used.values_list("evse__charge_point_id").annotate(
        Count("pk"), Sum("energy_kwh")
    ):
        found[place].sessions, found[place].energy_kwh = sessions, energy or Decimal(0)
    logs = logs_of(list(found))
    for place, record in found.items():
        connection = logs.get((place, None), [])
        own = evses[place] or [0]
        shares = [
            uptime(connection, logs.get((place, evse), []), since=since, until=now) for evse in own
        ]
        known = [share for share in shares if share is not None]
        record.uptime = sum(known, Decimal(0)) / len(known) if known else None
        record.faults = sum(
            status == FAULTED and at >= since
            for evse in evses[place]
            for at, status in logs.get((place, evse), [])
        )
    return list(found.values())


def logs_of(charge_points: Collection[int]) -> dict[tuple[int, int | None], list[Entry]]:
    """Return the logs that are kept, oldest first, by charge point and EVSE (or its connection)."""
    logs: dict[tuple[int, int | None], list[Entry]] = defaultdict(list)
    rows = StatusEntry.objects.filter(charge_point__in=charge_points).order_by("at", "pk")
    for place, evse, at, status in rows.values_list("charge_point_id", "evse_id", "at", "status"):
        logs[place, evse].append((at, status))
    return logs


def newest_firmware(health: Health | None) -> str:
    """Return the newest firmware for a charge point's model if it has another one, or ""."""
    if health is None or health.ampeco_model_id is None or not health.firmware_version:
        return ""
    newest = Firmware.objects.filter(ampeco_model_id=health.ampeco_model_id).first()
    return newest.version if newest and newest.version != health.firmware_version else ""
