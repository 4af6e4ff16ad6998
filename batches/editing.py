"""What people change in a table that is not sent yet. Each change makes it another version."""

import hashlib
from collections import defaultdict
from collections.abc import Collection
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext as _

from batches.checks import rows_of
from batches.models import Batch, BatchRow
from batches.proposing import propose_rows
from batches.services import BatchRefused
from bookings.actions.candidate import refused_while_held
from sites.models import Location
from sites.periods import Period
from vehicles.models import Vehicle

# What the form of a row shows, and what is written by it.
SHOWN = ("vehicle_id", "driver_id", "location_id", "evse_id", "start_at", "end_at", "reference")


def mark_of(row: BatchRow) -> str:
    """Return by what is told whether a row is still as a form showed it."""
    values = repr([str(getattr(row, name)) for name in SHOWN])
    return hashlib.sha256(values.encode()).hexdigest()[:16]


@refused_while_held()
@transaction.atomic
def change_row(batch: Batch, key: int, *, seen: str, **changes: Any) -> None:
    """Change a row as long as it is as it was `seen`: by its mark, or "" where that is not known.

    Raises BatchRefused (`stale`) for one that somebody has changed since; others may have changed.
    The same change twice is none.
    """
    _hold_draft(batch)
    rows = batch.rows.filter(pk=key)
    if seen and mark_of(rows.get()) != seen and not rows.filter(**changes).exists():
        text = _(
            "This row has changed since you opened it. Your entries are kept: save them again to "
            "put them in place of what is there now."
        )
        raise BatchRefused("stale", text, changed=[key])
    rows.update(**changes)


@refused_while_held()
@transaction.atomic
def change_rows(batch: Batch, keys: Collection[int] | None, **changes: Any) -> int:
    """Change rows, all that are to be asked for where none are named; return how many."""
    _hold_draft(batch)
    which = {"state": BatchRow.State.PROPOSED} if keys is None else {"pk__in": keys}
    return batch.rows.filter(**which).update(**changes)


@refused_while_held()
@transaction.atomic
def change_periods(batch: Batch, periods: dict[int, Period]) -> None:
    """Give rows other times, by their keys."""
    _hold_draft(batch)
    rows = list(batch.rows.filter(pk__in=periods))
    for row in rows:
        row.start_at, row.end_at = periods[row.pk].start_at, periods[row.pk].end_at
    BatchRow.objects.bulk_update(rows, ["start_at", "end_at"])


def propose_anew(batch: Batch, *, now: datetime) -> None:
    """Look for chargers again, for the rows that are to be asked for and name a vehicle."""
    at_sites: dict[Location, list[tuple[BatchRow, Vehicle, Period]]] = defaultdict(list)
    for row in rows_of(batch):
        period = period_of(row)
        if row.state == BatchRow.State.PROPOSED and row.location and row.vehicle and period:
            at_sites[row.location].append((row, row.vehicle, period))
    changed = []
    for location, some in at_sites.items():
        wanted = [(vehicle, period) for _row, vehicle, period in some]
        proposed = propose_rows(batch.fleet, location, wanted, now=now)
        for (row, _vehicle, _period), wish in zip(some, proposed, strict=True):
            row.evse = wish.evse
            changed.append(row)
    with refused_while_held(), transaction.atomic():
        _hold_draft(batch)
        BatchRow.objects.bulk_update(changed, ["evse"])


def period_of(row: BatchRow) -> Period | None:
    if row.start_at is None or row.end_at is None or row.start_at >= row.end_at:
        return None
    return Period.between(row.start_at, row.end_at)


@refused_while_held()
@transaction.atomic
def discard(batch: Batch) -> None:
    _hold_draft(batch)
    Batch.objects.filter(pk=batch.pk).update(state=Batch.State.DISCARDED)


@refused_while_held()
@transaction.atomic
def rename(batch: Batch, name: str) -> None:
    """Call a draft something else; what it asks for stays as it is."""
    Batch.objects.filter(pk=batch.pk).exclude(state=Batch.State.DISCARDED).update(name=name[:80])


def _hold_draft(batch: Batch) -> None:
    """Make it another version for the rest of the transaction, if it is still a draft."""
    drafts = Batch.objects.filter(pk=batch.pk, state=Batch.State.DRAFT)
    if not drafts.update(version=F("version") + 1, changed_at=timezone.now()):
        raise BatchRefused("sent", _("This table is no draft any more, so nothing was changed."))
