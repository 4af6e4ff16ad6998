"""What staff decide about a site's power and prices; only what they confirm counts.

Each decision is a conditional update and an entry in the audit trail, in one transaction.
"""

import re
from collections.abc import Mapping

from django.contrib.admin.models import CHANGE, LogEntry
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from energy.models import Line


class LineNotDecided(Exception):
    """Why a decision came to nothing, in a sentence for staff."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


def confirm_line(pk: int, *, by: User, currency: str = "") -> None:
    """Let a site's line count. AMPECO does not tell the currency of prices: staff do."""
    line = _found(pk)
    currency = currency.strip().upper()
    if not line.points.exists():
        raise LineNotDecided(_("There is no figure to confirm."))
    if line.kind != Line.Kind.PRICE:
        currency = ""
    elif not re.fullmatch(r"[A-Z]{3}", currency):
        raise LineNotDecided(
            _("Say in which currency the prices are, by its three letters, such as EUR.")
        )
    decided = {"confirmed_at": timezone.now(), "currency": currency}
    _decide(line, by, "Confirmed.", {"confirmed_at": None, "refused_at": None}, decided)


def refuse_line(pk: int, *, by: User) -> None:
    """Refuse a site's line: it is proposed again only with other circuits or another rate."""
    line = _found(pk)
    decided = {"refused_at": timezone.now()}
    _decide(line, by, "Refused.", {"confirmed_at": None, "refused_at": None}, decided)


def undo_line(pk: int, *, by: User) -> None:
    """Make what was confirmed or refused a proposal again."""
    line = _found(pk)
    if line.confirmed_at is None and line.refused_at is None:
        raise LineNotDecided(_meanwhile())
    old = {"confirmed_at": line.confirmed_at, "refused_at": line.refused_at}
    _decide(line, by, "Undone.", old, {"confirmed_at": None, "refused_at": None})


def _found(pk: int) -> Line:
    line = Line.objects.filter(pk=pk, location__isnull=False).select_related("location").first()
    if line is None:
        raise LineNotDecided(_("AMPECO no longer says this."))
    return line


def _decide(
    line: Line, by: User, message: str, old: Mapping[str, object], new: Mapping[str, object]
) -> None:
    with transaction.atomic():
        moved = Line.objects.filter(pk=line.pk, **old).update(**new, confirmed_by=by)
        if not moved:
            raise LineNotDecided(_meanwhile())
        LogEntry.objects.log_actions(by.pk, [line], CHANGE, message, single_object=True)


def _meanwhile() -> str:
    return _("Somebody else has decided this in the meantime.")
