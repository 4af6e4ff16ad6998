"""Says, for staff, why a run took nothing of all that the operator gave."""

from collections.abc import Mapping

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from mirror.runs import CHARGE_POINTS, EVSES, LOCATIONS

# Why a record is left out.
ROAMING, PERSONAL, ELSEWHERE, UNREADABLE = "roaming", "personal", "elsewhere", "unreadable"
UNINVITED, WITHOUT_EMAIL = "uninvited", "without e-mail"
USERS, BOOKINGS = "users", "bookings"


def none_taken(noun: str, reasons: Mapping[str, int]) -> str:
    """Return the sentence that all records of a list were left out, and for which reasons."""
    count = sum(reasons.values())
    told = (_told(reason) % {"count": number} for reason, number in reasons.items() if number)
    return _sentences(count)[noun] % {"count": count, "reasons": ", ".join(told)}


def _sentences(count: int) -> dict[str, str]:
    return {
        LOCATIONS: ngettext(
            "The operator gave %(count)s location, which was left out: %(reasons)s.",
            "The operator gave %(count)s locations, and all were left out: %(reasons)s.",
            count,
        ),
        CHARGE_POINTS: ngettext(
            "The operator gave %(count)s charge point, which was left out: %(reasons)s.",
            "The operator gave %(count)s charge points, and all were left out: %(reasons)s.",
            count,
        ),
        EVSES: ngettext(
            "The operator gave %(count)s EVSE, which was left out: %(reasons)s.",
            "The operator gave %(count)s EVSEs, and all were left out: %(reasons)s.",
            count,
        ),
        USERS: ngettext(
            "The operator gave %(count)s user, who was left out: %(reasons)s.",
            "The operator gave %(count)s users, and all were left out: %(reasons)s.",
            count,
        ),
        BOOKINGS: ngettext(
            "The operator gave %(count)s booking, which was left out: %(reasons)s.",
            "The operator gave %(count)s bookings, and all were left out: %(reasons)s.",
            count,
        ),
    }


def _told(reason: str) -> str:
    return {
        ROAMING: _("%(count)s of other operators (roaming)"),
        PERSONAL: _("%(count)s personal"),
        ELSEWHERE: _("%(count)s that belong to something left out or unknown"),
        UNREADABLE: _("%(count)s unreadable"),
        UNINVITED: _("%(count)s without an accepted invite"),
        WITHOUT_EMAIL: _("%(count)s without a usable e-mail address"),
    }[reason]
