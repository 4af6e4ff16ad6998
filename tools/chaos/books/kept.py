"""Four books about the same bookings.

What people asked for, what the portal says, what the operator holds, which mails arrived. Times are
instants; drivers and EVSEs are named by AMPECO's ids.
"""

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Literal
from uuid import UUID

# The operator keeps the charger for it.
HELD = frozenset({"accepted", "reserved", "completed"})


@dataclass(frozen=True, slots=True)
class Slot:
    user: int
    evse: int
    start_at: datetime
    end_at: datetime


Outcome = Literal["taken", "returned", "unanswered"]


@dataclass(slots=True)
class Asked:
    """A filled-in form, under the key that it carries however often it is sent.

    `taken`: the portal said yes, and showed the booking. `returned`: it said no, with a sentence.
    `unanswered`: nobody heard, though it was sent again and again.
    """

    key: UUID
    slot: Slot
    kind: Literal["create", "update"] = "create"
    outcome: Outcome = "unanswered"
    booking: int | None = None
    said: str = ""
    # The booking that goes when this one is approved: a move.
    replaces: int | None = None


@dataclass(slots=True)
class AskedTable:
    """A table of bookings from a file, by its name; `sent` are the lines that were shown as such
    that will be asked for when it was sent.

    `taken`: the portal said that it was sent. The other lines were said to be impossible.
    """

    name: str
    lines: list[Slot]
    outcome: Outcome = "unanswered"
    sent: set[int] = field(default_factory=set)
    said: str = ""


@dataclass(slots=True)
class AskedSeries:
    """A series by the key of its form, with what each of its days means.

    `given_up` are the days that somebody cancelled, whether or not they were told so.
    """

    key: UUID
    days: dict[date, Slot]
    outcome: Outcome = "unanswered"
    given_up: set[date] = field(default_factory=set)
    said: str = ""


@dataclass(slots=True)
class AskedWish:
    """A wish on the waiting list: `within` is driver, charger and window of what would do.

    `number` is what the portal showed it under, `took` the booking that was shown when an offer was
    taken.
    """

    key: UUID
    within: Slot
    length: timedelta
    by_itself: bool
    outcome: Outcome = "unanswered"
    number: int | None = None
    took: int | None = None
    said: str = ""


@dataclass(frozen=True, slots=True)
class PortalRequest:
    pk: int
    key: UUID
    external_id: UUID
    kind: str
    status: str
    ampeco_id: int | None
    booking: int


@dataclass(frozen=True, slots=True)
class PortalBooking:
    pk: int
    status: str
    ampeco_id: int | None
    slot: Slot
    open_change: str = ""


@dataclass(frozen=True, slots=True)
class PortalMail:
    message_id: str
    state: str
    to: str
    about: tuple[str, int, str]  # of what it tells, which, and what is told


@dataclass(frozen=True, slots=True)
class PortalRow:
    """A row of a table; `is_sent` is the table."""

    table: str
    is_sent: bool
    state: str
    key: UUID
    slot: Slot | None
    booking: int | None
    problem: str = ""


@dataclass(frozen=True, slots=True)
class PortalDate:
    """A date of the series with that key."""

    series: UUID
    day: date
    state: str
    booking: int | None
    problem: str = ""
    is_beyond: bool = False  # the operator takes no bookings for it yet


@dataclass(frozen=True, slots=True)
class PortalOffer:
    state: str
    slot: Slot
    booking: int | None


@dataclass(frozen=True, slots=True)
class PortalWish:
    """A wish with all that was found for it; `note` is what its history said last."""

    pk: int
    key: UUID | None
    state: str
    booking: int | None
    offers: tuple[PortalOffer, ...] = ()
    note: str = ""


@dataclass(frozen=True, slots=True)
class OperatorRequest:
    pk: int
    external_id: str
    kind: str
    status: str
    booking: int | None


@dataclass(frozen=True, slots=True)
class OperatorBooking:
    pk: int
    status: str
    slot: Slot


@dataclass(frozen=True, slots=True)
class Mail:
    message_id: str
    to: str


@dataclass
class Books:
    """All four."""

    asked: list[Asked] = field(default_factory=list)
    cancelled: set[int] = field(default_factory=set)  # bookings whose cancellation was taken
    requests: list[PortalRequest] = field(default_factory=list)
    bookings: list[PortalBooking] = field(default_factory=list)
    notifications: list[PortalMail] = field(default_factory=list)
    operator_requests: list[OperatorRequest] = field(default_factory=list)
    operator_bookings: list[OperatorBooking] = field(default_factory=list)
    mails: list[Mail] = field(default_factory=list)
    tables: list[AskedTable] = field(default_factory=list)
    series: list[AskedSeries] = field(default_factory=list)
    wishes: list[AskedWish] = field(default_factory=list)
    rows: list[PortalRow] = field(default_factory=list)
    dates: list[PortalDate] = field(default_factory=list)
    portal_wishes: list[PortalWish] = field(default_factory=list)

    def by_number(self) -> dict[int, PortalBooking]:
        return {booking.pk: booking for booking in self.bookings}
