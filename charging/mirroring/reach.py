"""From when on a fleet's sessions have been read without a gap."""

from datetime import datetime, timedelta

from django.conf import settings

from drivers.models import Fleet
from mirror.models import SyncRun

MONTH = timedelta(days=365.25 / 12)
# Since when, by noun, a run that reads all months has read: an instant in ISO 8601.
SINCE = "since"
SESSIONS = "sessions"


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
