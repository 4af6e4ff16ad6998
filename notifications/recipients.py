"""Decides who is told what: writes the mails that an occasion calls for, in its transaction.

An occasion is a request that is settled, something that happens to a booking, or a reminder that
falls due. Each address gets at most one mail of it; where driver and manager have the same one, it
is the manager's. A manager whose account is switched off, or who has left the fleet or may only
look by now, is told nothing; if that leaves nobody of those who asked, all managers are.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q

from accounts.models import User
from bookings.models import Actor, Booking, BookingEvent, BookingRequest
from bookings.wording.versions import AGREED_FACTS
from drivers.models import Driver, Fleet, FleetMembership
from notifications.models import NoticePreference, Notification
from notifications.preferences import Choice, choices_of_fleets

Kind = Notification.Kind
Audience = Notification.Audience
Managers = NoticePreference.Managers
RequestKind = BookingRequest.Kind
RequestStatus = BookingRequest.Status
Status = Booking.Status
What = BookingEvent.What

# What the operator may do to a booking that is expected to take place.
ENDINGS: dict[str, Kind] = {status: Kind(status) for status in Booking.ENDED_EARLY}


@dataclass(frozen=True, slots=True)
class Circle:
    """Those in a fleet who may be told: its managers by now, and what the fleet has chosen."""

    managers: list[User]
    choices: dict[Kind, Choice]

    def managers_for(self, kind: Kind, asked: Iterable[User | None]) -> list[User]:
        """Return which managers get a kind of mail about what `asked` have asked for."""
        wanted = self.choices[kind].managers
        if wanted == Managers.NOBODY:
            return []
        concerned = set(asked)
        present = [each for each in self.managers if each in concerned]
        return present if present and wanted == Managers.ASKED else self.managers


class Plan:
    """The mails of one occasion, at most one an address: whoever is told first keeps it."""

    def __init__(
        self,
        booking: Booking,
        *,
        circle: Circle,
        request: BookingRequest | None = None,
        event: BookingEvent | None = None,
        told: Iterable[str] = (),
    ) -> None:
        self.booking = booking
        self.circle = circle
        self.request = request
        self.event = event
        self.taken = {address.casefold() for address in told}
        self.rows: list[Notification] = []

    def tell_managers(self, kind: Kind, asked: Iterable[User | None]) -> None:
        """Tell the managers that the fleet has chosen."""
        for user in self.circle.managers_for(kind, asked):
            self._add(kind, Audience.MANAGER, user.email, recipient_user=user)

    def tell_driver(self, kind: Kind, driver: Driver | None) -> None:
        """Tell a driver, if the fleet wants that or must."""
        if driver is not None and self.circle.choices[kind].driver:
            self.tell_driver_who_asked(kind, driver)

    def tell_driver_who_asked(
        self, kind: Kind, driver: Driver, *, request: BookingRequest | None = None
    ) -> None:
        """Tell a driver whatever the fleet has chosen; `request` where it is about another one."""
        if driver.email:
            told_of = {"request": request} if request else {}
            self._add(kind, Audience.DRIVER, driver.email, recipient_driver=driver, **told_of)

    def _add(self, kind: Kind, audience: Audience, address: str, **fields: object) -> None:
        if address.casefold() in self.taken:
            return
        self.taken.add(address.casefold())
        about = {"booking": self.booking, "request": self.request, "event": self.event}
        self.rows.append(
            Notification(kind=kind, audience=audience, recipient_email=address, **(about | fields))
        )


# Occasions


def plan_for_request(request: BookingRequest) -> list[int]:
    """Write whom to tell that a request was settled; return the ids of those rows.

    For callers in the transaction that settles it, once the booking has followed. Planning it again
    adds nobody.
    """
    plan = Plan(
        request.booking,
        circle=circle_of(request.booking.fleet),
        request=request,
        told=_told_already(request),
    )
    refused = request.is_refused
    if request.status == RequestStatus.APPROVED:
        approvals = {
            RequestKind.CREATE: _plan_approval,
            RequestKind.UPDATE: _plan_change,
            RequestKind.CANCEL: _plan_cancellation,
        }
        approvals[RequestKind(request.kind)](plan, request)
    elif refused:
        refusals = {
            RequestKind.CREATE: _plan_refused_creation,
            RequestKind.UPDATE: _plan_refused_change,
            RequestKind.CANCEL: _plan_refused_cancellation,
        }
        refusals[RequestKind(request.kind)](plan, request)
    return _save(plan)


def plan_for_event(event: BookingEvent) -> list[int]:
    """Write whom to tell of what happened to a booking; return the ids of those rows.

    Told are what the operator does and drivers who run late. Of several things that the operator
    does at once, the gravest is told. Planning it again adds nobody.
    """
    late = event.what == What.RUNNING_LATE
    if not late and not (event.what == What.CHANGED and event.actor == Actor.OPERATOR):
        return []
    plan = Plan(event.booking, circle=circle_of(event.booking.fleet), event=event)
    if late:
        plan.tell_managers(Kind.RUNNING_LATE, [event.booking.created_by])
    else:
        _plan_operators_change(plan, event)
    return _save(plan)


def plan_reminders(bookings: Iterable[Booking]) -> int:
    """Write whom to remind of bookings; return how many rows. Planning it again adds them again."""
    bookings = list(bookings)
    circles = circles_of({booking.fleet for booking in bookings})
    rows: list[Notification] = []
    for booking in bookings:
        plan = Plan(booking, circle=circles[booking.fleet_id])
        plan.tell_managers(Kind.REMINDER, [booking.created_by])
        plan.tell_driver(Kind.REMINDER, booking.driver)
        rows += plan.rows
    Notification.objects.bulk_create(rows)
    return len(rows)


def circle_of(fleet: Fleet) -> Circle:
    """Return who in a fleet may be told."""
    return circles_of([fleet])[fleet.pk]


def circles_of(fleets: Iterable[Fleet]) -> dict[int, Circle]:
    """Return who may be told, by the fleets' ids; costs two queries."""
    fleets = list(fleets)
    managers: dict[int, list[User]] = defaultdict(list)
    for membership in (
        FleetMembership.objects.filter(
            fleet__in=fleets, role=FleetMembership.Role.MANAGER, user__is_active=True
        )
        .select_related("user")
        .order_by("pk")
    ):
        managers[membership.fleet_id].append(membership.user)
    choices = choices_of_fleets(fleets)
    return {fleet.pk: Circle(managers[fleet.pk], choices[fleet.pk]) for fleet in fleets}


