"""Finds out what the operator decided.

AMPECO has notifications for hardware and sessions but none for booking requests, so the portal
polls. A sweep claims the rows that are due with a lease, so any number of sweeps may run at once.
Few rows are read one by one; many by paging through the operator's list once, which updates other
open rows on the way. One poll costs about `min(due, pages)` calls.
"""

import logging
import math
import random
from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime, timedelta

from django.conf import settings
from django.db import DatabaseError
from django.db.models import QuerySet
from django.utils import timezone

from ampeco import types as ampeco_types
from ampeco.client import AmpecoClient
from ampeco.connection import note_accepted, note_refused
from bookings.models import Actor, BookingRequest
from bookings.state.moves import Move, move_requests
from mirror.work import claim, reconnect_if_broken
from sync.duplicates import note_repeated, record_single_decision
from sync.operator_requests import CLOCK_SKEW
from sync.schedule import one_by_one_instead
from sync.submission import record_decision, record_decisions
from upstream.errors import (
    UpstreamError,
    UpstreamNotFound,
    UpstreamRateLimited,
    UpstreamUnauthorized,
)

logger = logging.getLogger(__name__)

Status = BookingRequest.Status
Trouble = BookingRequest.Trouble

LEASE_SECONDS = 60
MOST_ROWS = 2000
PAGE_SIZE = 100
STALE_PAUSE_SECONDS = 600
TROUBLE_PAUSE_SECONDS = 15
UNRECORDED_PAUSE_SECONDS = 60

# What is read of a request to ask for its decision; the rest of it only once there is one.
POLLED = ("ampeco_request_id", "created_at", "sent_at", "status", "trouble", "may_be_doubled")

Decided = tuple[BookingRequest, ampeco_types.BookingRequest]


def poll_due(*, client: AmpecoClient, now: datetime | None = None) -> int:
    """Poll the requests that are due; return how many were decided by this call.

    Nothing is taken up while no call would be sent. An outage or a refusal ends the round: the rest
    is postponed together instead of being tried one by one against an operator that does not
    answer. A single row that it cannot give does not.
    """
    if client.held_back_for() > 0:
        return 0
    now = now or timezone.now()
    due = BookingRequest.objects.filter(
        status__in=BookingRequest.UNDECIDED,
        ampeco_request_id__isnull=False,
        next_attempt_at__lte=now,
    ).order_by("next_attempt_at")
    owner, ids = claim(due, now=now, seconds=LEASE_SECONDS, limit=MOST_ROWS)
    if not ids:
        return 0
    # A sweep that pages through the list settles rows on the way, also some that we claimed.
    claimed = BookingRequest.objects.filter(pk__in=ids, status__in=BookingRequest.UNDECIDED)
    open_rows = list(claimed.only(*POLLED))
    # Those in trouble come last and in any order, so that none of them holds the others up.
    open_rows.sort(key=lambda request: (bool(request.trouble), random.random()))  # noqa: S311
    remaining = {request.ampeco_request_id: request for request in open_rows}
    decided = 0
    try:
        pages = math.ceil(_count_open() / PAGE_SIZE) + 1
        list_failed = len(remaining) > pages
        if list_failed:
            with one_by_one_instead("Requests"):
                decided += _poll_by_list(remaining, client=client, began=now, pages_expected=pages)
                list_failed = False
        decided += _poll_singly(remaining, client=client, began=now, failed_before=list_failed)
        note_accepted()
    except UpstreamError as error:
        if isinstance(error, UpstreamUnauthorized):
            note_refused()
        _postpone(list(remaining.values()), error=error)
    finally:
        BookingRequest.objects.filter(lease_owner=owner).update(lease_owner=None, lease_until=None)
    return decided


def pause_seconds(age_seconds: float) -> int:
    """Return how long to wait before the next poll of an undecided request, by its age.

    One second for the first half minute, a minute for those older than half an hour.
    """
    return max(settings.POLL_INTERVAL_SECONDS, min(60, int(age_seconds / 30)))


