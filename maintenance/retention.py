"""Forgets what was read of chargers when it is old."""

from datetime import datetime

from maintenance.mirroring.health import SPAN
from maintenance.models import Occupancy, StatusEntry

# So that no statement holds many rows for long.
MOST_AT_ONCE = 5000


def forget_old(*, now: datetime) -> int:
    """Delete logs and use older than 90 days, some thousands at a time; return how many."""
    gone = 0
    for rows in (
        StatusEntry.objects.filter(at__lt=now - SPAN),
        Occupancy.objects.filter(started_at__lt=now - SPAN),
    ):
        old = list(rows.order_by().values_list("pk", flat=True)[:MOST_AT_ONCE])
        gone += rows.model._default_manager.filter(pk__in=old).delete()[0]
    return gone
