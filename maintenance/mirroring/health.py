"""Reads logs and use of the charge points that fleets own or somebody looks at.

A charge point costs two calls and two more for each EVSE, so it is read seldom, and only while
there are calls to spare.
"""

import logging
import uuid
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta
from itertools import islice
from typing import TypeVar

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from ampeco import types
from ampeco.client import AmpecoClient
from ampeco.connection import has_calls_to_spare
from drivers.models import Fleet
from maintenance.models import Health, Occupancy, StatusEntry
from maintenance.use import LONGEST
from mirror.fitting import fit
from mirror.problems import problem_of
from mirror.work import claim
from sites.models import ChargePoint, Evse
from sites.periods import Period
from upstream.errors import UpstreamError, UpstreamForbidden, UpstreamNotFound
from upstream.paging import Page

logger = logging.getLogger(__name__)

# How far back logs and use are read and kept.
SPAN = timedelta(days=90)
# How often a charge point of a fleet is read; and one that somebody has open.
SELDOM = timedelta(hours=6)
OFTEN = timedelta(minutes=10)
LOOKED_AT = timedelta(hours=1)
# Whatever the operator writes down later than it happened is read again.
OVERLAP = timedelta(hours=1)
READ = (
    *("vendor", "model", "ampeco_model_id", "firmware_version"),
    *("problem", "read_at", "refresh_at"),
)
AFTER_FAILURE = timedelta(minutes=30)
BATCH = 20
LEASE_SECONDS = 300
# A list that is longer is cut where the oldest come first: the next read goes on from there.
MOST_PAGES = 10
# Of one that cannot be cut no more is read at once.
MOST_PAGES_ANYHOW = 100

Item = TypeVar("Item")


class NoCallsToSpare(Exception):
    """There are few calls left in the middle of a long list, and others need them more."""


def follow_own_charge_points(*, now: datetime) -> None:
    """Begin to read the charge points of fleets that are not read yet."""
    unread = _own_charge_points().filter(health__isnull=True)
    Health.objects.bulk_create(
        (Health(charge_point_id=pk, refresh_at=now) for pk in unread.values_list("pk", flat=True)),
        ignore_conflicts=True,
    )
    paused = Health.objects.filter(refresh_at=None, charge_point__in=_own_charge_points())
    paused.update(refresh_at=now)


def _own_charge_points() -> QuerySet[ChargePoint]:
    partners = Fleet.objects.filter(is_active=True).values("ampeco_partner_id")
    return ChargePoint.objects.filter(ampeco_partner_id__in=partners, retired_at=None)


def want(charge_point: ChargePoint, *, now: datetime) -> Health:
    """Say that somebody looks at a charge point, so that it is read soon; return what is known."""
    health, _made = Health.objects.get_or_create(
        charge_point=charge_point, defaults={"refresh_at": now, "wanted_until": now + LOOKED_AT}
    )
    if health.wanted_until is None or health.wanted_until < now + LOOKED_AT / 2:
        due = now if health.read_at is None else health.read_at + OFTEN
        health.wanted_until = now + LOOKED_AT
        health.refresh_at = due if health.refresh_at is None else min(health.refresh_at, due)
        health.save(update_fields=["wanted_until", "refresh_at"])
    return health


def read_health(*, client: AmpecoClient, now: datetime | None = None) -> int:
    """Read the charge points that are due, as long as there are calls to spare; return how many."""
    now = now or timezone.now()
    follow_own_charge_points(now=now)
    # The operator no longer knows what has vanished, so it would be asked for in vain for ever.
    there = ChargePoint.objects.filter(retired_at=None)
    due = Health.objects.filter(refresh_at__lte=now, charge_point__in=there).order_by("refresh_at")
    owner, won = claim(due, now=now, seconds=LEASE_SECONDS, limit=BATCH)
    read = 0
    for pk in won:
        if client.held_back_for() > 0 or not has_calls_to_spare():
            break
        if not _renew(pk, owner):
            continue
        health = Health.objects.select_related("charge_point").get(pk=pk)
        try:
            _read(health, client=client, now=now)
        except NoCallsToSpare:
            # It stays due, behind the others.
            Health.objects.filter(pk=pk, lease_owner=owner).update(refresh_at=now)
            break
        read += 1
    _give_back(owner)
    return read


def _renew(pk: int, owner: uuid.UUID) -> bool:
    """Hold a charge point that was claimed a while ago; return False where another worker does."""
    until = timezone.now() + timedelta(seconds=LEASE_SECONDS)
    return bool(Health.objects.filter(pk=pk, lease_owner=owner).update(lease_until=until))


