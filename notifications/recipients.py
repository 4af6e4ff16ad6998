"""Decides who is told what: writes the mails that an occasion calls for, in its transaction.

An occasion is a request that is settled, something that happens to a booking, or a reminder that
falls due. Each address gets at most one mail of it; where driver and manager have the same one, it
is the manager's. A manager whose account is switched off, or who has left the fleet or may only
look by now, is told nothing; if that leaves nobody of those who asked, all managers are.

A fleet chooses who gets which mails, within what each kind of mail lets it choose. What a driver
must know, so that nobody drives to a charger in vain, is not for a fleet to switch off, nor what
whoever has a calendar entry must know of it; what is between managers and the operator is not for
drivers.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from django.db import transaction

from accounts.models import User
from bookings.models import Actor, Booking, BookingEvent, BookingRequest
from bookings.state import listeners
from bookings.wording.versions import tells_all_of
from charging.models import BudgetWarning
from drivers.models import Fleet, FleetMembership
from mirror.work import wake_on_commit
from notifications.kinds import MAILS
from notifications.kinds.base import Choice, FleetRecipients, MailKind, MailPlan
from notifications.models import Notification, NotificationPreference
from notifications.queue import SEND
from waiting.models import WishEvent

Kind = Notification.Kind
Managers = NotificationPreference.Managers
What = BookingEvent.What

DEFAULTS = {kind: mail.default for kind, mail in MAILS.items() if mail.is_chosen}


def choices_of(fleet: Fleet) -> dict[Kind, Choice]:
    return choices_of_fleets([fleet])[fleet.pk]


def choices_of_fleets(fleets: Iterable[Fleet]) -> dict[int, dict[Kind, Choice]]:
    """Return who gets mails of each kind, by the fleets' ids; costs one query."""
    found = {fleet.pk: dict(DEFAULTS) for fleet in fleets}
    for row in NotificationPreference.objects.filter(fleet__in=found):
        chosen = Choice(Managers(row.managers), row.driver)
        found[row.fleet_id][Kind(row.kind)] = MAILS[Kind(row.kind)].allowed(chosen)
    return found


def save_choices(fleet: Fleet, choices: Mapping[Kind, Choice]) -> None:
    """Keep who of a fleet gets mails of each kind, within what may be chosen.

    What equals the default is not kept, so that a better default reaches whoever never chose.
    """
    with transaction.atomic():
        for kind, wanted in choices.items():
            if not MAILS[kind].is_chosen:
                continue
            choice = MAILS[kind].allowed(wanted)
            if choice == DEFAULTS[kind]:
                NotificationPreference.objects.filter(fleet=fleet, kind=kind).delete()
            else:
                NotificationPreference.objects.update_or_create(
                    fleet=fleet,
                    kind=kind,
                    defaults={"managers": choice.managers, "driver": choice.driver},
                )


BY_REQUEST: dict[tuple[str, str], MailKind] = {
    (mail.settles[0], status): mail
    for mail in MAILS.values()
    if mail.settles
    for status in mail.settles[1]
}
BY_WISH: dict[str, Kind] = {mail.wishes: kind for kind, mail in MAILS.items() if mail.wishes}
BY_BUDGET: dict[str, Kind] = {mail.budgets: kind for kind, mail in MAILS.items() if mail.budgets}
BY_DRIVER = {
    What.RUNNING_LATE: Kind.RUNNING_LATE,
    What.CHARGER_REPORTED: Kind.CHARGER_TROUBLE,
}
BY_PORTAL = {What.DOWNTIME: Kind.MAINTENANCE}
BY_ENDING: dict[str, MailKind] = {mail.ending: mail for mail in MAILS.values() if mail.ending}


def listen() -> None:
    listeners.requests_settled.append(plan_for_requests)
    listeners.event_recorded.append(plan_for_event)
    listeners.booking_merged.append(hand_over_mails)


def plan_for_requests(requests: Sequence[BookingRequest]) -> None:
    """Write whom to tell that requests were settled, to be sent after the commit.

    For callers in the transaction that settles them, once the bookings have followed. Planning it
    again adds nobody.
    """
    told_of = [
        (mail, request)
        for request in requests
        if (mail := BY_REQUEST.get((request.kind, request.status))) is not None
    ]
    if not told_of:
        return
    fleets = fleet_recipients({request.booking.fleet for _mail, request in told_of})
    rows: list[Notification] = []
    for mail, request in told_of:
        fleet = fleets[request.booking.fleet_id]
        told = _told_already(request)
        plan = MailPlan(request.booking, fleet=fleet, request=request, told=told)
        mail.plan_for_request(plan, request)
        rows += plan.rows
    _save(rows)


