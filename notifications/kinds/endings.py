"""How a booking ends before anybody has charged, or does not."""

from django.utils.translation import gettext as _

from bookings.models import Actor, BookingEvent, BookingRequest
from notifications.kinds.parts import (
    Case,
    Letter,
    actions_of,
    asked_by_manager,
    driver_closing,
    failed_request,
    full_facts,
    is_rejected,
    operator_words,
    place_and_time,
    short_facts,
    since_then,
    what,
)


def cancelled(case: Case) -> Letter:
    """Write that a booking is cancelled, and by whom as far as that is known."""
    was_booked = case.request is None or case.request.kind != BookingRequest.Kind.CREATE
    if not was_booked:
        headline = _("The booking is cancelled")
        text = _(
            "The booking for %(driver)s at %(site)s was withdrawn before the operator was asked. "
            "Nothing is booked."
        )
    elif case.for_driver:
        headline = _("Your charging booking is cancelled")
        text = _(
            "Your booking at %(site)s is cancelled. No charger is held for you there any more. The "
            "attached calendar entry removes it from your calendar."
        )
    else:
        headline = _("The booking is cancelled")
        text = _(
            "The booking for %(driver)s at %(site)s is cancelled. The attached calendar entry "
            "takes it out of calendars that have it."
        )
    return Letter(
        subject=_("Cancelled: %(what)s") % {"what": what(case.version)},
        headline=headline,
        opening=[text % case.words, *who_cancelled(case)],
        facts=short_facts(case, case.version),
        actions=actions_of(case),
        closing=driver_closing(case),
        entry=was_booked,
    )


def who_cancelled(case: Case) -> list[str]:
    """Return who cancelled a booking, in words that claim no more than is known."""
    if case.event is not None and case.event.actor == Actor.OPERATOR:
        if case.event.what == BookingEvent.What.GONE:
            return [_("The operator's system does not know it any more.")]
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
            return [_("You asked for it on your page.")]
        return [_("%(driver)s asked for it on the driver's own page.") % case.words]
    if asked_by == Actor.STAFF:
        return [_("The operator's staff asked for it.")]
    return asked_by_manager(case) if asked_by == Actor.MANAGER else []


def who_asked(request: BookingRequest) -> str:
    """Return who asked for a cancellation, which may be the withdrawal of a request to book."""
    if request.kind != BookingRequest.Kind.CREATE:
        return request.asked_by
    last = request.events.order_by("at", "pk").last()
    return last.actor if last is not None else ""


def cancel_refused(case: Case) -> Letter:
    """Write that a booking is not cancelled, and stands."""
    quoted = operator_words(case)
    if case.for_driver:
        headline = _("Your charging booking was not cancelled")
        says = _("The operator rejected the cancellation of your booking at %(site)s and says:")
        silent = _(
            "The operator rejected the cancellation of your booking at %(site)s and gave no reason."
        )
        failed = _("The cancellation of your booking at %(site)s could not be made.")
    else:
        headline = _("The booking was not cancelled")
        says = _(
            "The operator rejected the cancellation of the booking for %(driver)s at %(site)s and "
            "says:"
        )
        silent = _(
            "The operator rejected the cancellation of the booking for %(driver)s at %(site)s and "
            "gave no reason."
        )
        failed = _("The cancellation of the booking for %(driver)s at %(site)s could not be made.")
    if is_rejected(case):
        opening = [(says if quoted else silent) % case.words]
    else:
        opening = failed_request(case, failed % case.words)
    after = [_("The booking stands:")] if case.stands else []
    replacement = case.replacement
    if case.stands and replacement is not None and not case.for_driver:
        text = _(
            "It was to be replaced by another booking, which is approved: %(when)s, %(where)s. "
            "Both stand now."
        )
        after.insert(0, text % place_and_time(replacement))
    return Letter(
        subject=_("Not cancelled: %(what)s") % {"what": what(case.version)},
        headline=headline,
        opening=opening,
        quoted=quoted,
        after_quote=[*since_then(case, case.version), *after],
        facts=full_facts(case, case.version),
        actions=actions_of(case),
        closing=driver_closing(case),
    )


def failed(case: Case) -> Letter:
    """Write that the operator could not hold a charger for a booking."""
    if case.for_driver:
        headline = _("The charger could not be held for you")
        text = _(
            "The operator's system could not hold the charger for your booking at %(site)s, so "
            "nothing is booked for you there any more. Please ask your fleet manager for another "
            "slot."
        )
    else:
        headline = _("The charger could not be held")
        text = _(
            "The operator's system could not hold the charger for %(driver)s at %(site)s, so "
            "nothing is booked there any more."
        )
    return Letter(
        subject=_("Charger could not be held: %(what)s") % {"what": what(case.version)},
        headline=headline,
        opening=[text % case.words],
        facts=short_facts(case, case.version),
        actions=actions_of(case),
        closing=driver_closing(case),
        entry=True,
    )


def no_show(case: Case) -> Letter:
    """Write that nobody began to charge in time."""
    if case.for_driver:
        headline = _("The charger is not held for you any more")
        text = _(
            "Charging did not start in time at %(site)s, so the operator counts your booking as a "
            "no-show. If you still need to charge, please ask your fleet manager for another slot."
        )
    else:
        headline = _("The operator reports a no-show")
        text = _(
            "Charging did not start in time for the booking of %(driver)s at %(site)s, so the "
            "charger is not held any more."
        )
    return Letter(
        subject=_("No-show: %(what)s") % {"what": what(case.version)},
        headline=headline,
        opening=[text % case.words],
        facts=short_facts(case, case.version),
        actions=actions_of(case),
        closing=driver_closing(case),
    )
