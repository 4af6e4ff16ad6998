"""Adds to the audit trail; in the transaction of what an entry tells, if there is one."""

from collections.abc import Iterable, Mapping
from typing import Any

from django.db import models

from accounts.models import User
from privacy.acting import DOER, Doer
from privacy.models import AuditEntry

Action = AuditEntry.Action
Actor = AuditEntry.Actor
# Of an action on more objects than these, the others are told as a number.
MOST_OBJECTS = 1000

Changes = Mapping[str, list[Any] | None]


def note(
    action: Action,
    *,
    of: models.Model | None = None,
    name: str = "",
    changes: Changes | None = None,
    counts: Mapping[str, int] | None = None,
    by: Doer | None = None,
) -> AuditEntry:
    """Add one entry about an object, by whoever acts now or by `by`; else the portal did it."""
    object_id = str(of.pk) if of is not None else ""
    return _save(
        _entry(
            action,
            by=by or DOER.get(),
            name=name,
            object_type=kind_of(of) if of is not None else "",
            object_id=object_id,
            changes=changes,
            counts=counts,
        )
    )


def note_action(
    name: str, *, model: type[models.Model] | None, keys: Iterable[object], by: Doer
) -> None:
    """Add an entry for each object that somebody starts an action on; one where there are none."""
    ids = [str(key).replace("\0", "")[:64] for key in keys]
    kind = kind_of(model) if model is not None else ""
    counts = {"objects": len(ids)} if len(ids) > 1 else None
    entries = [
        _entry(Action.ACTED, by=by, name=name, object_type=kind, object_id=one, counts=counts)
        for one in ids[:MOST_OBJECTS] or [""]
    ]
    AuditEntry.objects.bulk_create(entries)


def note_failed_sign_in(user: User, *, by: Doer) -> None:
    entry = _entry(Action.SIGN_IN_FAILED, by=by, object_type=kind_of(user), object_id=str(user.pk))
    entry.actor = Actor.UNKNOWN
    _save(entry)


def kind_of(model: models.Model | type[models.Model]) -> str:
    """Return what the trail calls a kind of object: “drivers.driver”."""
    return model._meta.label_lower


def _entry(action: Action, *, by: Doer | None, **fields: Any) -> AuditEntry:
    actor = Actor.PORTAL
    if by is not None:
        actor = Actor.COMMAND_LINE if by.command else Actor.FLEET if by.of_fleet else Actor.STAFF
    name = fields.pop("name", "") or (by.command if by else "")
    given = {key: value for key, value in fields.items() if value is not None}
    return AuditEntry(
        action=action,
        actor=actor,
        name=name[:100],
        user_id=by.user_id if by else None,
        address=by.address if by else None,
        request_id=by.request_id if by else "",
        **given,
    )


def _save(entry: AuditEntry) -> AuditEntry:
    entry.save()
    return entry
