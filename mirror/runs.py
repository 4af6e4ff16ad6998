"""The life of one run of a mirror: begun or taken up again, kept alive, closed."""

from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone

from mirror.models import SyncRun

# A run that showed no sign of life for so long has died with its process.
LIFE_SIGN = timedelta(minutes=5)
# How far before the start of the last finished run a delta looks back: clocks differ.
CLOCK_SKEW = timedelta(minutes=2)
# How long a full run that broke off waits to be taken up; deltas go on meanwhile.
FULL_RETRY = timedelta(minutes=15)

LOCATIONS = "locations"
CHARGE_POINTS = "charge_points"
EVSES = "evses"
PARKING_SPACES = "parking_spaces"
NOUNS = (LOCATIONS, CHARGE_POINTS, EVSES, PARKING_SPACES)
COUNTED = ("seen", "new", "changed", "retired", "skipped")
# Beside the nouns: how many of each were left out, and why.
LEFT_OUT = "left_out"

Counts = dict[str, dict[str, int]]


class RunUnderWay(Exception):
    """Another process is at work on a run of this kind."""

    def __init__(self, run: SyncRun | None = None) -> None:
        super().__init__("Another run of this kind is under way.")
        self.run = run


class RunOvertaken(Exception):
    """Another process has taken this run over, since it showed no sign of life."""


def no_counts() -> Counts:
    return {noun: dict.fromkeys(COUNTED, 0) for noun in NOUNS} | {LEFT_OUT: {}}


def add_counts(counts: dict[str, Any], more: Counts) -> dict[str, Any]:
    """Return the counts of a run with those of a page added."""
    summed = {}
    for noun, numbers in more.items():
        # A run that an older version began may not count all of this yet.
        before = counts.get(noun, {})
        added = {what: number + before.get(what, 0) for what, number in numbers.items()}
        summed[noun] = {**before, **added}
    return {**counts, **summed}


def left_out_of(counts: dict[str, Any], noun: str) -> dict[str, int]:
    """Return how many records of a noun were left out, by reason."""
    found = {}
    for name, number in counts.get(LEFT_OUT, {}).items():
        its_noun, _, reason = name.partition(": ")
        if its_noun == noun and number:
            found[reason] = number
    return found


def begin_anew(counts: dict[str, Any], noun: str) -> None:
    """Forget what was counted of a list that is read once more from its first page."""
    counts[noun].update(seen=0, skipped=0)
    left_out = counts.get(LEFT_OUT, {})
    for name in [name for name in left_out if name.startswith(f"{noun}: ")]:
        del left_out[name]


def kind_of_run(*, full: bool) -> str:
    if full or last_finished() is None:
        return SyncRun.Kind.SITES_FULL
    return SyncRun.Kind.SITES_DELTA


def is_full_due(now: datetime) -> bool:
    """Return whether everything is to be read again.

    The database tells, not the clock of whoever asks: beats that start anew, or several of them,
    change nothing.
    """
    runs = SyncRun.objects.filter(kind=SyncRun.Kind.SITES_FULL)
    since = now - timedelta(hours=settings.SYNC_FULL_HOURS)
    if runs.filter(state=SyncRun.State.FINISHED, started_at__gt=since).exists():
        return False
    return not runs.filter(alive_at__gt=now - FULL_RETRY).exists()


def is_delta_due(now: datetime) -> bool:
    """Return whether changes are to be read, and have not just been by somebody else's tick."""
    every = timedelta(minutes=settings.SYNC_DELTA_MINUTES)
    if not is_due_again(SyncRun.Kind.SITES_DELTA, every=every, now=now):
        return False
    finished = SyncRun.objects.filter(
        kind=SyncRun.Kind.SITES_FULL, state=SyncRun.State.FINISHED, alive_at__gt=now - every / 2
    )
    return not finished.exists()


def is_due_again(kind: str, *, every: timedelta, now: datetime) -> bool:
    """Return whether half a period has passed since a run of this kind was last alive.

    Else a second beat has started this one, or it was late: the next tick does.
    """
    return not SyncRun.objects.filter(kind=kind, alive_at__gt=now - every / 2).exists()


