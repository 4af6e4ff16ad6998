"""Writes AMPECO's records into our copies, by their ids, in few queries however many they are."""

from datetime import datetime
from typing import TypeVar

from mirror.fitting import fit
from mirror.models import Mirrored, SyncRun

Row = TypeVar("Row", bound=Mirrored)

BOOKKEEPING = ("ampeco_id", "synced_at", "seen_in_run", "retired_at")


def upsert(rows: list[Row], *, run: SyncRun, now: datetime) -> tuple[set[int], set[int]]:
    """Write rows by AMPECO id in three queries; return the ids that are new, and that changed.

    Meant for a transaction. A row that was retired is back; one that says nothing new is only
    noted as seen.
    """
    if not rows:
        return set(), set()
    model = type(rows[0])
    manager = model._default_manager
    fields = [
        field
        for field in model._meta.concrete_fields
        if not field.primary_key and field.name not in BOOKKEEPING
    ]
    by_id = {row.ampeco_id: row for row in rows}
    known = {
        row.ampeco_id: row
        for row in manager.select_for_update(no_key=True)
        .filter(ampeco_id__in=by_id)
        .order_by("ampeco_id")
    }
    new, changed = set(), set()
    for ampeco_id, row in by_id.items():
        row.synced_at, row.seen_in_run, row.retired_at = now, run, None
        fit(row)
        old = known.get(ampeco_id)
        if old is None:
            new.add(ampeco_id)
        elif old.retired_at or any(
            getattr(old, field.attname) != getattr(row, field.attname) for field in fields
        ):
            changed.add(ampeco_id)
    manager.bulk_create(
        [by_id[ampeco_id] for ampeco_id in sorted(new | changed)],
        update_conflicts=True,
        unique_fields=["ampeco_id"],
        update_fields=[
            *(field.name for field in fields),
            *(name for name in BOOKKEEPING if name != "ampeco_id"),
        ],
    )
    same = [row.pk for ampeco_id, row in known.items() if ampeco_id not in changed]
    manager.filter(pk__in=same).update(synced_at=now, seen_in_run=run)
    return new, changed


def retire_unseen(model: type[Mirrored], *, run: SyncRun, now: datetime) -> int:
    """Retire what a run that saw everything did not see; return how many."""
    unseen = model._default_manager.filter(retired_at=None, synced_at__lt=run.started_at)
    return unseen.exclude(seen_in_run=run).update(retired_at=now)
