"""Mirrors planned downtime: the notices, then the periods of charge points, then those of EVSEs.

Each page is stored in one transaction with the link to the next, so that a run that breaks off is
taken up. Between full walks only changes are read; a full one retires what has vanished.
"""

import logging
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from ampeco.client import AmpecoClient
from ampeco.connection import note_accepted
from ampeco.types import DowntimeNotice as NoticeRecord
from ampeco.types import DowntimePeriod, Page
from ampeco.types.downtime import MANUAL
from maintenance.models import Downtime, DowntimeNotice
from maintenance.models.downtime import Of
from mirror.fitting import fit
from mirror.left_out import UNREADABLE
from mirror.models import SyncRun
from mirror.runs import CLOCK_SKEW, COUNTED, finish, note_progress, open_run
from mirror.walking import broken_off_by_errors, pages_from_where_it_came_to
from sites.models import ChargePoint, Evse
from upstream.errors import (
    UpstreamForbidden,
    UpstreamNotFound,
)

logger = logging.getLogger(__name__)

KIND = SyncRun.Kind.MAINTENANCE
# All is read each time where that costs so few calls, since changes do not tell what was deleted.
FEW_CALLS = 8
FULL_EVERY = timedelta(hours=1)
RUNS_KEPT = timedelta(days=2)
NOTICES = "notices"
PHASES = (NOTICES, Of.CHARGE_POINT.value, Of.EVSE.value)
FORBIDDEN = "forbidden"
TOLD = (
    "start_at",
    "end_at",
    "entry_mode",
    "type",
    "ampeco_notice_id",
    "notice",
    "charge_point",
    "evse",
    "retired_at",
)
KEPT = (*TOLD, "synced_at", "seen_in_run")
_COLUMNS = {field.name: field.attname for field in Downtime._meta.concrete_fields}


def sync_downtime(*, client: AmpecoClient, not_within: timedelta | None = None) -> SyncRun:
    """Mirror planned downtime, all or what changed; return the run, finished or broken off.

    Raises RunUnderWay when another process is at it, or was `not_within` so long; an error that is
    not the operator's breaks the run off and goes on.
    """
    now = timezone.now()
    SyncRun.objects.filter(kind=KIND, started_at__lt=now - RUNS_KEPT).delete()
    since = _changes_since(now, behind=client.clock.behind(at_least=CLOCK_SKEW))
    run = open_run(kind=KIND, first_phase=NOTICES, counts={}, not_within=not_within)
    if not run.counts:
        run.updated_after, run.counts = since, _no_counts()
        run.save(update_fields=["updated_after", "counts"])
    walk = _Walk(client, run)
    with broken_off_by_errors(run, name="downtime", calls=lambda: walk.calls):
        walk.to_the_end()
        note_accepted()
    return run


def _changes_since(now: datetime, *, behind: timedelta) -> datetime | None:
    """Return since when changes are enough, or None where all is to be read."""
    done = SyncRun.objects.filter(kind=KIND, state=SyncRun.State.FINISHED)
    recent = done.filter(started_at__gt=now - FULL_EVERY).order_by("-started_at", "-pk")
    latest, whole = recent.first(), recent.filter(updated_after=None).first()
    if latest is None or whole is None or whole.calls <= FEW_CALLS:
        return None
    # What was left out then is retired, and changes do not tell what has stayed as it was.
    if _left_out(latest) or _left_out(whole):
        return None
    return latest.started_at - behind


def _left_out(run: SyncRun) -> list[str]:
    return [phase for phase in PHASES if run.counts.get(phase, {}).get(FORBIDDEN)]


def _no_counts() -> dict[str, Any]:
    return {phase: dict.fromkeys(COUNTED, 0) for phase in PHASES}


