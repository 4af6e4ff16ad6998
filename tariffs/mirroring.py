"""Mirrors tariffs and their groups: a walk through both lists, which takes two calls or a few."""

import logging
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from ampeco import types
from ampeco.client import AmpecoClient
from ampeco.types import Page
from mirror.fitting import fit
from mirror.models import Mirrored, SyncRun
from mirror.runs import (
    COUNTED,
    FULL_RETRY,
    add_counts,
    finish,
    note_progress,
    open_run,
)
from mirror.upserts import retire_unseen, upsert
from mirror.walking import broken_off_by_errors, pages_from_where_it_came_to
from tariffs.kept import forget
from tariffs.models import Tariff, TariffAnswer, TariffGroup
from upstream.errors import (
    UpstreamForbidden,
    UpstreamNotFound,
)

logger = logging.getLogger(__name__)

KIND = SyncRun.Kind.TARIFFS
TARIFFS, GROUPS = "tariffs", "tariff_groups"
MODELS: dict[str, type[Mirrored]] = {TARIFFS: Tariff, GROUPS: TariffGroup}
# What nobody wanted to know for so long is forgotten.
ANSWERS_KEPT = timedelta(days=30)
RUNS_KEPT = timedelta(days=30)


def is_due(now: datetime) -> bool:
    """Return whether the tariffs are to be read again; after a run that broke off, soon."""
    runs = SyncRun.objects.filter(kind=KIND)
    since = now - timedelta(minutes=settings.TARIFF_SYNC_MINUTES)
    if runs.filter(state=SyncRun.State.FINISHED, started_at__gt=since).exists():
        return False
    return not runs.filter(alive_at__gt=now - min(FULL_RETRY, now - since)).exists()


def sync_tariffs(*, client: AmpecoClient, not_within: timedelta | None = None) -> SyncRun:
    """Mirror tariffs and groups; return the run, finished or broken off.

    A token that may not read them finishes too, with a sentence for staff: then no prices are
    shown. Raises RunUnderWay when another process is at it, or was `not_within` so long.
    """
    counts = {noun: dict.fromkeys(COUNTED, 0) for noun in MODELS}
    run = open_run(kind=KIND, first_phase=TARIFFS, counts=counts, not_within=not_within)
    before = run.calls - client.calls

    def calls() -> int:
        return before + client.calls

    with broken_off_by_errors(run, name="tariffs", calls=calls):
        try:
            if run.phase == TARIFFS:
                _walk(run, client.tariff_pages, store_tariffs, calls)
                note_progress(run, phase=GROUPS, resume_from="", counts=run.counts, calls=calls())
            _walk(run, client.tariff_group_pages, _store_groups, calls)
            _close(run, calls())
        except (UpstreamForbidden, UpstreamNotFound) as error:
            logger.warning("Tariffs are not to be read: %s", error)
            _close_forbidden(run, calls(), status=error.status)
    return run


def store_tariffs(
    records: tuple[types.Tariff, ...], *, run: SyncRun, now: datetime
) -> tuple[set[int], set[int]]:
    """Store tariffs; return the ids that are new, and that changed. Meant for a transaction."""
    return upsert([_row(record) for record in records], run=run, now=now)


def keep_tariff(record: types.Tariff, *, now: datetime) -> None:
    """Store a tariff that the mirror may not have yet, as it came with an answer."""
    row = fit(_row(record))
    _tariff, is_new = Tariff.objects.get_or_create(
        ampeco_id=record.id,
        defaults={
            "ampeco_updated_at": row.ampeco_updated_at,
            "synced_at": now,
            "name": row.name,
            "type": row.type,
            "currency": row.currency,
            "by_user": row.by_user,
            "start_date": row.start_date,
            "end_date": row.end_date,
            "payload": row.payload,
        },
    )
    if is_new:
        forget()


def _row(record: types.Tariff) -> Tariff:
    return Tariff(
        ampeco_id=record.id,
        ampeco_updated_at=record.last_updated_at,
        name=record.name or f"#{record.id}",
        type=record.type,
        currency=record.currency,
        by_user=record.by_user,
        start_date=record.start_date,
        end_date=record.end_date,
        payload=record.to_payload(),
    )


def _store_groups(
    records: tuple[types.TariffGroup, ...], *, run: SyncRun, now: datetime
) -> tuple[set[int], set[int]]:
    rows = [
        TariffGroup(
            ampeco_id=record.id,
            ampeco_updated_at=record.last_updated_at,
            name=record.name or f"#{record.id}",
            tariff_ids=list(record.tariff_ids),
        )
        for record in records
    ]
    new, changed = upsert(rows, run=run, now=now)
    # Another tariff may apply now: the operator is asked again.
    _ask_again(changed)
    return new, changed


def _ask_again(group_ids: set[int]) -> None:
    TariffAnswer.objects.filter(ampeco_group_id__in=group_ids).update(asked_at=None)


def _walk(
    run: SyncRun,
    read: Callable[..., Iterator[Page[Any]]],
    store: Callable[..., tuple[set[int], set[int]]],
    calls: Callable[[], int],
) -> None:
    for page in pages_from_where_it_came_to(run, lambda link: read(resume_from=link)):
        _store_page(run, page, store, calls)


def _store_page(
    run: SyncRun,
    page: Page[Any],
    store: Callable[..., tuple[set[int], set[int]]],
    calls: Callable[[], int],
) -> None:
    with transaction.atomic():
        new, changed = store(page.items, run=run, now=timezone.now())
        if new or changed:
            forget()
        if run.phase == TARIFFS:
            in_groups = TariffGroup.objects.values_list("ampeco_id", "tariff_ids")
            _ask_again({pk for pk, ids in in_groups if changed.intersection(ids)})
        more = {
            "seen": len(page.items),
            "new": len(new),
            "changed": len(changed),
            "skipped": page.unreadable,
        }
        note_progress(
            run,
            phase=run.phase,
            resume_from=page.next_link or "",
            counts=add_counts(run.counts, {run.phase: more}),
            calls=calls(),
        )


@transaction.atomic
def _close(run: SyncRun, calls: int) -> None:
    """Finish the run: retire what is no longer listed, and forget what nobody asks for any more."""
    now = timezone.now()
    counts = run.counts
    for noun, model in MODELS.items():
        if counts.get(noun, {}).get("skipped"):
            # What lacks may be one of those that could not be read.
            continue
        retired = retire_unseen(model, run=run, now=now)
        counts = add_counts(counts, {noun: {"retired": retired}})
    forget()
    TariffAnswer.objects.filter(wanted_at__lt=now - ANSWERS_KEPT).delete()
    SyncRun.objects.filter(kind=KIND, started_at__lt=now - RUNS_KEPT).delete()
    finish(run, counts=counts, problem="", calls=calls)


@transaction.atomic
def _close_forbidden(run: SyncRun, calls: int, *, status: int | None) -> None:
    """Finish a run that may not read tariffs: what was known of them is shown no longer."""
    now = timezone.now()
    for model in MODELS.values():
        model._default_manager.filter(retired_at=None).update(retired_at=now)
    forget()
    problem = _(
        "The operator does not let this token read tariffs (%(status)s): no prices are shown."
    ) % {"status": status}
    finish(run, counts=run.counts, problem=problem, calls=calls)
