"""What was said afterwards of a session, in sentences."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from charging.models import Assignment, CostCentre, Session
from vehicles.models import Vehicle


@dataclass(frozen=True, slots=True)
class Line:
    """Who said something when, and what that changed."""

    at: datetime
    who: str
    texts: list[str]


def history_of(session: Session) -> list[Line]:
    """Return what was assigned, the latest first; costs three queries at most."""
    assignments = list(session.assignments.select_related("user").order_by("-pk"))
    names = {
        "vehicle": _names(Vehicle, "vehicle", assignments),
        "cost_centre": _names(CostCentre, "cost_centre", assignments),
    }
    return [
        Line(
            each.at,
            each.user.display_name if each.user else "",
            [
                _text(field, _told(names, field, old), _told(names, field, new))
                for field, (old, new) in each.changes.items()
            ],
        )
        for each in assignments
    ]


def _names(
    model: type[Vehicle] | type[CostCentre], field: str, assignments: Iterable[Assignment]
) -> dict[int, str]:
    keys = {key for each in assignments for key in each.changes.get(field, []) if key is not None}
    return {pk: str(row) for pk, row in model._default_manager.in_bulk(keys).items()}


def _told(names: dict[str, dict[int, str]], field: str, value: Any) -> str:
    if value in {None, ""}:
        return _("none")
    return names[field].get(value, "?") if field in names else str(value)


def _text(field: str, old: str, new: str) -> str:
    words = {"old": old, "new": new}
    if field == "vehicle":
        return _("Vehicle: %(old)s → %(new)s") % words
    if field == "cost_centre":
        return _("Cost centre: %(old)s → %(new)s") % words
    return _("Reference: %(old)s → %(new)s") % words
