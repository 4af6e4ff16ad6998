"""One run of the mirror of Ampcontrol: reads what is due, each thing in a transaction of its own.

What was read and when stands in the database, thing by thing: a run that breaks off is taken up by
the next one, which goes on with what is still due, and of two at a time one goes.
"""

import logging
from datetime import timedelta
from typing import Any

from django.core.cache import cache
from django.utils import timezone
from django.utils.translation import gettext as _

from ampcontrol.client import AmpcontrolClient
from energy.mirroring.due import (
    RETRY,
    RETRY_FORBIDDEN,
    Job,
    due_jobs,
    next_time,
    since,
    troubled,
)
from energy.mirroring.problems import problem_of
from energy.mirroring.turns import Outcome, Turn
from energy.models import Network, Reading
from mirror.models import SyncRun
from mirror.runs import RunOvertaken, break_off, finish, note_progress, open_run
from upstream.call_quota import CacheCallQuota
from upstream.errors import (
    UpstreamError,
    UpstreamForbidden,
    UpstreamNotFound,
    UpstreamUnavailable,
    meets_every_call,
)

logger = logging.getLogger(__name__)

KIND = SyncRun.Kind.ENERGY
# There is a run each minute.
RUNS_KEPT = timedelta(days=2)
# So many things are read a minute; more where the networks are more than these are enough for.
MOST_A_MINUTE = 20
A_MINUTE_AND_NETWORK = 5
MOST_PROBLEMS = 3
QUOTA_KEY = "energy-mirror-reads"


def sync_energy(*, client: AmpcontrolClient) -> SyncRun | None:
    """Read what is due; return the run, finished or broken off, or None where nothing is.

    Raises RunUnderWay when another process is at it; an error that is not Ampcontrol's breaks the
    run off and goes on.
    """
    now = timezone.now()
    if not due_jobs(now):
        return None
    SyncRun.objects.filter(kind=KIND, started_at__lt=now - RUNS_KEPT).delete()
    run = open_run(kind=KIND, first_phase="", counts={})
    calls_elsewhere = run.calls - client.calls
    try:
        stopped = _read_due(client, run, calls_elsewhere=calls_elsewhere)
        calls = calls_elsewhere + client.calls
        if stopped:
            break_off(run, problem=stopped, calls=calls)
        else:
            finish(run, counts=run.counts, problem=_standing_problem(), calls=calls)
    except RunOvertaken:
        logger.warning("Another process has taken over the synchronisation with Ampcontrol.")
        run.refresh_from_db()
    except BaseException:
        problem = _("It was stopped before it finished.")
        break_off(run, problem=problem, calls=calls_elsewhere + client.calls)
        raise
    return run


def _read_due(client: AmpcontrolClient, run: SyncRun, *, calls_elsewhere: int) -> str:
    """Read what is due, also what becomes so by that; return why it was given up, or ""."""
    done: set[tuple[str, str]] = set()
    quota = _quota()
    while True:
        # Whoever asked what is due may have come when another run had just read it.
        left = [job for job in due_jobs(timezone.now()) if (job.spec.kind, job.scope) not in done]
        if not left or quota.take() > 0:
            return ""
        job = left[0]
        done.add((job.spec.kind, job.scope))
        try:
            outcome = _read(client, job)
        except UpstreamError as error:
            logger.warning("%s were not read: %s", job.spec.kind, error)
            if _failed(job, error):
                return problem_of(error)
            continue
        except Exception:
            # Whatever is the matter with this one, the next run gets to the others.
            _put_off(job, RETRY, problem=_("It was stopped before it finished."))
            raise
        note_progress(
            run,
            phase=job.spec.kind,
            resume_from="",
            counts=_added(run.counts, outcome),
            calls=calls_elsewhere + client.calls,
        )


def _read(client: AmpcontrolClient, job: Job) -> Outcome:
    now = timezone.now()
    changes_since = since(job, now=now)
    turn = Turn(
        client=client,
        now=now,
        since=changes_since,
        last=job.row.read_at if job.row else None,
        network=job.network,
        vehicle_id=job.vehicle_id,
    )
    outcome = job.spec.read(turn)
    full_at = now if changes_since is None else job.row.full_at if job.row else None
    Reading.objects.update_or_create(
        kind=job.spec.kind,
        scope=job.scope,
        defaults={
            "read_at": now,
            "full_at": full_at,
            "due_at": next_time(job, now=now),
            "problem": outcome.problem[:500],
        },
    )
    return outcome


def _failed(job: Job, error: UpstreamError) -> bool:
    """Put off what could not be read; return whether to read nothing else either for now.

    Where Ampcontrol does not answer, each call would take its time to fail. Then the next run goes
    on with the others.
    """
    ends = meets_every_call(error)
    if not ends:
        absent = isinstance(error, UpstreamForbidden | UpstreamNotFound)
        _put_off(job, RETRY_FORBIDDEN if absent else RETRY, problem=problem_of(error))
    return ends or isinstance(error, UpstreamUnavailable)


def _put_off(job: Job, pause: timedelta, *, problem: str) -> None:
    Reading.objects.update_or_create(
        kind=job.spec.kind,
        scope=job.scope,
        defaults={"due_at": timezone.now() + pause, "problem": problem[:500]},
    )


def _quota() -> CacheCallQuota:
    networks = Network.objects.filter(retired_at=None).count()
    most = max(MOST_A_MINUTE, A_MINUTE_AND_NETWORK * networks)
    return CacheCallQuota(cache, QUOTA_KEY, per_minute=most)


def _standing_problem() -> str:
    """Return what cannot be read at the moment, in a sentence; "" where all can."""
    parts = []
    for job in troubled(timezone.now())[:MOST_PROBLEMS]:
        if job.row is not None:
            of = f" ({job.network})" if job.network else ""
            parts.append(f"{job.row.get_kind_display()}{of}: {job.row.problem}")
    return " ".join(parts)[:500]


def _added(counts: dict[str, Any], outcome: Outcome) -> dict[str, Any]:
    summed = {**counts}
    for noun, numbers in outcome.counts.items():
        before = summed.get(noun, {})
        added = {what: number + before.get(what, 0) for what, number in numbers.items() if number}
        summed[noun] = {**before, **added}
    return summed
