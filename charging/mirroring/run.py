"""Mirrors what the fleets' drivers charged, and what was paid for it.

The first run walks back through the months, the latest first; later ones read what has changed.
Each page is stored in one transaction together with the link to the next, so that a run that breaks
off is continued by the next one, and of two at a time one goes.
"""

import logging
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from ampeco.client import AmpecoClient
from ampeco.connection import has_calls_to_spare, note_accepted
from ampeco.types import Page
from charging.mirroring.pages import store_sessions
from charging.mirroring.payments import store_transactions
from charging.mirroring.reach import INACTIVE, MONTH, SESSIONS, SINCE, begin_of, changes_after
from charging.models import Session
from drivers.models import Fleet, FleetDriver
from mirror.models import SyncRun
from mirror.runs import CLOCK_SKEW, add_counts, break_off, finish, note_progress, open_run
from mirror.walking import ReadFrom, broken_off_by_errors, pages_from_where_it_came_to
from sync.sessions import take_read
from upstream.errors import UpstreamForbidden, UpstreamNotFound

logger = logging.getLogger(__name__)

KIND = SyncRun.Kind.SESSIONS
TRANSACTIONS, UNDER_WAY = "transactions", "under-way"
# When a run noticed, by noun, that the token may not read something.
FORBIDDEN = "forbidden"
RUNS_KEPT = timedelta(days=7)
# Where the token may not read sessions, it is tried again so seldom.
FORBIDDEN_PAUSE = timedelta(hours=1)
BROKEN_OFF_PAUSE = timedelta(minutes=1)
# How often somebody looks whether it is due.
BEAT = timedelta(minutes=1)
# A fleet's drivers are known so long after it was made; then their months before are read.
FLEET_READ_AFTER = timedelta(minutes=30)
# Of sessions that run and of which nothing was heard for so long, so many are read singly.
SILENT_AFTER = timedelta(hours=1)
MOST_SINGLE = 10
GIVEN_UP_AFTER = timedelta(days=14)

Report = Callable[[str], None]


class NoCallsToSpare(Exception):
    """There are few calls left, and others need them more; it goes on later."""


def sync_sessions(
    *,
    client: AmpecoClient,
    not_within: timedelta | None = None,
    report: Report | None = None,
) -> SyncRun | None:
    """Read sessions and payments; return the run, finished or broken off, or None without drivers.

    Takes up a run that broke off. Raises RunUnderWay while another process is at it, or was
    `not_within` so long; an error that is not the operator's breaks the run off and goes on.
    """
    if not FleetDriver.objects.filter(left_at=None, fleet__is_active=True).exists():
        return None
    now = timezone.now()
    behind = client.clock.behind(at_least=CLOCK_SKEW)
    since = changes_since(now)
    run = open_run(
        kind=KIND,
        first_phase=SESSIONS,
        counts={INACTIVE: list(Fleet.objects.filter(is_active=False).values_list("pk", flat=True))},
        not_within=not_within,
        updated_after=since - behind if since else None,
    )
    walk = Walk(client=client, run=run, report=report)
    forbidden = _("The operator does not let this token read charging sessions (403).")
    with broken_off_by_errors(run, name="sessions", calls=lambda: walk.calls, forbidden=forbidden):
        try:
            walk.to_the_end()
            note_accepted()
            _forget_old_runs(now)
        except UpstreamForbidden:
            walk.note_forbidden(SESSIONS)
            raise
        except NoCallsToSpare:
            problem = _("It goes on when there are calls to spare.")
            break_off(run, problem=problem, calls=walk.calls)
    return run


def changes_since(now: datetime) -> datetime | None:
    """Return since when changes are to be read; None where the months before are to be, too."""
    finished = SyncRun.objects.filter(kind=KIND, state=SyncRun.State.FINISHED)
    full = finished.filter(updated_after=None).order_by("-started_at").first()
    if full is None:
        return None
    newcomers = Fleet.objects.filter(
        is_active=True, created_at__gt=full.started_at, created_at__lte=now - FLEET_READ_AFTER
    )
    if newcomers.exists():
        return None
    last = finished.order_by("-started_at", "-pk").first()
    return changes_after(last) if last else None


def is_due(now: datetime) -> bool:
    """Return whether there is something to read, and nobody has just done so.

    A run that broke off is taken up a minute later; a token that may not read sessions is not tried
    all the time.
    """
    last = _last_run()
    if last is None:
        return True
    pause = timedelta(minutes=settings.CHARGING_SYNC_MINUTES)
    if _noticed(last.counts, SESSIONS):
        pause = FORBIDDEN_PAUSE
    elif last.state != SyncRun.State.FINISHED:
        pause = BROKEN_OFF_PAUSE
    return last.alive_at <= now - pause + BEAT / 2


