"""Whether a booking that was asked for is approved."""

from django.utils.translation import gettext as _

from bookings.models import Booking
from notifications.kinds.parts import (
    Case,
    Letter,
    actions_of,
    driver_closing,
    failed_request,
    full_facts,
    operator_words,
    place_and_time,
    short_facts,
    since_then,
    what,
)


def approved(case: Case) -> Letter:
    """Write that a booking is approved, or that a driver takes over somebody else's."""
    words = case.words
    if case.becomes_theirs:
        headline = _("A charging booking is now yours")
        text = _("The booking at %(site)s was given to you. The calendar entry is attached.")
    elif case.for_driver:
        headline = _("Your charging booking is approved")
        text = _(
            "The operator approved a booking for you at %(site)s. The calendar entry is attached."
        )
    else:
        headline = _("The booking is approved")
        text = _(
            "The operator approved the booking for %(driver)s at %(site)s. The calendar entry is "
            "attached."
        )
    return Letter(
        subject=_("Approved: %(what)s") % {"what": what(case.version)},
        headline=headline,
        opening=[text % words, *replaced_booking(case), *since_then(case, case.version)],
        facts=full_facts(case, case.version),
        actions=actions_of(case),
        closing=driver_closing(case),
        entry=True,
    )


def replaced_booking(case: Case) -> list[str]:
    """Return which booking this one replaces, in a mail to somebody who knows that one."""
    replaced = case.booking.replaces
    if replaced is None or (case.for_driver and replaced.driver != case.recipient):
        return []
    if replaced.status == Booking.Status.CANCELLED:
        text = _("It replaces another booking, which is cancelled: %(when)s, %(where)s.")
    elif replaced.open_change == Booking.OpenChange.CANCEL:
        text = _(
            "It replaces another booking, whose cancellation has been asked for: %(when)s, "
            "%(where)s."
        )
    else:
        return []
    return [text % place_and_time(replaced)]


def rejected(case: Case) -> Letter:
    """Write that the operator does not want a booking."""
    quoted = operator_words(case)
    if case.for_driver:
        headline = _("Your charging booking was not approved")
        says = _("The operator rejected the request of your fleet at %(site)s and says:")
        silent = _(
            "The operator rejected the request of your fleet at %(site)s and gave no reason."
        )
    else:
        headline = _("The booking request was rejected")
        says = _("The operator rejected the request for %(driver)s at %(site)s and says:")
        silent = _(
            "The operator rejected the request for %(driver)s at %(site)s and gave no reason."
        )
    return not_booked(
        case,
        subject=_("Rejected: %(what)s"),
        headline=headline,
        opening=[(says if quoted else silent) % case.words],
    )


def not_placed(case: Case) -> Letter:
    """Write that a booking could not be asked for."""
    if case.for_driver:
        text = _("The request of your fleet at %(site)s could not be placed with the operator.")
    else:
        text = _("The request for %(driver)s at %(site)s could not be placed with the operator.")
    return not_booked(
        case,
        subject=_("Not placed: %(what)s"),
        headline=_("The booking could not be placed"),
        opening=failed_request(case, text % case.words),
    )


def not_booked(case: Case, *, subject: str, headline: str, opening: list[str]) -> Letter:
    """Write that a request led to no booking, and whether another one still stands."""
    replaced = case.booking.replaces
    if replaced is not None and replaced.is_confirmed:
        after = _("The booking that was to be moved stays as it was: %(when)s, %(where)s.")
        after %= place_and_time(replaced)
    else:
        after = _("Nothing is booked.")
    return Letter(
        subject=subject % {"what": what(case.version)},
        headline=headline,
        opening=opening,
        quoted=operator_words(case),
        after_quote=[after, _("This was asked for:")],
        facts=short_facts(case, case.version, criteria=True),
        actions=actions_of(case),
        closing=driver_closing(case),
    )
