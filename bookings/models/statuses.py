"""What each status is and means: of a booking, and of a request to make, change or cancel one.

A new status is a member of its enum and an entry in the table below it, without which nothing
starts. Which statuses count as what follows: the models make their sets from the tables.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import Enum, auto

from django.db import models
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


class BookingStatus(models.TextChoices):
    REQUESTED = "requested", _("Requested")
    REJECTED = "rejected", _("Rejected")
    NOT_PLACED = "not-placed", _("Could not be booked")
    ACCEPTED = "accepted", _("Approved")
    RESERVED = "reserved", _("Charger held")
    COMPLETED = "completed", _("Charging started")
    CANCELLED = "cancelled", _("Cancelled")
    NO_SHOW = "no-show", _("No-show")
    FAILED = "failed", _("Charger could not be held")
    UNKNOWN = "unknown", _("Unknown to this portal")


class Stage(Enum):
    """How far a booking has come, which is all that most rules about its status need."""

    ASKED = auto()
    CONFIRMED = auto()
    CHARGED = auto()
    # It has ended: before it was one, because somebody wanted that, or although nobody did.
    NEVER_BOOKED = auto()
    CANCELLED = auto()
    LOST = auto()
    UNKNOWN = auto()


@dataclass(frozen=True, slots=True)
class BookingTraits:
    """What a status of a booking means.

    `onward` says which may come next (docs/life-of-a-booking.md). AMPECO has the last word: what it
    reports is recorded all the same, and anything may become `unknown`, and `unknown` anything.

    `tone` is a modifier of the style `state`. `calendar` is the STATUS of the entry (RFC 5545):
    CANCELLED takes it out of calendars. `for_driver` and `meaning` tell the driver and managers
    what the status is; `meaning` is empty where a page tells more. `reported` is the line of
    history when the operator's record has come to say so.
    """

    stage: Stage
    icon: str
    tone: str
    calendar: str
    for_driver: str | Promise
    onward: frozenset[BookingStatus] = frozenset()
    meaning: str | Promise = ""
    reported: str | Promise = ""


ENDS = frozenset(
    {
        BookingStatus.COMPLETED,
        BookingStatus.CANCELLED,
        BookingStatus.NO_SHOW,
        BookingStatus.FAILED,
    }
)
NOTHING_BOOKED = BookingTraits(
    Stage.NEVER_BOOKED,
    icon="circle-x",
    tone="bad",
    calendar="CANCELLED",
    for_driver=_("Nothing is booked for you. Please ask your fleet manager for another time."),
)
BOOKING_TRAITS: Mapping[str, BookingTraits] = {
    BookingStatus.REQUESTED: BookingTraits(
        Stage.ASKED,
        onward=frozenset(
            {
                BookingStatus.ACCEPTED,
                BookingStatus.REJECTED,
                BookingStatus.NOT_PLACED,
                BookingStatus.CANCELLED,
            }
        ),
        icon="hourglass",
        tone="waiting",
        calendar="TENTATIVE",
        for_driver=_(
            "Your fleet has requested this from the operator. Nothing is booked until the "
            "operator approves."
        ),
    ),
    BookingStatus.REJECTED: NOTHING_BOOKED,
    BookingStatus.NOT_PLACED: replace(NOTHING_BOOKED, onward=frozenset({BookingStatus.REQUESTED})),
    BookingStatus.ACCEPTED: BookingTraits(
        Stage.CONFIRMED,
        onward=ENDS | {BookingStatus.RESERVED},
        icon="circle-check",
        tone="good",
        calendar="CONFIRMED",
        for_driver=_("The operator approved it: the time is booked for you."),
        meaning=_("The operator lists this booking as approved."),
        reported=_("The operator lists the booking as approved"),
    ),
    BookingStatus.RESERVED: BookingTraits(
        Stage.CONFIRMED,
        onward=ENDS,
        icon="lock",
        tone="good",
        calendar="CONFIRMED",
        for_driver=_("The charger is being held for you."),
        meaning=_("The charger is being held for the driver."),
        reported=_("The operator is holding the charger"),
    ),
    BookingStatus.COMPLETED: BookingTraits(
        Stage.CHARGED,
        icon="bolt",
        tone="info",
        calendar="CONFIRMED",
        for_driver=_("Charging has started."),
        meaning=_("The driver has started charging."),
        reported=_("The operator reports that charging has started"),
    ),
    BookingStatus.CANCELLED: BookingTraits(
        Stage.CANCELLED,
        icon="calendar-cancel",
        tone="quiet",
        calendar="CANCELLED",
        for_driver=_("This booking was cancelled. No charger is held for you."),
        reported=_("Cancelled on the operator’s side"),
    ),
    BookingStatus.NO_SHOW: BookingTraits(
        Stage.LOST,
        icon="clock-pause",
        tone="bad",
        calendar="CONFIRMED",
        for_driver=_(
            "Charging did not start in time, so the charger is not held for you any more."
        ),
        meaning=_("The driver did not start charging in time."),
        reported=_("The operator reports a no-show"),
    ),
    BookingStatus.FAILED: BookingTraits(
        Stage.LOST,
        icon="circle-x",
        tone="bad",
        calendar="CANCELLED",
        for_driver=_(
            "The charger could not be held for you. Please ask your fleet manager for another one."
        ),
        meaning=_("The charger could not be held for this booking."),
        reported=_("The operator could not hold the charger"),
    ),
    BookingStatus.UNKNOWN: BookingTraits(
        Stage.UNKNOWN,
        icon="help-circle",
        tone="quiet",
        calendar="TENTATIVE",
        for_driver=_(
            "The operator reports a status for this booking that is not known here. Please "
            "ask your fleet manager."
        ),
        meaning=_("The operator reports a status for this booking that the portal does not know."),
        reported=_("The operator reports a status that the portal does not know"),
    ),
}

BOOKING_MOVES: dict[str, frozenset[str]] = {
    each: BOOKING_TRAITS[each].onward for each in BookingStatus if each != BookingStatus.UNKNOWN
}


def at(*stages: Stage) -> frozenset[BookingStatus]:
    return frozenset(each for each in BookingStatus if BOOKING_TRAITS[each].stage in stages)


class RequestStatus(models.TextChoices):
    QUEUED = "queued", _("Waiting to be sent")
    PENDING = "pending", _("Waiting for the operator")
    STALE = "stale", _("No answer yet")
    APPROVED = "approved", _("Approved")
    REJECTED = "rejected", _("Rejected")
    FAILED = "failed", _("Failed")


@dataclass(frozen=True, slots=True)
class RequestTraits:
    """What a status of a request means. `onward`: what may come next; where nothing, it is settled.

    `is_refused`: what it asked for will not come.
    """

    onward: frozenset[RequestStatus]
    icon: str
    is_refused: bool = False


REQUEST_TRAITS: Mapping[str, RequestTraits] = {
    RequestStatus.QUEUED: RequestTraits(frozenset(RequestStatus) - {RequestStatus.QUEUED}, "send"),
    RequestStatus.PENDING: RequestTraits(
        frozenset({RequestStatus.APPROVED, RequestStatus.REJECTED, RequestStatus.STALE}),
        "hourglass",
    ),
    RequestStatus.STALE: RequestTraits(
        frozenset({RequestStatus.APPROVED, RequestStatus.REJECTED}), "clock-exclamation"
    ),
    RequestStatus.APPROVED: RequestTraits(frozenset(), "circle-check"),
    RequestStatus.REJECTED: RequestTraits(frozenset(), "circle-x", is_refused=True),
    RequestStatus.FAILED: RequestTraits(frozenset(), "circle-x", is_refused=True),
}
REQUEST_MOVES: dict[str, frozenset[str]] = {
    each: REQUEST_TRAITS[each].onward for each in RequestStatus
}
