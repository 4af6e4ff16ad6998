"""What a kind of mail declares: who may choose what, who is told, what it says and until when."""

from abc import ABC, abstractmethod
from collections.abc import Iterable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import Any, ClassVar, Literal

from accounts.models import User
from bookings.models import Booking, BookingEvent, BookingRequest
from bookings.models.statuses import BookingStatus as Status
from bookings.models.statuses import RequestStatus
from charging.models import BudgetWarning
from drivers.models import Driver, FleetMembership
from notifications.kinds.parts import Letter
from notifications.models import Notification, NotificationPreference
from waiting.models import WishEvent

Kind = Notification.Kind
Audience = Notification.Audience
Managers = NotificationPreference.Managers

# Of a place that is booked, or that was.
STANDS = frozenset(Status) - Booking.CALLED_OFF - Booking.LOST


class DriverGets(Enum):
    """Whether mails of a kind go to the driver."""

    NEVER = "never"
    IF_CHOSEN = "if-chosen"
    ALWAYS = "always"
    # Not by choice, but because the driver has asked for it.
    IF_ASKED = "if-asked"


@dataclass(frozen=True, slots=True)
class Choice:
    """Who gets mails of one kind."""

    managers: Managers
    driver: bool


@dataclass(frozen=True, slots=True)
class FleetRecipients:
    """Those in a fleet who may be told: its managers by now, and what the fleet has chosen.

    `admins` are those of the managers who run the team.
    """

    managers: list[User]
    choices: dict[Kind, Choice]
    admins: list[User] = field(default_factory=list)

    def told(self, kind: Kind, asked: Iterable[User | None]) -> list[User]:
        """Return which managers the fleet has chosen; `asked` are those who asked for it."""
        wanted = self.choices[kind].managers
        if wanted == Managers.NOBODY:
            return []
        if wanted == Managers.ADMINS:
            return self.admins or self.managers
        present = [user for user in self.managers if user in asked]
        return present if present and wanted == Managers.ASKED else self.managers


class MailPlan:
    """The mails of one occasion, at most one an address: whoever is added first keeps it."""

    def __init__(
        self,
        booking: Booking,
        *,
        fleet: FleetRecipients,
        request: BookingRequest | None = None,
        event: BookingEvent | None = None,
        told: Iterable[str] = (),
    ) -> None:
        self.booking = booking
        self.fleet = fleet
        self.about = {"booking": booking, "request": request, "event": event}
        self.taken = {address.casefold() for address in told}
        self.rows: list[Notification] = []

    def add_managers(self, kind: Kind, *asked: User | None) -> None:
        """Add the managers that the fleet has chosen; `asked` are those who asked for it."""
        for user in self.fleet.told(kind, asked):
            self._add(kind, Audience.MANAGER, user.email, recipient_user=user)

    def add_driver(self, kind: Kind, driver: Driver | None) -> None:
        if driver is not None and self.fleet.choices[kind].driver:
            self.add_driver_anyway(kind, driver)

    def add_driver_anyway(self, kind: Kind, driver: Driver, **about: BookingRequest) -> None:
        """Add a driver whatever the fleet has chosen; `request` where it is about another one."""
        if driver.email:
            self._add(kind, Audience.DRIVER, driver.email, recipient_driver=driver, **about)

    def add_entry_holders(self, kind: Kind, *, of: Booking | None = None) -> None:
        """Add whoever was mailed the booking's calendar entry, or that `of` another one.

        Whatever the fleet has chosen, since no calendar is to keep what is not true any more. Of
        the managers those who still belong to the fleet, also if they may only look by now. A
        driver who has the entry and not the booking is told that it is theirs no more.
        """
        rows = Notification.objects.filter(booking=of or self.booking, kind__in=kinds_with_entry())
        last_told: dict[Driver | None, str] = {}
        users: set[int | None] = set()
        told = rows.exclude(state=Notification.State.DROPPED).select_related("recipient_driver")
        for mail in told.order_by("pk"):
            if mail.audience == Audience.DRIVER:
                last_told[mail.recipient_driver] = mail.kind
            elif mail.kind != Kind.CANCELLED:
                users.add(mail.recipient_user_id)
        members = FleetMembership.objects.filter(fleet=self.booking.fleet_id, user__in=users)
        for member in members.filter(user__is_active=True).select_related("user").order_by("pk"):
            self._add(kind, Audience.MANAGER, member.user.email, recipient_user=member.user)
        for driver, last in last_told.items():
            if driver == self.booking.driver:
                self.add_driver_anyway(kind, driver)
            elif driver is not None and of is None and last != Kind.CANCELLED:
                self.add_driver_anyway(Kind.CANCELLED, driver)

    def _add(self, kind: Kind, audience: Audience, address: str, **fields: object) -> None:
        if address.casefold() in self.taken:
            return
        self.taken.add(address.casefold())
        self.rows.append(
            Notification(
                kind=kind, audience=audience, recipient_email=address, **(self.about | fields)
            )
        )


