"""From when on a fleet's sessions have been read without a gap, and are to be read."""

from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Min

from charging.mirroring.whose import NOTED_LATE
from drivers.models import Fleet, FleetDriver
from mirror.models import SyncRun
from mirror.runs import CLOCK_SKEW

MONTH = timedelta(days=365.25 / 12)
# Since when, by noun, a run that reads all months has read: an instant in ISO 8601.
SINCE = "since"
SESSIONS = "sessions"
# For which fleets, by their keys, a run stored nothing.
INACTIVE = "inactive_fleets"


def begin_of(started_at: datetime) -> datetime:
    """Return where a run that reads all months ends its way back."""
    kept = settings.RETENTION_MONTHS or settings.CHARGING_MONTHS
    return started_at - min(settings.CHARGING_MONTHS, kept) * MONTH


def read_since(fleet: Fleet) -> datetime | None:
    """Return since when all is read; None until the months before have been read for this fleet."""
    runs = SyncRun.objects.filter(
        kind=SyncRun.Kind.SESSIONS,
        state=SyncRun.State.FINISHED,
        updated_after=None,
        started_at__gte=fleet.created_at,
    )
    return min(map(_since, runs), default=None)


def _since(run: SyncRun) -> datetime:
    noted = run.counts.get(SINCE, {}).get(SESSIONS)
    return datetime.fromisoformat(noted) if noted else begin_of(run.started_at)


def changes_after(last: SyncRun) -> datetime:
    """Return since when changes are to be read after a run: earlier for whom it passed over.

    What it read of drivers who came since, and of fleets that are active since, stored nothing, and
    does not change again. Of a fleet that was inactive for long no more than the last NOTED_LATE is
    read, on purpose: what its drivers charged meanwhile was not for the portal to keep.
    """
    found = [last.started_at]
    # Who came right before it may not have been there yet when it looked.
    came = FleetDriver.objects.filter(
        fleet__is_active=True, added_at__gt=last.started_at - CLOCK_SKEW
    )
    first: datetime | None = came.aggregate(first=Min("added_at"))["first"]
    if first is not None:
        found.append(first - NOTED_LATE)
    inactive = last.counts.get(INACTIVE, [])
    if Fleet.objects.filter(is_active=True, pk__in=inactive).exists():
        found.append(last.started_at - NOTED_LATE)
    return min(found)