# What each occasion calls for


def _plan_approval(plan: Plan, request: BookingRequest) -> None:
    if plan.booking.open_change == Booking.OpenChange.CANCEL:
        # Its cancellation goes out in the same moment, so nobody is to count on it.
        return
    plan.tell_managers(Kind.APPROVED, [request.created_by, plan.booking.created_by])
    plan.tell_driver(Kind.APPROVED, request.driver)


def _plan_refused_creation(plan: Plan, request: BookingRequest) -> None:
    asked = [request.created_by, plan.booking.created_by]
    if request.asked_by == Actor.PORTAL:
        # One too many, which nobody has asked for (`bookings.sync.duplicates`).
        return
    if request.failure == BookingRequest.Failure.WITHDRAWN:
        # A manager who withdraws it knows, and nobody else had been told of it.
        last = request.events.order_by("at", "pk").last()
        if last is not None and last.actor == Actor.DRIVER:
            plan.tell_managers(Kind.CANCELLED, asked)
        return
    rejected = request.status == RequestStatus.REJECTED
    plan.tell_managers(Kind.REJECTED if rejected else Kind.NOT_PLACED, asked)


def _plan_change(plan: Plan, request: BookingRequest) -> None:
    if not plan.booking.holds_a_place:
        # It ended before the approval was seen, of which they are told.
        return
    plan.tell_managers(Kind.CHANGED, [request.created_by, plan.booking.created_by])
    former = request.previous_driver
    if former is None or former == request.driver:
        plan.tell_driver(Kind.CHANGED, request.driver)
    else:
        plan.tell_driver(Kind.APPROVED, request.driver)
        plan.tell_driver(Kind.CANCELLED, former)


def _plan_refused_change(plan: Plan, request: BookingRequest) -> None:
    plan.tell_managers(Kind.CHANGE_REFUSED, [_whose_request(plan, request)])


def _plan_cancellation(plan: Plan, request: BookingRequest) -> None:
    if plan.booking.status != Status.CANCELLED:
        # It ended otherwise before the approval was seen, of which they are told.
        return
    if request.asked_by == Actor.PORTAL:
        # One too many: nobody has heard of it.
        return
    plan.tell_managers(Kind.CANCELLED, [request.created_by, plan.booking.created_by])
    if request.asked_by == Actor.DRIVER:
        plan.tell_driver_who_asked(Kind.CANCELLED, plan.booking.driver)
    elif not _was_withheld(plan.booking):
        plan.tell_driver(Kind.CANCELLED, plan.booking.driver)


