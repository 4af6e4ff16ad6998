"""Stores Ampcontrol's records, in a few statements whatever their number."""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any, Protocol, TypeVar

from django.db import models, transaction
from django.utils.translation import gettext as _

from energy.mirroring.turns import Outcome
from energy.models.mirrored import Remote
from mirror.fitting import fit

BOOKKEEPING = ("remote_id", "read_at", "retired_at")


class Record(Protocol):
    """Anything of Ampcontrol that has an id."""

    @property
    def id(self) -> str: ...


One = TypeVar("One", bound=Record)


def read_all(read: Callable[[], Iterable[One]], *, known: "models.QuerySet[Any]") -> list[One]:
    """Return a whole list; once more, with what both gave, where rows we know are not in it.

    Pages shift while others write: a record may slip from one that is still to be read to one
    that was. So nothing is missed for that alone.
    """
    found = {record.id: record for record in read()}
    missing = set(known.filter(retired_at=None).values_list("remote_id", flat=True)) - found.keys()
    if missing and found:
        found |= {record.id: record for record in read()}
    return list(found.values())


def store(
    noun: str,
    rows: Sequence[Remote],
    *,
    model: type[Remote],
    now: datetime,
    keep: Sequence[str] = (),
    gone: "models.QuerySet[Any] | None" = None,
    rest: "models.QuerySet[Any] | None" = None,
    skipped: int = 0,
) -> Outcome:
    """Write rows by Ampcontrol's id; what was retired is back, what says nothing new only seen.

    `keep` names fields that others write. `gone` are those of which a complete list was read: what
    is not among the rows is retired, but never all of them at once. `rest` are those of which only
    what changed was read: what is not among the rows is as it was, as of now.
    """
    by_id = {row.remote_id: row for row in rows}
    fields = [
        field
        for field in model._meta.concrete_fields
        if not field.primary_key and field.name not in {*BOOKKEEPING, *keep}
    ]
    problem, retired = "", 0
    with transaction.atomic():
        known = {
            row.remote_id: row
            for row in model._default_manager.filter(remote_id__in=by_id).order_by("pk")
        }
        changed = []
        for remote_id, row in by_id.items():
            row.read_at, row.retired_at = now, None
            fit(row)
            old = known.get(remote_id)
            if old is None or old.retired_at or _differs(old, row, fields):
                changed.append(row)
        model._default_manager.bulk_create(
            changed,
            update_conflicts=True,
            unique_fields=["remote_id"],
            update_fields=[*(field.name for field in fields), "read_at", "retired_at"],
        )
        same = known.keys() - {row.remote_id for row in changed}
        for part in _in_parts(sorted(known[remote_id].pk for remote_id in same)):
            model._default_manager.filter(pk__in=part).update(read_at=now)
        if rest is not None:
            rest.filter(retired_at=None, read_at__lt=now).update(read_at=now)
        if gone is not None:
            unseen = gone.filter(retired_at=None, read_at__lt=now)
            if by_id:
                retired = unseen.update(retired_at=now)
            elif unseen.exists():
                problem = _("Ampcontrol gave an empty list, so nothing was retired.")
    counts = {
        "seen": len(by_id),
        "new": len(by_id.keys() - known.keys()),
        "changed": len([row for row in changed if row.remote_id in known]),
        "retired": retired,
        "skipped": skipped,
    }
    return Outcome(counts={noun: counts}, problem=problem)


def _differs(old: Remote, new: Remote, fields: Iterable["models.Field[Any, Any]"]) -> bool:
    return any(getattr(old, field.attname) != getattr(new, field.attname) for field in fields)


def _in_parts(keys: Sequence[int], size: int = 500) -> Iterable[Sequence[int]]:
    for start in range(0, len(keys), size):
        yield keys[start : start + size]
