"""Mirrors the drivers of a fleet: the users whose invite by its partner is accepted."""

import logging
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta

from django.db import DatabaseError, transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from ampeco.client import AmpecoClient
from ampeco.connection import note_accepted, note_refused
from ampeco.types import PartnerInvite, User
from drivers.id_tags import read_due_tags
from drivers.models import Driver, Fleet
from drivers.permissions import current_drivers
from drivers.upserts import Belonging, is_storable, release, store_drivers
from mirror.left_out import UNINVITED, UNREADABLE, USERS, WITHOUT_EMAIL, none_taken
from mirror.models import SyncRun
from mirror.problems import problem_of
from upstream.errors import UpstreamError, UpstreamForbidden, UpstreamUnauthorized

logger = logging.getLogger(__name__)

ACCEPTED = "accepted"
COUNTED = ("seen", "joined", "changed", "left", "skipped", UNINVITED, UNREADABLE)
# A run that showed no sign of life for so long has died with its process.
LIFE_SIGN = timedelta(minutes=5)
RUNS_KEPT = timedelta(days=30)
# How often the drivers of a fleet are read; sooner where that broke off, or one has a status that
# we do not know.
EVERY = timedelta(hours=1)
RETRY = timedelta(minutes=30)
UNKNOWN_EVERY = timedelta(minutes=10)


class ListDoubtful(Exception):
    """The operator gave an empty list of a fleet's users although invites are accepted."""


class InvitesOfPartner:
    """The accepted invites of a fleet's partner by user, read once and only if needed.

    Some answers name the users without their invites.
    """

    def __init__(self, client: AmpecoClient, partner_id: int) -> None:
        self._client = client
        self._partner_id = partner_id
        self._by_user: dict[int, PartnerInvite] | None = None
        self._nameless = False

    def of(self, user: User) -> tuple[PartnerInvite, ...]:
        invite = self.by_user().get(user.id)
        return (invite,) if invite else ()

    def by_user(self) -> dict[int, PartnerInvite]:
        """Return them all."""
        if self._by_user is None:
            found = self._client.partner_invites(partner_id=self._partner_id, status=ACCEPTED)
            invites = list(found)
            self._by_user = {
                invite.user_id: invite for invite in invites if invite.user_id is not None
            }
            self._nameless = any(invite.user_id is None for invite in invites)
        return self._by_user

    def uninvited(self, users: Mapping[int, int]) -> set[int]:
        """Return the keys of those, by their AMPECO ids, who certainly have none."""
        by_user = self.by_user()
        if self._nameless or not by_user:
            return set()
        return {key for user_id, key in users.items() if user_id not in by_user}


def sync_all_fleets(*, client: AmpecoClient) -> Iterator[tuple[Fleet, SyncRun | None]]:
    """Mirror the drivers of each active fleet, and yield what came of it.

    A fleet that fails does not stop the others; None stands for a run that our database broke.
    """
    SyncRun.objects.filter(
        kind=SyncRun.Kind.DRIVERS, started_at__lt=timezone.now() - RUNS_KEPT
    ).delete()
    for fleet in Fleet.objects.filter(is_active=True).order_by("pk"):
        try:
            run = sync_fleet_drivers(fleet, client=client)
        except DatabaseError:
            logger.exception("The drivers of fleet %s could not be stored.", fleet.pk)
            yield fleet, None
        else:
            yield fleet, run


def sync_due_fleets(*, client: AmpecoClient, now: datetime | None = None) -> int:
    """Mirror the drivers of the fleets that are due; return how many fleets were read.

    When a fleet was last read stands in the database, and a fleet is claimed before it is read: any
    number of these may run at once and share the fleets. One that fails does not stop the others,
    but none is taken up while no call would be sent.
    """
    now = now or timezone.now()
    SyncRun.objects.filter(kind=SyncRun.Kind.DRIVERS, started_at__lt=now - RUNS_KEPT).delete()
    read = 0
    for fleet in Fleet.objects.filter(is_active=True).order_by("pk"):
        if client.held_back_for() > 0:
            break
        try:
            run = _claim(fleet)
            if run is not None:
                read += 1
                _run(fleet, run=run, client=client)
        except DatabaseError:
            logger.exception("The drivers of fleet %s could not be stored.", fleet.pk)
    return read


def sync_fleet_drivers(fleet: Fleet, *, client: AmpecoClient) -> SyncRun:
    """Mirror one fleet's drivers, about one call for 100; return the run, finished or broken off.

    Drivers leave the fleet only at the end of a complete list. An error that is not the operator's
    breaks the run off and goes on.
    """
    return _run(fleet, run=_open(fleet), client=client)


def _run(fleet: Fleet, *, run: SyncRun, client: AmpecoClient) -> SyncRun:
    calls_before = client.calls
    try:
        _mirror(fleet, run=run, client=client)
        run.problem = read_due_tags(fleet, client=client, now=timezone.now())
    except UpstreamError as error:
        if isinstance(error, UpstreamUnauthorized) and not isinstance(error, UpstreamForbidden):
            note_refused()
        logger.warning("The drivers of fleet %s were not read to the end: %s", fleet.pk, error)
        problem = problem_of(error, forbidden=forbidden())
    except ListDoubtful:
        problem = _("The operator gave an empty list although invites are accepted.")
    except BaseException:
        _break_off(
            run,
            problem=_("It was stopped before it finished."),
            calls=client.calls - calls_before,
        )
        raise
    else:
        note_accepted()
        _close(run, calls=client.calls - calls_before)
        return run
    _break_off(run, problem=problem, calls=client.calls - calls_before)
    return run


