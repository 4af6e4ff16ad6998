"""How bookings go with the operator, for staff: each figure leads to the rows that it counts.

Every question reads an index and the few rows that are open or recent, whatever the table holds.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from django.db.models import Count, Min
from django.urls import reverse
from django.utils.translation import gettext as _

from bookings.models import Booking, BookingRequest
from drivers.models import Fleet
from mirror.models import SyncRun
from notifications.models import Notification

# How far back what happens is counted.
RECENT = timedelta(days=7)
MOST_REASONS = 5
MOST_FLEETS = 10
# A longer list of given-up mails says no more.
MOST_MAILS = 1000

Status = BookingRequest.Status


@dataclass(frozen=True, slots=True)
class Figure:
    """A number with the list that it counts; `since` is when the oldest of it came."""

    label: str
    number: int
    url: str
    since: datetime | None = None
    is_bad: bool = False


def open_requests() -> list[Figure]:
    """Return what is not decided, by state, with the oldest of each."""
    rows = BookingRequest.objects.filter(status__in=BookingRequest.OPEN).order_by()
    found = {
        status: (count, since)
        for status, count, since in rows.values_list("status").annotate(
            Count("pk"), Min("created_at")
        )
    }
    figures = []
    for status in BookingRequest.OPEN:
        count, since = found.get(status, (0, None))
        figures.append(
            Figure(
                label=str(Status(status).label),
                number=count,
                url=_requests(status__exact=status),
                since=since,
                is_bad=status == Status.STALE,
            )
        )
    return figures


def failed_requests(now: datetime) -> list[Figure]:
    """Return what never reached the operator as a request, by why."""
    since = now - RECENT
    counted = _recent(Status.FAILED, since).values_list("failure").annotate(Count("pk"))
    labels = dict(BookingRequest.Failure.choices)
    return [
        Figure(
            label=str(labels.get(failure, failure or _("Without a reason"))),
            number=count,
            url=_requests(
                status__exact=Status.FAILED, failure__exact=failure, created_at__gte=since
            ),
            is_bad=True,
        )
        for failure, count in _largest(counted)
    ]


def rejections(now: datetime) -> list[Figure]:
    """Return what the operator rejected, by the reason that it gave."""
    since = now - RECENT
    counted = _recent(Status.REJECTED, since).values_list("rejection_reason").annotate(Count("pk"))
    return [
        Figure(
            label=reason or _("Without a reason"),
            number=count,
            url=_requests(
                status__exact=Status.REJECTED,
                rejection_reason__exact=reason,
                created_at__gte=since,
            ),
        )
        for reason, count in _largest(counted)[:MOST_REASONS]
    ]


def no_shows(now: datetime, fleets: Iterable[int]) -> Figure:
    since = now - RECENT
    # By fleet, as the index has it.
    rows = Booking.objects.filter(
        fleet__in=list(fleets), status=Booking.Status.NO_SHOW, start_at__gte=since
    )
    return Figure(
        label=_("No-shows"),
        number=rows.count(),
        url=_list("bookings_booking", status__exact=Booking.Status.NO_SHOW, start_at__gte=since),
    )


def mails_given_up(now: datetime) -> Figure:
    given_up = Notification.State.GIVEN_UP
    rows = Notification.objects.filter(state=given_up, created_at__gte=now - RECENT)
    return Figure(
        label=_("E-mails given up"),
        number=len(rows.order_by().values_list("pk")[:MOST_MAILS]),
        url=_list(
            "notifications_notification",
            state__exact=given_up,
            created_at__gte=now - RECENT,
        ),
        is_bad=True,
    )


@dataclass(frozen=True, slots=True)
class Use:
    """What a fleet has booked lately."""

    fleet: Fleet
    bookings: int
    url: str


def fleets_by_use(now: datetime, fleets: dict[int, Fleet]) -> list[Use]:
    """Return the fleets that have booked most for the last seven days, and how much."""
    since = now - RECENT
    rows = (
        Booking.objects.filter(fleet__in=list(fleets), start_at__gte=since, start_at__lt=now)
        .order_by()
        .values_list("fleet")
        .annotate(number=Count("pk"))
        .order_by("-number", "fleet")[:MOST_FLEETS]
    )
    return [
        Use(
            fleet=fleets[fleet],
            bookings=number,
            url=_list(
                "bookings_booking",
                fleet__id__exact=fleet,
                start_at__gte=since,
                start_at__lt=now,
            ),
        )
        for fleet, number in rows
    ]


@dataclass(frozen=True, slots=True)
class SyncState:
    """How reading one kind of the operator's records goes: its last run, and its last success."""

    label: str
    run: SyncRun
    finished_at: datetime | None
    url: str

    @property
    def is_bad(self) -> bool:
        return bool(self.run.problem) or self.run.state == SyncRun.State.BROKEN_OFF


def syncs() -> list[SyncState]:
    """Return the kinds that were ever read; two looks at an index a kind."""
    states = []
    for kind in SyncRun.Kind:
        runs = SyncRun.objects.filter(kind=kind).order_by("-started_at")
        run = runs.first()
        if run is None:
            continue
        finished = runs.filter(state=SyncRun.State.FINISHED)
        states.append(
            SyncState(
                label=str(kind.label),
                run=run,
                finished_at=finished.values_list("finished_at", flat=True).first(),
                url=_list("mirror_syncrun", kind__exact=kind),
            )
        )
    return states


def _recent(status: str, since: datetime) -> Any:
    return BookingRequest.objects.filter(status=status, created_at__gte=since).order_by()


def _largest(counted: Iterable[tuple[str, int]]) -> list[tuple[str, int]]:
    return sorted(counted, key=lambda row: (-row[1], row[0]))


def _requests(**filters: Any) -> str:
    return _list("bookings_bookingrequest", **filters)


def _list(model: str, **filters: Any) -> str:
    given = {
        name: value.isoformat() if isinstance(value, datetime) else value
        for name, value in filters.items()
    }
    return f"{reverse(f'admin:{model}_changelist')}?{urlencode(given)}"
