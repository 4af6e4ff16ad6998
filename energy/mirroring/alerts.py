"""Alerts of a network."""

from datetime import datetime, timedelta

from energy.mirroring.turns import Outcome, Turn
from energy.mirroring.upserts import store
from energy.models import Alert

BACK = timedelta(hours=24)
RESOLVED = "Resolved"


def read_alerts(turn: Turn) -> Outcome:
    """Mirror the alerts of the last day, and older ones that are still open; one call.

    An open one that Ampcontrol no longer tells of is retired.
    """
    network = turn.place
    ours = Alert.objects.filter(network=network, retired_at=None)
    still_open = ours.exclude(status=RESOLVED).exclude(raised_at=None)
    oldest = still_open.order_by("raised_at").values_list("raised_at", flat=True).first()
    start = min(turn.now - BACK, oldest or turn.now)
    found = turn.client.alerts(network.remote_id, start=start, end=turn.now)
    records = {record.id: record for record in found}
    rows = [
        Alert(
            remote_id=record.id,
            remote_updated_at=record.updated_at,
            network=network,
            charge_point_remote_id=record.charge_point_id,
            connector_remote_id=record.connector_id,
            vehicle_remote_id=record.vehicle_id,
            name=record.name,
            category=record.category,
            urgency=record.urgency,
            status=record.status,
            description=record.description,
            raised_at=record.raised_at,
        )
        for record in records.values()
    ]
    outcome = store("alerts", rows, model=Alert, now=turn.now)
    unseen = ours.exclude(status=RESOLVED).filter(read_at__lt=turn.now)
    outcome.counts["alerts"]["retired"] = unseen.update(retired_at=turn.now)
    return outcome


def retire_what_is_not_read(*, now: datetime) -> None:
    """Retire the open alerts of networks that are gone: nobody asks for them again."""
    gone = Alert.objects.filter(retired_at=None, network__retired_at__isnull=False)
    gone.exclude(status=RESOLVED).update(retired_at=now)