def _mirror(fleet: Fleet, *, run: SyncRun, client: AmpecoClient) -> None:
    invites = InvitesOfPartner(client, fleet.ampeco_partner_id)
    # Whoever joins while the list is read may stand on a page that was read before.
    unseen = dict(current_drivers(fleet).values_list("ampeco_user_id", "pk"))
    for page in client.partner_user_pages(fleet.ampeco_partner_id):
        found = [belonging_of(user, fleet=fleet, invites=invites) for user in page.items]
        belonging = [one for one in found if one is not None]
        storable = [one for one in belonging if is_storable(one.user)]
        with transaction.atomic():
            stored = store_drivers(fleet, storable, now=timezone.now())
        for driver in stored.drivers:
            unseen.pop(driver.ampeco_user_id, None)
        run.counts["seen"] += len(storable)
        run.counts["joined"] += stored.joined
        run.counts["changed"] += stored.changed
        run.counts["skipped"] += len(belonging) - len(storable)
        run.counts[UNINVITED] += len(found) - len(belonging)
        run.counts[UNREADABLE] += page.unreadable
        run.alive_at = timezone.now()
        run.save(update_fields=["counts", "alive_at"])
    if not run.counts["seen"] and current_drivers(fleet).exists() and invites.by_user():
        raise ListDoubtful
    gone = set(unseen.values())
    if gone and run.counts[UNREADABLE]:
        # Whoever lacks may be one of those whose record could not be read; invites tell.
        gone = _uninvited(unseen, invites)
    with transaction.atomic():
        run.counts["left"] = release(fleet, gone, now=timezone.now())


def _uninvited(users: Mapping[int, int], invites: InvitesOfPartner) -> set[int]:
    try:
        return invites.uninvited(users)
    except UpstreamForbidden:
        return set()


def belonging_of(user: User, *, fleet: Fleet, invites: InvitesOfPartner) -> Belonging | None:
    """Return a user as one of the fleet's, or None where the partner has no accepted invite."""
    if user.partner_invites is None:
        accepted = invites.of(user)
    else:
        accepted = tuple(one for one in user.partner_invites if one.status == ACCEPTED)
    if not any(invite.partner_id == fleet.ampeco_partner_id for invite in accepted):
        return None
    return Belonging(user=user, accepted=accepted, knows_all=user.partner_invites is not None)


def forbidden() -> str:
    return _("The operator does not let this token read the fleet's drivers (403).")


def _claim(fleet: Fleet) -> SyncRun | None:
    """Begin a run of a fleet that is due; None where it is not, or where another process is at it.

    The fleet's row is locked for as long as that takes, so that of two one sees the other's run.
    """
    with transaction.atomic():
        free = Fleet.objects.select_for_update(skip_locked=True, no_key=True, of=("self",))
        if free.filter(pk=fleet.pk).first() is None:
            return None
        now = timezone.now()
        runs = SyncRun.objects.filter(
            kind=SyncRun.Kind.DRIVERS, ampeco_partner_id=fleet.ampeco_partner_id
        )
        # A word that we do not know may have been a slip of a moment.
        unknown = current_drivers(fleet).filter(status=Driver.Status.UNKNOWN).exists()
        every = UNKNOWN_EVERY if unknown else EVERY
        fresh = (
            Q(state=SyncRun.State.FINISHED, started_at__gt=now - every)
            | Q(state=SyncRun.State.RUNNING, alive_at__gt=now - LIFE_SIGN)
            | Q(state=SyncRun.State.BROKEN_OFF, alive_at__gt=now - RETRY)
        )
        return None if runs.filter(fresh).exists() else _open(fleet)


def _open(fleet: Fleet) -> SyncRun:
    now = timezone.now()
    runs = SyncRun.objects.filter(
        kind=SyncRun.Kind.DRIVERS, ampeco_partner_id=fleet.ampeco_partner_id
    )
    runs.filter(state=SyncRun.State.RUNNING, alive_at__lt=now - LIFE_SIGN).update(
        state=SyncRun.State.BROKEN_OFF, problem=_("It was stopped before it finished.")
    )
    return SyncRun.objects.create(
        kind=SyncRun.Kind.DRIVERS,
        started_at=now,
        alive_at=now,
        counts=dict.fromkeys(COUNTED, 0),
        ampeco_partner_id=fleet.ampeco_partner_id,
    )


def _close(run: SyncRun, *, calls: int) -> None:
    now = timezone.now()
    run.state, run.calls = SyncRun.State.FINISHED, calls
    run.problem = _nobody_taken(run) or run.problem
    run.alive_at = run.finished_at = now
    run.save()


def _nobody_taken(run: SyncRun) -> str:
    reasons = {
        UNINVITED: run.counts[UNINVITED],
        WITHOUT_EMAIL: run.counts["skipped"],
        UNREADABLE: run.counts[UNREADABLE],
    }
    if run.counts["seen"] or not any(reasons.values()):
        return ""
    return none_taken(USERS, reasons)


def _break_off(run: SyncRun, *, problem: str, calls: int) -> None:
    run.state, run.problem, run.calls = SyncRun.State.BROKEN_OFF, problem, calls
    run.save()
