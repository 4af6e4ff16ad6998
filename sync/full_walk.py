"""Walks through all that the operator holds from now on, every some minutes.

Finds what changed without being about to start or to end, and what was made elsewhere. A walk that
breaks off is taken up again at the page where it broke off.
"""

import logging
from datetime import datetime, timedelta

from django.utils import timezone
from django.utils.translation import gettext as _

from ampeco.client import AmpecoClient
from ampeco.connection import note_accepted
from bookings.models import Booking
from drivers.models import FleetDriver
from mirror.left_out import BOOKINGS, UNREADABLE, none_taken
from mirror.models import SyncRun
from mirror.problems import problem_of
from mirror.runs import RunOvertaken, break_off, finish, note_progress, open_run
from sync import adoption, compare
from sync.schedule import schedule, stop_round
from upstream.errors import UpstreamError, is_about_the_link

logger = logging.getLogger(__name__)

PHASE = "bookings"
# Of the bookings made elsewhere, so many are read singly in a walk to know their chargers.
MOST_READS = 200
# How far the walk overlaps with the last one: clocks differ, and what has ended may still change.
OVERLAP = timedelta(hours=1)
RUNS_KEPT = timedelta(days=7)


def sync_bookings(
    *, client: AmpecoClient, now: datetime | None = None, not_within: timedelta | None = None
) -> SyncRun | None:
    """Page through the operator's list from what has just ended on; return the run.

    None where there is nothing to look for: no booking that lives and no driver who could have made
    one. Raises RunUnderWay while another process is at it, or was `not_within` so long. An
    outage breaks the run off.
    """
    now = now or timezone.now()
    if not _is_worth_it():
        return None
    SyncRun.objects.filter(kind=SyncRun.Kind.BOOKINGS, started_at__lt=now - RUNS_KEPT).delete()
    run = open_run(
        kind=SyncRun.Kind.BOOKINGS,
        first_phase=PHASE,
        counts={PHASE: _no_counts()},
        not_within=not_within,
    )
    calls_before = client.calls - run.calls
    try:
        _walk(run, client=client, now=now)
    except UpstreamError as error:
        stop_round(error, what="The list of bookings")
        if is_about_the_link(error) and run.resume_from:
            # The link to the page has lost its meaning: the next walk begins anew.
            run.resume_from = ""
            run.save(update_fields=["resume_from"])
        forbidden = _("The operator does not let this token read bookings (403).")
        break_off(
            run, problem=problem_of(error, forbidden=forbidden), calls=client.calls - calls_before
        )
    except RunOvertaken:
        logger.warning("Another process has taken over the synchronisation of bookings.")
        run.refresh_from_db()
    except BaseException:
        calls = client.calls - calls_before
        break_off(run, problem=_("It was stopped before it finished."), calls=calls)
        raise
    else:
        note_accepted()
        numbers = run.counts[PHASE]
        unreadable = 0 if numbers["seen"] else numbers.get(UNREADABLE, 0)
        problem = none_taken(BOOKINGS, {UNREADABLE: unreadable}) if unreadable else ""
        finish(run, counts=run.counts, problem=problem, calls=client.calls - calls_before)
    return run


def _walk(run: SyncRun, *, client: AmpecoClient, now: datetime) -> None:
    calls_before = client.calls - run.calls
    reads = 0
    asked_at = timezone.now()
    pages = client.booking_pages(
        end_after=_since(run, now=now), resume_from=run.resume_from or None
    )
    for page in pages:
        record = compare.record_page(page.items, asked_at=asked_at)
        # A sweep over due rows reads them with their chargers.
        waiting = [booking.pk for booking in record.read_singly]
        if waiting:
            schedule(Booking.objects.filter(pk__in=waiting), timezone.now())
        found, more = adoption.adopt(record.strangers, client=client, most_reads=MOST_READS - reads)
        reads += more
        counts = dict(run.counts[PHASE])
        counts["seen"] += len(page.items)
        counts["changed"] += record.changed
        counts["found"] += found
        if page.unreadable:
            counts[UNREADABLE] = counts.get(UNREADABLE, 0) + page.unreadable
        note_progress(
            run,
            phase=PHASE,
            resume_from=page.next_link or "",
            counts={PHASE: counts},
            calls=client.calls - calls_before,
        )
        asked_at = timezone.now()


def _since(run: SyncRun, *, now: datetime) -> datetime:
    earliest = now - adoption.LOOK_BACK
    last = (
        SyncRun.objects.filter(kind=SyncRun.Kind.BOOKINGS, state=SyncRun.State.FINISHED)
        .exclude(pk=run.pk)
        .order_by("-started_at", "-pk")
        .first()
    )
    return earliest if last is None else max(earliest, last.started_at - OVERLAP)


def _is_worth_it() -> bool:
    live = Booking.objects.filter(refresh_at__isnull=False, ampeco_booking_id__isnull=False)
    drivers = FleetDriver.objects.filter(left_at__isnull=True, fleet__is_active=True)
    return drivers.exists() or live.exists()


def _no_counts() -> dict[str, int]:
    return {"seen": 0, "changed": 0, "found": 0}