def plan_for_event(event: BookingEvent) -> None:
    """Write whom to tell of what happened to a booking, to be sent after the commit.

    Told are what the operator does, what drivers say of themselves or of the charger, and that
    maintenance is planned there. Of
    several things that the operator does at once, the gravest is told. Planning it again adds
    nobody.
    """
    booking = event.booking
    noticed = BY_DRIVER | BY_PORTAL
    if event.what in noticed:
        mail = MAILS[noticed[What(event.what)]]
    elif event.what == What.CHANGED and event.actor == Actor.OPERATOR:
        status = event.changes.get("status", (None, booking.status))[1]
        mail = BY_ENDING.get(status, MAILS[Kind.MOVED])
    else:
        return
    fleet = fleet_recipients([booking.fleet])[booking.fleet_id]
    plan = MailPlan(booking, fleet=fleet, event=event)
    mail.plan_for_event(plan, event)
    _save(plan.rows)


def plan_for_wish(event: WishEvent) -> None:
    """Write whom to tell of what happened to a wish, to be sent after the commit."""
    kind = BY_WISH.get(event.what)
    if kind is None:
        return
    wish = event.wish
    fleet = fleet_recipients([wish.fleet])[wish.fleet_id]
    rows = {
        user.email.casefold(): Notification(
            wish_event=event,
            kind=kind,
            audience=Notification.Audience.MANAGER,
            recipient_email=user.email,
            recipient_user=user,
        )
        for user in fleet.told(kind, [wish.created_by])
    }
    _save(list(rows.values()))


def plan_for_budget(warning: BudgetWarning) -> None:
    """Write whom to tell how much of a budget is spent, to be sent after the commit."""
    kind = BY_BUDGET[warning.level]
    fleet = warning.budget.fleet
    rows = [
        Notification(
            budget_warning=warning,
            kind=kind,
            audience=Notification.Audience.MANAGER,
            recipient_email=user.email,
            recipient_user=user,
        )
        for user in fleet_recipients([fleet])[fleet.pk].told(kind, [])
    ]
    _save(rows)


def plan_reminders(bookings: Iterable[Booking]) -> int:
    """Write whom to remind of bookings; return how many rows. Planning it again adds them again."""
    bookings = list(bookings)
    fleets = fleet_recipients({booking.fleet for booking in bookings})
    rows: list[Notification] = []
    for booking in bookings:
        plan = MailPlan(booking, fleet=fleets[booking.fleet_id])
        plan.add_managers(Kind.REMINDER, booking.created_by)
        plan.add_driver(Kind.REMINDER, booking.driver)
        rows += plan.rows
    if rows:
        Notification.objects.bulk_create(rows)
        wake_on_commit(SEND)
    return len(rows)


def hand_over_mails(found: Booking, booking: Booking) -> None:
    Notification.objects.filter(booking=found).update(booking=booking)


def fleet_recipients(fleets: Iterable[Fleet]) -> dict[int, FleetRecipients]:
    """Return who may be told, by the fleets' ids; costs two queries."""
    fleets = list(fleets)
    managers: dict[int, list[User]] = defaultdict(list)
    admins: dict[int, list[User]] = defaultdict(list)
    for membership in (
        FleetMembership.objects.filter(
            fleet__in=fleets, role=FleetMembership.Role.MANAGER, user__is_active=True
        )
        .select_related("user")
        .order_by("pk")
    ):
        managers[membership.fleet_id].append(membership.user)
        if membership.can_run_team:
            admins[membership.fleet_id].append(membership.user)
    choices = choices_of_fleets(fleets)
    return {
        fleet.pk: FleetRecipients(managers[fleet.pk], choices[fleet.pk], admins[fleet.pk])
        for fleet in fleets
    }


def _told_already(request: BookingRequest) -> list[str]:
    """Return who was told what a request asked for, as the operator's doing, before its decision.

    So it comes with one that went undecided for so long that it explained nothing any more.
    """
    mails = request.booking.notifications.filter(
        event__isnull=False, event__at__gte=request.created_at
    ).select_related("event")
    if request.kind == BookingRequest.Kind.CANCEL:
        mails = mails.filter(kind=Kind.CANCELLED, event__changes__has_key="status")
        return [mail.recipient_email for mail in mails]
    if (request.kind, request.status) != (
        BookingRequest.Kind.UPDATE,
        BookingRequest.Status.APPROVED,
    ):
        return []
    return [
        mail.recipient_email for mail in mails if mail.event and tells_all_of(mail.event, request)
    ]


def _save(rows: list[Notification]) -> None:
    if rows:
        Notification.objects.bulk_create(rows, ignore_conflicts=True)
        wake_on_commit(SEND)