class _Walk:
    """A run on its way through the operator's lists."""

    def __init__(self, client: AmpecoClient, run: SyncRun) -> None:
        self.client = client
        self.run = run
        self._calls_elsewhere = run.calls - client.calls

    @property
    def calls(self) -> int:
        return self._calls_elsewhere + self.client.calls

    def to_the_end(self) -> None:
        for phase in PHASES[PHASES.index(self.run.phase) :]:
            if phase != self.run.phase:
                self._note(phase=phase, resume_from="")
            try:
                self._read(phase)
            except (UpstreamForbidden, UpstreamNotFound):
                self._leave_out(phase)
        finish(self.run, counts=self.run.counts, problem=self._problem(), calls=self.calls)

    def _read(self, phase: str) -> None:
        self.run.counts[phase].pop(FORBIDDEN, None)
        if phase == NOTICES:
            found = self.client.downtime_notices()
            with transaction.atomic():
                store_notices(found, run=self.run)
                self._retire(DowntimeNotice.objects.all(), phase)
                self.run.counts[phase]["seen"] = len(found)
                self._note(phase=phase, resume_from="")
            return
        notices = dict(DowntimeNotice.objects.values_list("ampeco_id", "notice"))
        counts = self.run.counts[phase]

        def read(link: str | None) -> Iterator[Page[DowntimePeriod]]:
            return self.client.downtime_pages(
                phase,
                entry_mode=MANUAL,
                updated_after=self.run.updated_after,
                resume_from=link,
            )

        def count_anew() -> None:
            counts.update({"seen": 0, "skipped": 0, UNREADABLE: 0})

        for page in pages_from_where_it_came_to(self.run, read, begin_anew=count_anew):
            with transaction.atomic():
                stored = store_periods(phase, page.items, run=self.run, notices=notices)
                for name, number in stored.items():
                    counts[name] += number
                counts["skipped"] += page.unreadable
                counts[UNREADABLE] = counts.get(UNREADABLE, 0) + page.unreadable
                self._note(phase=phase, resume_from=page.next_link or "")
        # What could not be read may be one of those that were not seen.
        if self.run.updated_after is None and not counts.get(UNREADABLE):
            with transaction.atomic():
                self._retire(Downtime.objects.filter(of=phase), phase)
                self._note(phase=phase, resume_from="")

    def _retire(self, rows: Any, phase: str) -> None:
        # What staff have asked for since then may be on a page that was read before.
        before = rows.filter(retired_at=None, synced_at__lt=self.run.started_at)
        gone = before.exclude(seen_in_run=self.run)
        self.run.counts[phase]["retired"] += gone.update(retired_at=timezone.now())

    def _leave_out(self, phase: str) -> None:
        """Know nothing of what this token may not read, so that nothing outdated is shown."""
        rows: Any = DowntimeNotice.objects.all()
        if phase != NOTICES:
            rows = Downtime.objects.filter(of=phase)
        with transaction.atomic():
            self._retire(rows, phase)
            self.run.counts[phase][FORBIDDEN] = 1
            self._note(phase=phase, resume_from="")

    def _note(self, *, phase: str, resume_from: str) -> None:
        note_progress(
            self.run,
            phase=phase,
            resume_from=resume_from,
            counts=self.run.counts,
            calls=self.calls,
        )

    def _problem(self) -> str:
        missing = _left_out(self.run)
        if not missing:
            return ""
        names = {
            NOTICES: _("reasons for downtime"),
            Of.CHARGE_POINT: _("downtime of charge points"),
            Of.EVSE: _("downtime of EVSEs"),
        }
        what = ", ".join(str(names[phase]) for phase in missing)
        text = _("The operator does not let this token read: %(what)s (403). It is left out.")
        return text % {"what": what}


def store_notices(found: Iterable[NoticeRecord], *, run: SyncRun | None = None) -> None:
    now = timezone.now()
    DowntimeNotice.objects.bulk_create(
        [
            fit(
                DowntimeNotice(
                    ampeco_id=each.id,
                    type=each.type,
                    notice=each.notice,
                    description=each.description,
                    synced_at=now,
                    seen_in_run=run,
                    retired_at=None,
                )
            )
            for each in found
        ],
        update_conflicts=True,
        unique_fields=["ampeco_id"],
        update_fields=["type", "notice", "description", "synced_at", "seen_in_run", "retired_at"],
    )


def store_periods(
    of: str,
    found: Iterable[DowntimePeriod],
    *,
    run: SyncRun | None = None,
    notices: dict[int, str] | None = None,
) -> dict[str, int]:
    """Store periods of one kind; return how many were seen, new, changed, retired, and left out.

    Left out is what is at a charger that is not mirrored, has no start, or ends before it begins; a
    row that is known of it is retired.
    """
    periods = list(found)
    if notices is None:
        notices = dict(DowntimeNotice.objects.values_list("ampeco_id", "notice"))
    chargers = {
        each.ampeco_id: each
        for each in Evse.objects.filter(ampeco_id__in=[p.evse_id for p in periods if p.evse_id])
    }
    points = dict(
        ChargePoint.objects.filter(
            ampeco_id__in=[p.charge_point_id for p in periods if p.charge_point_id]
        ).values_list("ampeco_id", "pk")
    )
    known = {
        each.ampeco_id: each
        for each in Downtime.objects.filter(of=of, ampeco_id__in=[p.id for p in periods])
    }
    rows, left_out, now = [], [], timezone.now()
    counts = dict.fromkeys(COUNTED, 0)
    for each in periods:
        evse = chargers.get(each.evse_id or 0)
        point = evse.charge_point_id if evse else points.get(each.charge_point_id or 0)
        start, end = each.started_at, each.ended_at
        is_backwards = start is not None and end is not None and end <= start
        if start is None or is_backwards or point is None or (of == Of.EVSE and evse is None):
            left_out.append(each.id)
            continue
        row = Downtime(
            of=of,
            ampeco_id=each.id,
            charge_point_id=point,
            evse_id=evse.pk if of == Of.EVSE and evse else None,
            start_at=start,
            end_at=end,
            entry_mode=each.entry_mode,
            type=each.type,
            ampeco_notice_id=each.notice_id,
            notice=notices.get(each.notice_id or 0, ""),
            synced_at=now,
            seen_in_run=run,
        )
        fit(row)
        old = known.get(each.id)
        counts["seen"] += 1
        counts["new"] += old is None
        if old is not None:
            counts["changed"] += _differ(old, row)
        rows.append(row)
    Downtime.objects.bulk_create(
        rows,
        update_conflicts=True,
        unique_fields=["of", "ampeco_id"],
        update_fields=KEPT,
    )
    outdated = Downtime.objects.filter(of=of, ampeco_id__in=left_out, retired_at=None)
    counts["retired"] = outdated.update(retired_at=now)
    counts["skipped"] = len(left_out)
    return counts


def _differ(one: Downtime, other: Downtime) -> bool:
    return any(getattr(one, _COLUMNS[name]) != getattr(other, _COLUMNS[name]) for name in TOLD)
