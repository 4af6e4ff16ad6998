"""Makes departures of the weekly rules, some days ahead, by the clocks of the home sites."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import F, QuerySet
from django.utils import timezone

from energy.models import Departure, WeeklyDeparture
from shell.formats import instant
from shell.wall_clock import instants_of
from vehicles.models import Vehicle

# A week and a day: of each weekday there is one to come.
DAYS_AHEAD = 8
VEHICLES_AT_ONCE = 500
MINUTE = timedelta(minutes=1)


def zone_of(vehicle: Vehicle) -> ZoneInfo:
    """Return by which clocks a vehicle leaves: its home site's, else the portal's."""
    return vehicle.home_site.zone if vehicle.home_site else ZoneInfo(settings.DEFAULT_TIMEZONE)


def leaving_instant(day: date, clock: time, zone: ZoneInfo) -> datetime:
    """Return when a vehicle leaves that leaves at a time on a day: always one instant, in UTC.

    The first of two where the clocks are put back; where they skip the time, the moment at which
    they do: nobody is to wait for a vehicle that is not ready.
    """
    meant = instants_of(day, clock, zone)
    if meant:
        return meant[0]
    skipped = datetime.combine(day, clock)
    before, after = (skipped.replace(fold=fold, tzinfo=zone).astimezone(UTC) for fold in (1, 0))
    offset = after.astimezone(zone).utcoffset()
    # The change lies between them; the later one has the clocks' new offset.
    while after - before > MINUTE:
        middle = before + (after - before) // MINUTE // 2 * MINUTE
        if middle.astimezone(zone).utcoffset() == offset:
            after = middle
        else:
            before = middle
    return after


def make_weekly_departures(
    vehicles: QuerySet[Vehicle] | None = None, *, now: datetime | None = None
) -> int:
    """Let each rule have its departures; return how many were made, changed or taken back.

    Doing it twice, or two at once, makes nothing twice. Days that a person has set otherwise stay.
    """
    now = now or timezone.now()
    chosen = Vehicle.objects.all() if vehicles is None else vehicles
    chosen = chosen.filter(retired_at=None, weekly_departures__isnull=False).distinct()
    keys = list(chosen.order_by("pk").values_list("pk", flat=True))
    return sum(
        _make_for(keys[first : first + VEHICLES_AT_ONCE], now=now)
        for first in range(0, len(keys), VEHICLES_AT_ONCE)
    )


@dataclass(frozen=True, slots=True)
class _Wanted:
    vehicle_id: int
    day: date
    leaves_at: datetime
    target_percent: int | None


def _make_for(keys: list[int], *, now: datetime) -> int:
    vehicles = Vehicle.objects.filter(pk__in=keys).select_related("home_site").in_bulk()
    rules = WeeklyDeparture.objects.filter(vehicle__in=keys, is_off=False)
    wanted = {
        (each.vehicle_id, each.day): each
        for rule in rules
        for each in _wanted_by(rule, zone_of(vehicles[rule.vehicle_id]), now=now)
    }
    first_day = now.date() - timedelta(days=2)
    rows = Departure.objects.filter(vehicle__in=keys, weekly_day__gte=first_day)
    there = {(row.vehicle_id, row.weekly_day): row for row in rows if row.weekly_day}
    taken = set(
        Departure.objects.filter(
            vehicle__in=keys, leaves_at__gt=now, cancelled_at=None
        ).values_list("vehicle_id", "leaves_at")
    )
    changes = 0
    for row in there.values():
        rule = wanted.get((row.vehicle_id, row.weekly_day))  # type: ignore[arg-type]
        if not row.by_hand and row.leaves_at > now:
            changes += _follow(row, rule, now=now)
    made = [
        Departure(
            vehicle_id=each.vehicle_id,
            weekly_day=each.day,
            leaves_at=each.leaves_at,
            target_percent=each.target_percent,
            source=Departure.Source.WEEKLY,
        )
        for key, each in wanted.items()
        if key not in there and (each.vehicle_id, each.leaves_at) not in taken
    ]
    # Another worker may make them at the same time.
    Departure.objects.bulk_create(made, ignore_conflicts=True)
    return changes + len(made)


def _wanted_by(rule: WeeklyDeparture, zone: ZoneInfo, *, now: datetime) -> Iterable[_Wanted]:
    today = now.astimezone(zone).date()
    for ahead in range(DAYS_AHEAD + 1):
        day = today + timedelta(days=ahead)
        if day.weekday() != rule.weekday:
            continue
        leaves_at = leaving_instant(day, rule.leaves_at, zone)
        if leaves_at > now:
            yield _Wanted(rule.vehicle_id, day, leaves_at, rule.target_percent)


def _follow(row: Departure, wanted: _Wanted | None, *, now: datetime) -> int:
    """Let a departure that nobody has touched be as its rule says; return whether it was not."""
    if wanted is None:
        if row.cancelled_at:
            return 0
        facts: dict[str, object] = {"cancelled_at": now}
    else:
        facts = {
            "leaves_at": wanted.leaves_at,
            "target_percent": wanted.target_percent,
            "cancelled_at": None,
        }
        if all(getattr(row, name) == value for name, value in facts.items()):
            return 0
        facts["changed_from"] = {"leaves_at": instant(row.leaves_at)}
    try:
        with transaction.atomic():
            return Departure.objects.filter(pk=row.pk, version=row.version, by_hand=False).update(
                **facts, version=F("version") + 1, changed_at=now, changed_by=None, closed_at=None
            )
    except IntegrityError:
        # At that instant it leaves already, by what somebody has typed.
        return 0
