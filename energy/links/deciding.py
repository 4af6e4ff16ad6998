"""What staff decide about links. Of two who decide the same, the second is told of the first.

Each decision is a conditional update and an entry in the audit trail, in one transaction.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from django.contrib.admin.models import CHANGE, LogEntry
from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from energy.links import evidence
from energy.links.kinds import PAIRINGS, Kind
from energy.links.refreshing import terms_of_vehicles
from energy.models import Link, RemoteConnector, RemoteVehicle

State = Link.State


class NotDecided(Exception):
    """Why a decision came to nothing, in a sentence for staff."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


def confirm(pk: int, *, by: User) -> Link:
    """Confirm a proposal; what else was proposed for either side goes. Raises NotDecided."""
    link = _found(pk)
    _check_is_there(link.kind, link.remote_id, _here(link))
    with _one_of_each(), transaction.atomic():
        _lock(link.kind, link.remote_id, _here(link))
        _move(link, State.PROPOSED, State.CONFIRMED, by=by)
        _drop_rivals(link)
        _note(link, by, "Confirmed.")
    return link


def refuse(pk: int, *, by: User) -> Link:
    """Refuse a proposal: it is never made again. Raises NotDecided."""
    link = _found(pk)
    with transaction.atomic():
        _move(link, State.PROPOSED, State.REFUSED, by=by)
        _note(link, by, "Refused.")
    return link


def undo(pk: int, *, by: User) -> Link:
    """Make a link or a refusal a proposal again, which from now on only people confirm.

    What was linked without asking because of it goes as well: a charge point's connectors, and of
    a vehicle the others of its group. A link made by hand goes altogether. Raises NotDecided.
    """
    link = _found(pk)
    if link.state == State.PROPOSED:
        raise NotDecided(_said_meanwhile(link))
    was = link.state
    with transaction.atomic():
        _move(link, was, State.PROPOSED, by=by)
        if link.kind == Kind.CHARGE_POINT and was == State.CONFIRMED:
            _drop_connectors_of(link)
        if link.kind == Kind.VEHICLE and was == State.CONFIRMED and link.decided_at is not None:
            _drop_followers_of(link)
        _note(
            link, by, "Undone: it was confirmed." if was == State.CONFIRMED else "Undone: refused."
        )
        if link.evidence == [evidence.BY_HAND]:
            Link.objects.filter(pk=link.pk, state=State.PROPOSED).delete()
    return link


def link_by_hand(kind: str, remote_id: str, here: int, *, by: User) -> Link:
    """Link a record of Ampcontrol's with one of ours that nothing proposes. Raises NotDecided.

    Also what was refused: a person may think again.
    """
    _check_is_there(kind, remote_id, here)
    pair = {"kind": kind, "remote_id": remote_id, f"{PAIRINGS[kind].ours}_id": here}
    with _one_of_each(), transaction.atomic():
        _lock(kind, remote_id, here)
        link, _created = Link.objects.get_or_create(
            **pair, defaults={"state": State.PROPOSED, "evidence": [evidence.BY_HAND]}
        )
        if link.state == State.CONFIRMED:
            raise NotDecided(_said_meanwhile(link))
        _move(link, link.state, State.CONFIRMED, by=by)
        _drop_rivals(link)
        _note(link, by, "Linked by hand.")
    return link


def _found(pk: int) -> Link:
    link = Link.objects.select_related("decided_by").filter(pk=pk).first()
    if link is None:
        raise NotDecided(_("This is no longer proposed: what it was for has changed."))
    return link


def _here(link: Link) -> int:
    pk: int = getattr(link, f"{PAIRINGS[link.kind].ours}_id")
    return pk


def _check_is_there(kind: str, remote_id: str, here: int) -> None:
    pairing = PAIRINGS[kind]
    if not pairing.there.living().filter(remote_id=remote_id).exists():
        raise NotDecided(_("Ampcontrol no longer has this: nothing was linked."))
    if not pairing.here.living().filter(pk=here).exists():
        raise NotDecided(_("This is no longer here, or is retired: nothing was linked."))


def _lock(kind: str, remote_id: str, here: int) -> None:
    """Lock the links of both sides in one order: of two who decide about rivals, one waits."""
    both = Q(remote_id=remote_id) | Q(**{PAIRINGS[kind].ours: here})
    list(Link.objects.select_for_update().filter(both, kind=kind).order_by("pk").values("pk"))


def _move(link: Link, old: str, new: str, *, by: User) -> None:
    """Move a link, unless somebody else has done so meanwhile."""
    columns = {"state": new, "decided_by": by, "decided_at": timezone.now(), "doubt": ""}
    if new == State.CONFIRMED and link.kind == Kind.VEHICLE:
        pair = (link.remote_id, _here(link))
        columns |= terms_of_vehicles([pair])[pair]
    moved = Link.objects.filter(pk=link.pk, state=old).update(**columns)
    if not moved:
        raise NotDecided(_said_meanwhile(_found(link.pk)))
    link.state = new


def _drop_rivals(link: Link) -> None:
    """Drop what was proposed for either side of a link, as far as there can be only one."""
    pairing = PAIRINGS[link.kind]
    rivals = Q(pk=None)
    if not pairing.several_here:
        rivals |= Q(remote_id=link.remote_id)
    if not pairing.several_there:
        rivals |= Q(**{pairing.ours: _here(link)})
    Link.objects.filter(rivals, kind=link.kind, state=State.PROPOSED).exclude(pk=link.pk).delete()


def _drop_connectors_of(link: Link) -> None:
    connectors = RemoteConnector.objects.filter(charge_point__remote_id=link.remote_id)
    Link.objects.filter(
        kind=Kind.CONNECTOR,
        state=State.CONFIRMED,
        decided_at=None,
        remote_id__in=connectors.values("remote_id"),
    ).delete()


def _drop_followers_of(link: Link) -> None:
    """Drop what followed a vehicle that people had linked, unless they have linked another one."""
    group = RemoteVehicle.objects.filter(remote_id=link.remote_id).exclude(group="").values("group")
    same = Link.objects.filter(
        kind=Kind.VEHICLE,
        state=State.CONFIRMED,
        fleet=link.fleet_id,
        remote_id__in=RemoteVehicle.objects.filter(group__in=group).values("remote_id"),
    )
    if not same.filter(decided_at__isnull=False).exists():
        same.delete()


def _note(link: Link, by: User, message: str) -> None:
    LogEntry.objects.log_actions(by.pk, [link], CHANGE, message, single_object=True)


def _said_meanwhile(link: Link) -> str:
    state = link.get_state_display()
    if link.decided_by is None:
        return _("This has changed in the meantime: %(state)s.") % {"state": state}
    text = _("%(person)s has decided this in the meantime: %(state)s.")
    return text % {"person": link.decided_by, "state": state}


@contextmanager
def _one_of_each() -> Iterator[None]:
    """Say that another link stands in the way, where the database does."""
    try:
        yield
    except IntegrityError:
        raise NotDecided(_("One of the two is linked already: undo that link first.")) from None