class MailKind(ABC):
    """One kind of mail. Each subclass has a file here that is named like its member of Kind."""

    kind: ClassVar[Kind]
    # What holds until a fleet chooses, and what it may choose.
    managers: ClassVar[Managers] = Managers.ASKED
    offered: ClassVar[tuple[Managers, ...]] = (Managers.NOBODY, Managers.ASKED, Managers.ALL)
    driver: ClassVar[DriverGets] = DriverGets.NEVER
    # What it tells of: that requests were settled so, or that the operator ended a booking.
    settles: ClassVar[tuple[BookingRequest.Kind, AbstractSet[RequestStatus]] | None] = None
    ending: ClassVar[Status | None] = None
    # As long as the booking has such a status and, where that matters, the same driver.
    true_at: ClassVar[AbstractSet[Status]] = frozenset(Status)
    only_theirs: ClassVar[bool] = False
    until: ClassVar[Literal["start_at", "end_at"] | None] = None
    # It is not sent before the operator has named the charger.
    tells_charger: ClassVar[bool] = False
    # It brings the booking's calendar entry, so whoever got it is told of what becomes of that.
    brings_entry: ClassVar[bool] = False
    # It may tell of another driver than before: who gets a booking, and who loses it.
    tells_driver: ClassVar[bool] = False
    # What happened to a wish on the waiting list, where it tells of that and not of a booking.
    wishes: ClassVar[WishEvent.What | None] = None
    # How much of a budget is spent, where it tells of that.
    budgets: ClassVar[BudgetWarning.Level | None] = None
    # Whether fleets choose who gets it along with the other kinds.
    is_chosen: ClassVar[bool] = True

    @property
    def default(self) -> Choice:
        """What holds until somebody chooses."""
        return self.allowed(Choice(self.managers, driver=True))

    def allowed(self, choice: Choice) -> Choice:
        driver = self.driver is DriverGets.ALWAYS or (
            self.driver is DriverGets.IF_CHOSEN and choice.driver
        )
        return Choice(choice.managers if choice.managers in self.offered else self.managers, driver)

    def plan_for_request(self, plan: MailPlan, request: BookingRequest) -> None:
        plan.add_managers(self.kind, request.created_by, plan.booking.created_by)

    def plan_for_event(self, plan: MailPlan, event: BookingEvent) -> None:
        """Add who is told of what the operator did; by default that a booking ended."""
        booking = plan.booking
        if event.changes.get("status", [booking.status])[0] not in Booking.MAY_COME:
            return
        former = former_driver(event)
        plan.add_managers(self.kind, booking.created_by)
        # Whoever would have got it in the same moment has never heard of it.
        if former is None:
            plan.add_driver(self.kind, booking.driver)
        plan.add_driver(Kind.CANCELLED, former)
        if not booking.in_calendars:
            plan.add_entry_holders(self.kind)

    def is_obsolete(self, mail: Notification, *, now: datetime) -> bool:
        """Return whether what a mail would tell is no longer true of its booking.

        Other times than it tells are no reason: mails are written with what has changed since.
        """
        booking = mail.booking
        assert booking is not None
        return (
            booking.status not in self.true_at
            or (self.only_theirs and not is_theirs(mail))
            or (self.until is not None and getattr(booking, self.until) <= now)
        )

    @abstractmethod
    def write(self, case: Any) -> Letter:
        """Return what it says of a Case; of a WishCase or a BudgetCase, where it tells of such."""


def kinds_with_entry() -> list[Kind]:
    """Return the kinds of mail that bring an entry, or tell a driver that it goes."""
    found = [each.kind for each in MailKind.__subclasses__() if each.brings_entry]
    return [*found, Kind.CANCELLED]


def former_driver(event: BookingEvent) -> Driver | None:
    pk = event.changes.get("driver", [None])[0]
    return Driver.objects.filter(pk=pk).first() if pk else None


def whose_request(plan: MailPlan, request: BookingRequest) -> User | None:
    asked = request.created_by
    return asked if asked in plan.fleet.managers else plan.booking.created_by


def was_withheld(booking: Booking) -> bool:
    """Return whether its driver never heard of it, since it was to be cancelled before that."""
    return (
        booking.events.filter(what=BookingEvent.What.WITHDRAWAL_ASKED).exists()
        and not booking.notifications.filter(audience=Audience.DRIVER).exists()
    )


def is_theirs(mail: Notification) -> bool:
    """Return whether the booking is not another driver's by now; rows of long ago name none."""
    assert mail.booking is not None
    return mail.recipient_driver_id in {None, mail.booking.driver_id}