def may_read_sessions() -> bool:
    """Return whether the operator lets the token read sessions, as far as anybody has tried."""
    last = _last_run()
    return last is None or _noticed(last.counts, SESSIONS) is None


class Walk:
    """A run on its way through the operator's lists."""

    def __init__(self, *, client: AmpecoClient, run: SyncRun, report: Report | None) -> None:
        self.client = client
        self.run = run
        self.report = report
        self.kept_since = _kept_since(run.started_at)
        self._calls_elsewhere = run.calls - client.calls

    @property
    def calls(self) -> int:
        """How many calls the run has cost so far, before it broke off too."""
        return self._calls_elsewhere + self.client.calls

    @property
    def is_full(self) -> bool:
        return self.run.updated_after is None

    @property
    def may_read_paid(self) -> bool:
        """Whether transactions tell what is paid."""
        return _noticed(self.run.counts, TRANSACTIONS) is None

    def to_the_end(self) -> None:
        """Go through the phases that are left, then close the run."""
        self._take_over_what_is_forbidden()
        if self.is_full:
            since = begin_of(self.run.started_at).isoformat()
            self.run.counts.setdefault(SINCE, {SESSIONS: since})
        noun, _space, number = self.run.phase.partition(" ")
        if noun == SESSIONS:
            if self.is_full and not number:
                self._find_out_about_payments()
            self._read_sessions(int(number or 0))
            self._next_phase(TRANSACTIONS)
        if self.run.phase == TRANSACTIONS:
            self._read_transactions()
            self._next_phase(UNDER_WAY)
        self._read_silent()
        finish(self.run, counts=self.run.counts, problem=self._problem(), calls=self.calls)

    def note_forbidden(self, noun: str) -> None:
        """Note that the token may not read something."""
        known = {**self.run.counts.get(FORBIDDEN, {}), noun: timezone.now().isoformat()}
        self.run.counts[FORBIDDEN] = known
        SyncRun.objects.filter(pk=self.run.pk).update(counts=self.run.counts)

    def _take_over_what_is_forbidden(self) -> None:
        """Remember from the run before what may not be read; sessions are being tried now."""
        last = SyncRun.objects.filter(kind=KIND, state=SyncRun.State.FINISHED)
        before = last.order_by("-started_at", "-pk").first()
        told = self.run.counts.get(FORBIDDEN)
        if told is None:
            told = before.counts.get(FORBIDDEN, {}) if before else {}
        self.run.counts[FORBIDDEN] = {noun: at for noun, at in told.items() if noun != SESSIONS}

    def _find_out_about_payments(self) -> None:
        """Find out whether transactions may be read, before sessions are stored by the thousand."""
        self.run.counts[FORBIDDEN].pop(TRANSACTIONS, None)
        try:
            next(self.client.transaction_pages(updated_after=timezone.now()), None)
        except UpstreamForbidden:
            self.note_forbidden(TRANSACTIONS)

    def _read_sessions(self, first: int) -> None:
        """Read what changed; or month by month what began since, from the latest back."""
        if not self.is_full:
            self._read_session_pages(
                lambda link: self.client.session_pages(
                    updated_after=self.run.updated_after,
                    with_price_breakdown=True,
                    resume_from=link,
                )
            )
            return
        for number in range(first, settings.CHARGING_MONTHS):
            if number != first:
                self._next_phase(f"{SESSIONS} {number}")
            ends = self.run.started_at - number * MONTH
            begins, overlap = ends - MONTH, timedelta(seconds=1)

            def pages(
                link: str | None, begins: datetime = begins - overlap, ends: datetime = ends
            ) -> Iterator[Page[Any]]:
                return self.client.session_pages(
                    started_after=begins,
                    started_before=ends if ends < self.run.started_at else None,
                    with_price_breakdown=True,
                    resume_from=link,
                )

            self._read_session_pages(pages)

    def _read_session_pages(self, read: ReadFrom) -> None:
        asked_at = timezone.now()
        for page in self._pages(read):
            with transaction.atomic():
                counts = store_sessions(
                    page.items,
                    now=asked_at,
                    kept_since=self.kept_since,
                    may_read_paid=self.may_read_paid,
                )
                self._note(SESSIONS, counts | {"unreadable": page.unreadable}, page)
            take_read(page.items, asked_at=asked_at)
            asked_at = timezone.now()

    def _read_transactions(self) -> None:
        """Read what was paid; a token that may not goes on without, and is tried again later.

        If it may after all, the months before are read as well.
        """
        noticed = _noticed(self.run.counts, TRANSACTIONS)
        if noticed is not None and timezone.now() - noticed < FORBIDDEN_PAUSE:
            return
        since, updated = None, self.run.updated_after
        if self.is_full or noticed is not None:
            since, updated = self.run.started_at - settings.CHARGING_MONTHS * MONTH, None
        try:
            for page in self._pages(
                lambda link: self.client.transaction_pages(
                    created_after=since, updated_after=updated, resume_from=link
                )
            ):
                with transaction.atomic():
                    counts = store_transactions(page.items)
                    self._note(TRANSACTIONS, counts | {"unreadable": page.unreadable}, page)
        except UpstreamForbidden:
            self.note_forbidden(TRANSACTIONS)
        else:
            self.run.counts[FORBIDDEN].pop(TRANSACTIONS, None)

    def _read_silent(self) -> None:
        """Read some singly that run and of which no list of changes spoke."""
        now = timezone.now()
        silent = Session.objects.filter(
            status__in=set(Session.Status) - Session.ENDED,
            stopped_at=None,
            synced_at__lt=now - SILENT_AFTER,
            started_at__gt=now - GIVEN_UP_AFTER,
        )
        for session in silent.order_by("synced_at")[:MOST_SINGLE]:
            found = []
            try:
                found = [self.client.read_session(session.ampeco_id, with_price_breakdown=True)]
            except (UpstreamForbidden, UpstreamNotFound) as error:
                logger.warning("Session %s could not be read: %s", session.ampeco_id, error)
            with transaction.atomic():
                store_sessions(
                    found, now=now, kept_since=self.kept_since, may_read_paid=self.may_read_paid
                )
                Session.objects.filter(pk=session.pk).update(synced_at=now)

    def _pages(self, read: ReadFrom) -> Iterator[Page[Any]]:
        """Yield the pages from where the run came to; from the first if that link is refused."""

        def sparing(link: str | None) -> Iterator[Page[Any]]:
            pages = read(link)
            while True:
                if not has_calls_to_spare():
                    raise NoCallsToSpare
                page = next(pages, None)
                if page is None:
                    return
                yield page

        return pages_from_where_it_came_to(self.run, sparing)

    def _note(self, noun: str, more: dict[str, int], page: Page[Any]) -> None:
        note_progress(
            self.run,
            phase=self.run.phase,
            resume_from=page.next_link or "",
            counts=add_counts(self.run.counts, {noun: more}),
            calls=self.calls,
        )
        if self.report:
            added = self.run.counts[noun]
            self.report(
                _("%(what)s: %(seen)s read, %(new)s new")
                % {"what": self.run.phase, "seen": added["seen"], "new": added["new"]}
            )

    def _next_phase(self, phase: str) -> None:
        note_progress(
            self.run, phase=phase, resume_from="", counts=self.run.counts, calls=self.calls
        )

    def _problem(self) -> str:
        """Return what staff should know of a run that came to its end."""
        told = []
        if _noticed(self.run.counts, TRANSACTIONS):
            told.append(
                _(
                    "The operator does not let this token read transactions (403): what is paid "
                    "is taken from what sessions say of it."
                )
            )
        undecided = self.run.counts.get(SESSIONS, {}).get("undecided", 0)
        if undecided:
            told.append(
                ngettext(
                    "%(count)s session of a driver who drives for several fleets was left out, "
                    "since nothing tells whose it is.",
                    "%(count)s sessions of drivers who drive for several fleets were left out, "
                    "since nothing tells whose they are.",
                    undecided,
                )
                % {"count": undecided}
            )
        return " ".join(told)


def _last_run() -> SyncRun | None:
    return SyncRun.objects.filter(kind=KIND).order_by("-started_at", "-pk").first()


def _kept_since(now: datetime) -> datetime | None:
    """Return from when on something is kept of people; None without an end."""
    return now - settings.RETENTION_MONTHS * MONTH if settings.RETENTION_MONTHS else None


def _noticed(counts: dict[str, Any], noun: str) -> datetime | None:
    """Return when it was noticed that the token may not read something; None where it may."""
    at = counts.get(FORBIDDEN, {}).get(noun)
    return datetime.fromisoformat(at) if at else None


def _forget_old_runs(now: datetime) -> None:
    """Forget runs of long ago, but not those that read all months, which say since when."""
    full = Q(updated_after=None, state=SyncRun.State.FINISHED)
    SyncRun.objects.filter(~full, kind=KIND, started_at__lt=now - RUNS_KEPT).delete()