def last_finished() -> SyncRun | None:
    """Return the finished run of the sites that began last."""
    return (
        SyncRun.objects.filter(
            kind__in=[SyncRun.Kind.SITES_FULL, SyncRun.Kind.SITES_DELTA],
            state=SyncRun.State.FINISHED,
        )
        .order_by("-started_at", "-pk")
        .first()
    )


def open_run(
    *,
    kind: str,
    first_phase: str,
    counts: dict[str, Any] | None = None,
    not_within: timedelta | None = None,
    clock_behind: timedelta = CLOCK_SKEW,
    updated_after: datetime | None = None,
) -> SyncRun:
    """Begin a run, or take up the last one of its kind where it broke off.

    `counts` is what a new one begins with, those of the sites' mirror by default; `clock_behind` is
    how much earlier by the operator's clock than by ours a change may be dated; `updated_after` is
    since when changes are read by one of another kind than the sites' mirror. A run left
    `running` by a process that died is taken over. Raises RunUnderWay when another process is at
    work on one, is faster in taking it up, or has ended one `not_within` so long: whoever asked
    before whether it is due may come when that one has just finished.
    """
    now = timezone.now()
    latest = SyncRun.objects.filter(kind=kind).order_by("-started_at", "-pk").first()
    try:
        with transaction.atomic():
            if latest is None or latest.state == SyncRun.State.FINISHED:
                run = SyncRun.objects.create(
                    kind=kind,
                    started_at=now,
                    alive_at=now,
                    updated_after=updated_after or _changes_since(kind, clock_behind=clock_behind),
                    phase=first_phase,
                    counts=no_counts() if counts is None else counts,
                )
                others = SyncRun.objects.filter(kind=kind).exclude(pk=run.pk)
                if not_within and others.filter(alive_at__gt=now - not_within).exists():
                    raise RunUnderWay(latest)
                return run
            if latest.state == SyncRun.State.RUNNING and now - latest.alive_at < LIFE_SIGN:
                raise RunUnderWay(latest)
            taken = SyncRun.objects.filter(
                pk=latest.pk, state=latest.state, alive_at=latest.alive_at
            ).update(state=SyncRun.State.RUNNING, alive_at=now, finished_at=None, problem="")
    except IntegrityError:
        raise RunUnderWay from None
    if not taken:
        raise RunUnderWay(latest)
    latest.refresh_from_db()
    return latest


def _changes_since(kind: str, *, clock_behind: timedelta) -> datetime | None:
    finished = last_finished()
    if kind != SyncRun.Kind.SITES_DELTA or finished is None:
        return None
    return finished.started_at - clock_behind


def note_progress(
    run: SyncRun, *, phase: str, resume_from: str, counts: dict[str, Any], calls: int
) -> None:
    """Store how far the run came; meant for the transaction that stores the page itself.

    Raises RunOvertaken when the run is no longer ours, so that the page is rolled back.
    """
    now = timezone.now()
    _update_own(
        run,
        alive_at=now,
        phase=phase,
        resume_from=resume_from,
        counts=counts,
        calls=calls,
    )


def finish(run: SyncRun, *, counts: dict[str, Any], problem: str, calls: int) -> None:
    """Close a run that saw everything to the end; `problem` is what staff should know still."""
    now = timezone.now()
    _update_own(
        run,
        state=SyncRun.State.FINISHED,
        finished_at=now,
        alive_at=now,
        resume_from="",
        counts=counts,
        problem=problem,
        calls=calls,
    )


def break_off(run: SyncRun, *, problem: str, calls: int) -> None:
    """Leave the run to the next one of its kind; nothing happens if it is no longer ours."""
    try:
        _update_own(run, state=SyncRun.State.BROKEN_OFF, problem=problem[:500], calls=calls)
    except RunOvertaken:
        run.refresh_from_db()


def _update_own(run: SyncRun, **values: object) -> None:
    own = SyncRun.objects.filter(pk=run.pk, state=SyncRun.State.RUNNING, alive_at=run.alive_at)
    if not own.update(**values):
        raise RunOvertaken
    for name, value in values.items():
        setattr(run, name, value)