def _plan_refused_cancellation(plan: Plan, request: BookingRequest) -> None:
    booking = plan.booking
    if booking.status == Status.CANCELLED:
        # It was cancelled at the operator before, of which they are told.
        return
    plan.tell_managers(Kind.CANCEL_REFUSED, [_whose_request(plan, request)])
    if request.asked_by == Actor.DRIVER:
        plan.tell_driver_who_asked(Kind.CANCEL_REFUSED, booking.driver)
    elif request.asked_by == Actor.PORTAL:
        # One too many: the driver has another one for the same time.
        return
    elif booking.is_confirmed and _was_withheld(booking):
        # It takes place after all, and the driver has never heard of it.
        creation = booking.requests.filter(
            kind=RequestKind.CREATE, status=RequestStatus.APPROVED
        ).last()
        if creation is not None and plan.circle.choices[Kind.APPROVED].driver:
            plan.tell_driver_who_asked(Kind.APPROVED, booking.driver, request=creation)


def _plan_operators_change(plan: Plan, event: BookingEvent) -> None:
    booking, changes = plan.booking, event.changes
    asked = [booking.created_by]
    old, new = changes.get("status", (booking.status, booking.status))
    former_pk = changes.get("driver", (None, None))[0]
    former = Driver.objects.filter(pk=former_pk).first() if former_pk else None
    if new in ENDINGS:
        if old not in Booking.MAY_COME:
            return
        plan.tell_managers(ENDINGS[new], asked)
        # Whoever would have got it in the same moment has never heard of it.
        if former is None:
            plan.tell_driver(ENDINGS[new], booking.driver)
    elif new in Booking.MAY_COME and (old in ENDINGS or _is_moved(changes)):
        plan.tell_managers(Kind.MOVED, asked)
        plan.tell_driver(Kind.MOVED, booking.driver)
    else:
        return
    plan.tell_driver(Kind.CANCELLED, former)


def _whose_request(plan: Plan, request: BookingRequest) -> User | None:
    """Return whose request it is: who asked, or who looks after the booking if they are gone."""
    asked = request.created_by
    return asked if asked in plan.circle.managers else plan.booking.created_by


def _is_moved(changes: dict[str, list[object]]) -> bool:
    """Return whether it is another booking now; a charger that was not known before is none."""
    other_charger = changes.get("evse", [None])[0] is not None
    return other_charger or bool(AGREED_FACTS & changes.keys())


# What was told before


def _was_withheld(booking: Booking) -> bool:
    """Return whether its driver never heard of it, since it was to be cancelled before that."""
    return (
        booking.events.filter(what=What.WITHDRAWAL_ASKED).exists()
        and not booking.notifications.filter(audience=Audience.DRIVER).exists()
    )


def _told_already(request: BookingRequest) -> list[str]:
    """Return who was told what a request asked for, as the operator's doing, before its decision.

    So it comes with one that went undecided for so long that it explained nothing any more.
    """
    mails = request.booking.notifications.filter(event__isnull=False).select_related("event")
    if request.kind == RequestKind.CANCEL:
        mails = mails.filter(kind=Kind.CANCELLED, event__changes__has_key="status")
        return [mail.recipient_email for mail in mails]
    if request.kind != RequestKind.UPDATE or request.status != RequestStatus.APPROVED:
        return []
    mails = mails.filter(event__at__gte=request.created_at)
    return [mail.recipient_email for mail in mails if _tells_all_of(mail.event, request)]


def _tells_all_of(event: BookingEvent | None, change: BookingRequest) -> bool:
    """Return whether what the operator did is just what a change asked for."""
    done = event.changes if event else {}
    for name in ("start_at", "end_at"):
        wanted = getattr(change, name)
        if wanted == getattr(change, f"previous_{name}"):
            continue
        if name not in done or datetime.fromisoformat(str(done[name][1])) != wanted:
            return False
    return change.driver_id in {change.previous_driver_id, done.get("driver", [None, None])[1]}


def _save(plan: Plan) -> list[int]:
    """Save the rows that there are not yet; return the ids of what waits about this occasion."""
    if not plan.rows:
        return []
    Notification.objects.bulk_create(plan.rows, ignore_conflicts=True)
    requests = {row.request_id for row in plan.rows} - {None}
    waiting = Notification.objects.filter(
        Q(request__in=requests) if requests else Q(event=plan.event),
        state=Notification.State.QUEUED,
    )
    return list(waiting.order_by("pk").values_list("pk", flat=True))
