"""How things stand at the moment somebody asks: what waits, for how long, what is late.

Each number costs one statement that reads an index and the few rows that are open; what is settled
is counted when it happens (`telemetry.measures`), since counting a million rows takes too long.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import redis
from django.conf import settings
from django.db import DatabaseError, connection
from django.db.models import Count, Min
from django.utils import timezone
from prometheus_client.core import GaugeMetricFamily, Metric

from ampcontrol.connection import PLATFORM as AMPCONTROL
from ampcontrol.connection import is_on as has_ampcontrol
from ampeco.connection import PLATFORM as OPERATOR
from bookings.models import BookingRequest
from config.services import answers, queue_length
from drivers.models import Fleet, FleetDriver
from energy.mirroring.due import troubled
from mirror.models import SyncRun
from notifications.models import Notification
from telemetry import sweeps
from upstream.connection import Connection


def families(*, now: datetime | None = None) -> Iterator[Metric]:
    """Yield all gauges; those that the database would tell are missing while it is away."""
    now = now or timezone.now()
    up = GaugeMetricFamily(
        "chargebook_service_up",
        "Whether database, cache and broker answer (1) or not (0).",
        labels=["service"],
    )
    up.add_metric(["cache"], answers(settings.CACHE_URL))
    up.add_metric(["broker"], answers(settings.CELERY_BROKER_URL))
    yield from _platform("operator", "the operator", OPERATOR)
    yield from _platform("ampcontrol", "Ampcontrol", AMPCONTROL)
    yield from _queue()
    try:
        connection.ensure_connection()
        told = [family for read in FROM_DATABASE for family in read(now)]
    except DatabaseError:
        up.add_metric(["database"], 0)
    else:
        up.add_metric(["database"], 1)
        yield from told
    yield up


def open_requests(now: datetime) -> Iterator[Metric]:
    counts = GaugeMetricFamily(
        "chargebook_booking_requests_open",
        "Booking requests that are not settled, by kind, state, and what keeps them (if anything).",
        labels=["kind", "state", "trouble"],
    )
    rows = (
        BookingRequest.objects.filter(status__in=BookingRequest.OPEN)
        .order_by()
        .values_list("kind", "status", "trouble")
        .annotate(Count("pk"))
    )
    for kind, status, trouble, count in rows:
        counts.add_metric([kind, status, trouble], count)
    yield counts
    oldest = GaugeMetricFamily(
        "chargebook_booking_request_oldest_seconds",
        "How long ago the oldest booking request in a state was asked for; 0 when there is none.",
        labels=["state"],
    )
    for status in BookingRequest.OPEN:
        rows_of = BookingRequest.objects.filter(status=status)
        since = rows_of.aggregate(since=Min("created_at"))["since"]
        oldest.add_metric([status], _age(since, now=now))
    yield oldest


def unsent_mails(now: datetime) -> Iterator[Metric]:
    counts = GaugeMetricFamily(
        "chargebook_mails_waiting", "Mails that are to be sent, by kind.", labels=["kind"]
    )
    waiting = Notification.objects.filter(state=Notification.State.QUEUED).order_by()
    since = None
    for kind, count, first in waiting.values_list("kind").annotate(Count("pk"), Min("created_at")):
        counts.add_metric([kind], count)
        since = min(since, first) if since else first
    yield counts
    oldest = GaugeMetricFamily(
        "chargebook_mail_oldest_unsent_seconds",
        "How long the oldest mail has waited to be sent; 0 when none does.",
    )
    oldest.add_metric([], _age(since, now=now))
    yield oldest


def sweep_times(now: datetime) -> Iterator[Metric]:
    """Yield when each sweep last succeeded, how long that took, and how late it may be."""
    last = GaugeMetricFamily(
        "chargebook_sweep_last_success_seconds",
        "Seconds since a sweep last did its work; since beat has it to start when it never has.",
        labels=["sweep"],
    )
    limit = GaugeMetricFamily(
        "chargebook_sweep_limit_seconds",
        "How many seconds may pass between two successes of a sweep.",
        labels=["sweep"],
    )
    took = GaugeMetricFamily(
        "chargebook_sweep_took_seconds", "How long its last success took.", labels=["sweep"]
    )
    for state in sweeps.states(now=now):
        last.add_metric([state.name], state.waited_seconds)
        limit.add_metric([state.name], state.limit_seconds)
        if state.took_seconds is not None:
            took.add_metric([state.name], state.took_seconds)
    yield from (last, limit, took)


def mirror_ages(now: datetime) -> Iterator[Metric]:
    """Yield how long ago what the operator holds was last read to the end.

    What nobody waits for is left out, so that it is not told of as late.
    """
    ages = GaugeMetricFamily(
        "chargebook_sync_last_success_seconds",
        "Seconds since a read of the operator's records came to its end; +Inf when none ever has.",
        labels=["kind"],
    )
    unwanted = {kind for kind, since in wanted_since().items() if since is None}
    for kind, finished_at in last_syncs().items():
        if kind in unwanted:
            continue
        ages.add_metric([kind], _age(finished_at, now=now) if finished_at else float("inf"))
    yield ages


def failing_reads(now: datetime) -> Iterator[Metric]:
    """Yield what of Ampcontrol could not be read when it was tried last, where there is one."""
    failing = GaugeMetricFamily(
        "chargebook_ampcontrol_reads_failing",
        "How many things of Ampcontrol could not be read when it was tried last, by kind.",
        labels=["what"],
    )
    kinds = Counter(job.spec.kind for job in troubled(now)) if has_ampcontrol() else Counter()
    for kind, count in sorted(kinds.items()):
        failing.add_metric([kind], count)
    yield failing


def last_syncs() -> dict[str, datetime | None]:
    """Return when each kind of mirror last came to its end; one look at an index a kind."""
    return {
        kind: SyncRun.objects.filter(kind=kind, state=SyncRun.State.FINISHED)
        .order_by("-started_at")
        .values_list("finished_at", flat=True)
        .first()
        for kind in SyncRun.Kind.values
    }


def wanted_since() -> dict[str, datetime | None]:
    """Return since when copies are waited for, by what their kinds begin with; None while not.

    Drivers are read for fleets and bookings for drivers; energy only where there is an Ampcontrol.
    """
    drivers = FleetDriver.objects.filter(left_at__isnull=True, fleet__is_active=True)
    fleets = Fleet.objects.filter(is_active=True)
    began = SyncRun.objects.filter(kind=SyncRun.Kind.ENERGY).order_by("pk")
    return {
        "sites": datetime.min.replace(tzinfo=UTC),
        "drivers": fleets.aggregate(first=Min("created_at"))["first"],
        "bookings": drivers.aggregate(first=Min("added_at"))["first"],
        # That there never was an attempt is told by the sweep.
        "energy": began.values_list("started_at", flat=True).first() if has_ampcontrol() else None,
    }


FROM_DATABASE: tuple[Callable[[datetime], Iterator[Metric]], ...] = (
    open_requests,
    unsent_mails,
    sweep_times,
    mirror_ages,
    failing_reads,
)


def _platform(name: str, whose: str, connection: Connection[Any]) -> Iterator[Metric]:
    yield GaugeMetricFamily(
        f"chargebook_{name}_refuses_token",
        f"Whether {whose} refused the portal's token within the last two minutes.",
        value=connection.is_refused(),
    )
    yield GaugeMetricFamily(
        f"chargebook_{name}_pause_left_seconds",
        f"For how many seconds all calls are held back because {whose} asked for it.",
        value=connection.pause_left(),
    )
    yield GaugeMetricFamily(
        f"chargebook_{name}_left_alone",
        f"Whether calls are held back because {whose} did not answer several in a row.",
        value=connection.silent_since() is not None,
    )


def _queue() -> Iterator[Metric]:
    try:
        length = queue_length(settings.CELERY_BROKER_URL)
    except redis.RedisError:
        return
    yield GaugeMetricFamily(
        "chargebook_queue_length", "Tasks that wait for a worker.", value=length
    )


def _age(since: datetime | None, *, now: datetime) -> float:
    return max(0.0, (now - since).total_seconds()) if since else 0.0