def _whole(requests: QuerySet[BookingRequest]) -> list[BookingRequest]:
    """Return requests that are still undecided with all that their history and mails need.

    Over a new connection, where the database was restarted while the operator took their time.
    """
    rows = requests.filter(status__in=BookingRequest.UNDECIDED).select_related(
        "booking__fleet", "booking__created_by", "driver", "evse", "location", "created_by"
    )
    try:
        return list(rows)
    except DatabaseError:
        reconnect_if_broken()
        return list(rows.all())


def _count_open() -> int:
    return BookingRequest.objects.filter(status__in=BookingRequest.UNDECIDED).count()


def _poll_by_list(
    remaining: dict[int | None, BookingRequest],
    *,
    client: AmpecoClient,
    began: datetime,
    pages_expected: int,
) -> int:
    """Page through the operator's list of the time in which the rows were created.

    Takes what it finds out of `remaining`. Stops when all are found, or when the list is longer
    than our open requests make it and has cost half as many calls as reading the rows singly: then
    other channels fill it.
    """
    created = [request.created_at for request in remaining.values()]
    most_pages = max(pages_expected, len(remaining) // 2)
    decided = 0
    pages = client.booking_request_pages(
        created_after=min(created) - client.clock.behind(at_least=CLOCK_SKEW),
        created_before=timezone.now() + client.clock.ahead(at_least=CLOCK_SKEW),
    )
    for number, page in enumerate(pages, start=1):
        decided += _record_page(page.items, remaining, client=client, began=began)
        if not remaining or number >= most_pages:
            break
    return decided


def _record_page(
    answers: tuple[ampeco_types.BookingRequest, ...],
    remaining: dict[int | None, BookingRequest],
    *,
    client: AmpecoClient,
    began: datetime,
) -> int:
    decided = {answer.id: answer for answer in answers if answer.is_decided}
    # Also those that are not due, or that another sweep reads just now.
    rows = _whole(BookingRequest.objects.filter(ampeco_request_id__in=list(decided)))
    pairs = {}
    for request in rows:
        assert request.ampeco_request_id is not None
        pairs[request.pk] = request, decided[request.ampeco_request_id]
    ours = {answer.id for answer in answers if answer.id in remaining}
    taken = [remaining.pop(pk) for pk in ours]
    recorded = _record_decided(pairs, client=client)
    undecided = [request for request in taken if request.ampeco_request_id not in decided]
    _record_undecided(undecided, began=began)
    note_repeated(answer for answer in answers if answer.id not in ours)
    return recorded


def _record_decided(decided: dict[int, Decided], *, client: AmpecoClient) -> int:
    """Record decisions together, those that cannot be one by one; return how many were."""
    single = {pk: pair for pk, pair in decided.items() if pair[0].may_be_doubled}
    together = [pair for pk, pair in decided.items() if pk not in single]
    recorded = 0
    try:
        recorded = record_decisions(together)
    except DatabaseError as error:
        # Nothing of it has happened in the database, but to the rows as they were read.
        text = "%d decisions are recorded one by one: %s"
        logger.warning(text, len(together), type(error).__name__)
        reconnect_if_broken()
        again = [request.pk for request, _answer in together]
        for request in _whole(BookingRequest.objects.filter(pk__in=again)):
            single[request.pk] = request, decided[request.pk][1]
    return recorded + sum(_record_one(*pair, client=client) for pair in single.values())


def _poll_singly(
    remaining: dict[int | None, BookingRequest],
    *,
    client: AmpecoClient,
    began: datetime,
    failed_before: bool,
) -> int:
    """Read rows one by one; the first that cannot be read is put off, a second failure raised."""
    decided = 0
    for ampeco_id in list(remaining):
        assert ampeco_id is not None
        try:
            answer = client.read_booking_request(ampeco_id)
        except UpstreamNotFound:
            logger.warning("The operator no longer knows booking request %s.", ampeco_id)
            _record_undecided([remaining.pop(ampeco_id)], began=began)
            continue
        except (UpstreamRateLimited, UpstreamUnauthorized):
            raise
        except UpstreamError as error:
            if failed_before:
                raise
            failed_before = True
            _postpone([remaining.pop(ampeco_id)], error=error)
            continue
        request = remaining.pop(ampeco_id)
        if answer.id != ampeco_id:
            logger.error("Asked for request %s, the operator gave %s.", ampeco_id, answer.id)
            _record_undecided([request], began=began)
        elif answer.is_decided:
            for whole in _whole(BookingRequest.objects.filter(pk=request.pk)):
                decided += _record_one(whole, answer, client=client)
        else:
            _record_undecided([request], began=began)
    return decided


def _record_one(
    request: BookingRequest, answer: ampeco_types.BookingRequest, *, client: AmpecoClient
) -> int:
    """Record a decision; one row that cannot be recorded does not stop the others."""
    try:
        if request.may_be_doubled:
            return int(record_single_decision(request, answer, client=client))
        return int(record_decision(request, answer))
    except UpstreamError as error:
        # The others of this request could not be looked for: it stays undecided meanwhile.
        _postpone([request], error=error)
        return 0
    except DatabaseError:
        logger.exception("The decision on request %s could not be recorded.", request.pk)
        reconnect_if_broken()
        BookingRequest.objects.filter(pk=request.pk).update(
            next_attempt_at=timezone.now() + timedelta(seconds=UNRECORDED_PAUSE_SECONDS),
            lease_owner=None,
            lease_until=None,
        )
        return 0


def _record_undecided(requests: list[BookingRequest], *, began: datetime) -> None:
    """Set the next poll of rows without a decision; those past the deadline become stale.

    A row whose page was looked at since the round began stays due. The claims are kept to the end
    of the round: else a slow one would be overtaken by others that page through the same list.
    """
    now = timezone.now()
    # Sweeps come at a steady pace: what falls due just after one would wait for another round.
    early = timedelta(seconds=settings.POLL_INTERVAL_SECONDS / 2)
    by_pause: dict[int, list[int]] = defaultdict(list)
    late = _note_lateness(requests, now=now)
    for request in requests:
        is_late = request.pk in late
        pause = STALE_PAUSE_SECONDS if is_late else pause_seconds(request.age_seconds(now))
        by_pause[pause].append(request.pk)
    for pause, ids in by_pause.items():
        BookingRequest.objects.filter(
            pk__in=ids, status__in=BookingRequest.UNDECIDED, next_attempt_at__lte=began
        ).update(
            next_attempt_at=now + timedelta(seconds=pause) - early,
            trouble="",
        )


def _note_lateness(requests: Iterable[BookingRequest], *, now: datetime) -> set[int]:
    """Make undecided rows past their deadline stale; return which are past it, by primary key."""
    limit = settings.POLL_DEADLINE_HOURS * 3600
    late = {request.pk: request for request in requests if request.age_seconds(now) > limit}
    overdue = [pk for pk, request in late.items() if request.status == Status.PENDING]
    if overdue:
        rows = _whole(BookingRequest.objects.filter(pk__in=overdue, status=Status.PENDING))
        move_requests([Move(request, Status.STALE, Actor.PORTAL) for request in rows])
    return set(late)


def _postpone(requests: list[BookingRequest], *, error: UpstreamError) -> None:
    """Put off rows that the operator did not tell about; an outage keeps none from going stale."""
    seconds = float(TROUBLE_PAUSE_SECONDS)
    trouble = Trouble.UNREACHABLE
    if isinstance(error, UpstreamRateLimited):
        seconds, trouble = max(1.0, error.retry_after), Trouble.BUSY
    elif isinstance(error, UpstreamUnauthorized):
        trouble = Trouble.NOT_PERMITTED
    logger.warning("%d requests could not be polled: %s", len(requests), error)
    now = timezone.now()
    _note_lateness(requests, now=now)
    BookingRequest.objects.filter(
        pk__in=[request.pk for request in requests], status__in=BookingRequest.UNDECIDED
    ).update(
        next_attempt_at=now + timedelta(seconds=seconds),
        trouble=trouble,
        lease_owner=None,
        lease_until=None,
    )