def _read(health: Health, *, client: AmpecoClient, now: datetime) -> None:
    since = now - SPAN if health.read_at is None else max(health.read_at - OVERLAP, now - SPAN)
    place = health.charge_point
    evses = {one.ampeco_id: one for one in Evse.objects.filter(charge_point=place)}
    span = Period(since, now)
    known_until = [now]
    problems: list[str] = []
    logs: dict[Evse | None, list[types.StatusLog]] = {}
    try:
        _note_hardware(health, client, problems)
        network_log = client.network_log_pages(place.ampeco_id, after=since)
        logs[None], until = _taken(network_log, within=span, at=lambda entry: entry.at)
        known_until.append(until)
        for evse in evses.values():
            if evse.retired_at is not None:
                continue
            log = client.evse_log_pages(evse.ampeco_id, after=since)
            try:
                logs[evse], until = _taken(log, within=span, at=lambda entry: entry.at)
            except UpstreamNotFound:
                # It may have vanished since the sites were last mirrored.
                unknown = _("The operator does not know this charger.")
                problems += [unknown] if unknown not in problems else []
            else:
                known_until.append(until)
    except UpstreamForbidden:
        logs = {}
        problems.append(_("The token may not read status logs (403)."))
    except UpstreamError as error:
        _fail(health, error, now=now)
        return
    try:
        # What ran at the last look has ended since.
        begun = since - LONGEST
        pages = client.sessions_of_charge_point(place.ampeco_id, started_after=begun)
        sessions, until = _taken(pages, within=span, at=lambda one: one.started_at)
        known_until.append(until)
    except UpstreamForbidden:
        sessions = []
        problems.append(_("The token may not read sessions (403)."))
    except UpstreamError as error:
        _fail(health, error, now=now)
        return
    with transaction.atomic():
        _store_logs(place, logs)
        _store_use(evses, sessions)
        health.problem = " ".join(problems)
        health.read_at = min(known_until)
        # Somebody may have begun to look at it while it was read.
        health.refresh_from_db(fields=["wanted_until"])
        health.refresh_at = _next_read(health, now=now)
        if health.refresh_at is not None and health.read_at < now:
            health.refresh_at = now
        health.save(update_fields=READ)


def _note_hardware(health: Health, client: AmpecoClient, problems: list[str]) -> None:
    try:
        found = client.read_hardware(health.charge_point.ampeco_id)
    except (UpstreamForbidden, UpstreamNotFound):
        problems.append(_("The operator does not show this charge point."))
        return
    health.vendor, health.model = found.vendor, found.model
    health.ampeco_model_id = found.model_id
    health.firmware_version = found.firmware_version
    fit(health)


def _next_read(health: Health, *, now: datetime) -> datetime | None:
    if health.wanted_until is not None and health.wanted_until > now:
        return now + OFTEN
    owned = _own_charge_points().filter(pk=health.charge_point_id)
    return now + SELDOM if owned.exists() else None


def _fail(health: Health, error: UpstreamError, *, now: datetime) -> None:
    logger.info("Charge point %s could not be read: %s", health.charge_point_id, error)
    health.problem = problem_of(error, forbidden="")
    health.refresh_at = now + AFTER_FAILURE
    health.save(update_fields=["problem", "refresh_at"])


def _give_back(owner: uuid.UUID) -> None:
    Health.objects.filter(lease_owner=owner).update(lease_owner=None, lease_until=None)


def _taken(
    pages: Iterator[Page[Item]], *, within: Period, at: Callable[[Item], datetime | None]
) -> tuple[list[Item], datetime]:
    """Return the items of a list, and until when they are all that there are.

    One that is cut must reach so far that the next read gets any further. Raises NoCallsToSpare
    where one that is as long cannot be cut.
    """
    items: list[Item] = []
    for number, page in enumerate(islice(pages, MOST_PAGES_ANYHOW), start=1):
        items += page.items
        if number < MOST_PAGES or not page.next_link:
            continue
        if items:
            first, last = at(items[0]), at(items[-1])
            if first and last and first < last and last >= within.start_at + 2 * OVERLAP:
                return items, min(last, within.end_at)
        if not has_calls_to_spare():
            raise NoCallsToSpare
    return items, within.end_at


def _store_logs(place: ChargePoint, logs: dict[Evse | None, list[types.StatusLog]]) -> None:
    rows = [
        fit(
            StatusEntry(
                charge_point=place,
                evse=evse,
                at=entry.at,
                status=entry.status,
                error_code=entry.error_code,
                vendor_id=entry.vendor_id,
                vendor_error_code=entry.vendor_error_code,
                description=entry.description,
                customer_action=entry.customer_action,
            )
        )
        for evse, entries in logs.items()
        for entry in entries
    ]
    StatusEntry.objects.bulk_create(rows, ignore_conflicts=True)


def _store_use(evses: dict[int, Evse], sessions: Iterable[types.Session]) -> None:
    rows = [
        fit(
            Occupancy(
                ampeco_session_id=one.id,
                evse=evses[one.evse_id],
                started_at=one.started_at,
                stopped_at=one.stopped_at,
                energy_kwh=one.energy_kwh,
            )
        )
        for one in sessions
        if one.evse_id in evses and one.started_at is not None
    ]
    Occupancy.objects.bulk_create(
        rows,
        update_conflicts=True,
        unique_fields=["ampeco_session_id"],
        update_fields=["evse", "started_at", "stopped_at", "energy_kwh"],
    )
