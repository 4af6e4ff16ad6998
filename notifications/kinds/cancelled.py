"""A booking is cancelled, or a driver has it no longer."""

from datetime import datetime

from django.utils.translation import gettext as _

from bookings.models import Actor, BookingEvent
from bookings.models import BookingRequest as Request
from bookings.models.statuses import BookingStatus as Status
from bookings.wording.facts import one_line
from notifications.kinds.base import DriverGets, Kind, MailKind, MailPlan, is_theirs, was_withheld
from notifications.kinds.parts import Case, Letter, asked_by_manager, place_and_time, short_facts
from notifications.models import Notification


class Cancelled(MailKind):
    kind = Kind.CANCELLED
    driver = DriverGets.ALWAYS
    settles = Request.Kind.CANCEL, {Request.Status.APPROVED}
    ending = Status.CANCELLED
    true_at = frozenset({Status.CANCELLED})
    tells_driver = True

    def plan_for_request(self, plan: MailPlan, request: Request) -> None:
        booking = plan.booking
        if booking.status != Status.CANCELLED:
            # It ended otherwise before the approval was seen, of which they are told.
            return
        # One too many, which the portal cancels, only those have heard of who have its entry.
        if request.asked_by != Actor.PORTAL:
            super().plan_for_request(plan, request)
        if request.asked_by == Actor.DRIVER:
            plan.add_driver_anyway(Kind.CANCELLED, booking.driver)
        elif request.asked_by != Actor.PORTAL and not was_withheld(booking):
            plan.add_driver(Kind.CANCELLED, booking.driver)
        plan.add_entry_holders(Kind.CANCELLED)

    def is_obsolete(self, mail: Notification, *, now: datetime) -> bool:
        # Of a driver who lost the booking to another one it is true whatever became of it.
        return is_theirs(mail) and super().is_obsolete(mail, now=now)

    def write(self, case: Case) -> Letter:
        was_booked = case.request is None or case.request.kind != Request.Kind.CREATE
        if not was_booked:
            headline = _("The booking is cancelled")
            text = _(
                "The booking for %(driver)s at %(site)s was withdrawn before it was sent to the "
                "operator. Nothing is booked."
            )
        elif case.for_driver:
            headline = _("Your charging booking is cancelled")
            text = _(
                "Your booking at %(site)s is cancelled. No charger is held for you there any more. "
                "The attached calendar entry removes it from your calendar."
            )
        else:
            headline = _("The booking is cancelled")
            text = _(
                "The booking for %(driver)s at %(site)s is cancelled. The attached calendar entry"
                " removes it from calendars that have it."
            )
        return Letter(
            subject=_("Cancelled: %(what)s"),
            headline=headline,
            opening=[text % case.words, *who_cancelled(case)],
            facts=short_facts(case),
            entry=was_booked,
        )


def write_taken_away(case: Case) -> Letter:
    """Say to a driver that their booking is somebody else's now. Tells nothing of that one."""
    assert case.before is not None
    text = _(
        "Your booking at %(site)s was given to another driver. No charger is held for you "
        "there any more. The attached calendar entry removes it from your calendar."
    )
    return Letter(
        subject=_("No longer yours: %(what)s"),
        about=case.before,
        headline=_("This booking is no longer yours"),
        opening=[text % {"site": one_line(case.before.location.name)}],
        facts=short_facts(case, case.before),
        entry=True,
    )


def who_cancelled(case: Case) -> list[str]:
    """Return who cancelled a booking, in words that claim no more than is known."""
    if case.event is not None and case.event.actor == Actor.OPERATOR:
        if case.event.what == BookingEvent.What.GONE:
            return [_("The operator's system no longer knows it.")]
        if case.for_driver:
            return [
                _(
                    "It was cancelled on the operator's side. If you did not do that yourself in "
                    "the operator's app, please ask your fleet manager."
                )
            ]
        return [
            _(
                "It was cancelled on the operator's side: by the driver in the operator's app, or "
                "by the operator. The operator's system does not say which."
            )
        ]
    replacement = case.replacement
    if replacement is not None and (not case.for_driver or replacement.driver == case.recipient):
        text = _("It was moved: another booking replaces it, %(when)s, %(where)s.")
        return [text % place_and_time(replacement)]
    asked_by = who_asked(case.request) if case.request is not None else ""
    if asked_by == Actor.DRIVER:
        if case.for_driver:
            theirs = case.request is not None and case.request.driver == case.recipient
            return [_("You requested this on your page.")] if theirs else []
        return [_("%(driver)s requested this on the driver's page.") % case.words]
    if asked_by == Actor.STAFF:
        return [_("The operator's staff requested this.")]
    return asked_by_manager(case) if asked_by == Actor.MANAGER else []


def who_asked(request: Request) -> str:
    if request.kind != Request.Kind.CREATE:
        return request.asked_by
    last = request.events.order_by("at", "pk").last()
    return last.actor if last is not None else ""
