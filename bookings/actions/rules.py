"""What a booking must satisfy: RULES, one small function each, in the order of telling.

A new rule is a function here, its place in a list, and a test of it. It is then kept by new
bookings, changes and moves. What may come up between asking and sending is looked at once more by
`bookings.sync.recheck`, which names those rules.
"""

from collections.abc import Callable, Iterable

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from bookings.actions.candidate import BookingRefused, Candidate
from drivers.models import Driver
from shell.formats import period
from sites.slots.availability import AvailabilityUnknown
from sites.slots.rules import TIME_RULES, TimeRule

Rule = Callable[[Candidate], BookingRefused | None]


def about_times(rule: TimeRule) -> Rule:
    """Return a rule about times as one about a candidate."""

    def check(candidate: Candidate) -> BookingRefused | None:
        times = candidate.times
        if times.was is not None and not (times.new_start or times.new_end):
            return None
        problem = rule(times)
        return BookingRefused("slot", problem, offer_slots=True) if problem else None

    return check


def charger_is_bookable(candidate: Candidate) -> BookingRefused | None:
    if candidate.chargers:
        return None
    if candidate.changes:
        message = _(
            "This charger can no longer be booked. The booking can be moved to another one."
        )
    elif candidate.slot.evse:
        message = _("This charger can no longer be booked. Please pick another one.")
    else:
        message = _("No charger at this site meets your requirements any more. Please change them.")
    return BookingRefused("slot", message, offer_slots=not candidate.changes)


def driver_is_of_the_fleet(candidate: Candidate) -> BookingRefused | None:
    if candidate.driver_is_current:
        return None
    return BookingRefused("driver", _("This driver has left your fleet."))


def driver_is_active(candidate: Candidate) -> BookingRefused | None:
    if candidate.driver and candidate.driver.status == Driver.Status.ENABLED:
        return None
    return BookingRefused("driver", _("The operator has disabled this driver."))


def driver_has_access(candidate: Candidate) -> BookingRefused | None:
    if candidate.usable_chargers:
        return None
    return BookingRefused(
        "driver",
        _(
            "This driver has no access to these private chargers. Please ask their owner for "
            "access."
        ),
    )


def slot_is_free(candidate: Candidate) -> BookingRefused | None:
    """While the operator does not answer, a slot passes: it is looked at again before sending."""
    try:
        if candidate.is_free:
            return None
    except AvailabilityUnknown as unknown:
        if unknown.reason in {"unreachable", "busy"}:
            return None
        return BookingRefused("slot", unknown.message)
    message = (
        _("This charger is no longer free at that time. Please pick another slot.")
        if candidate.slot.evse
        else _("No suitable charger is free at that time any more. Please pick another slot.")
    )
    return BookingRefused("slot", message, offer_slots=True)


def driver_is_not_booked_twice(candidate: Candidate) -> BookingRefused | None:
    found = candidate.overlapping_bookings
    if candidate.confirmed_overlap or not found:
        return None
    first = found[0]
    text = ngettext(
        "%(driver)s has another booking at that time: %(when)s, %(where)s.",
        "%(driver)s has %(count)d other bookings at that time, the first: %(when)s, %(where)s.",
        len(found),
    )
    words = {
        "count": len(found),
        "driver": first.driver.display_name,
        "when": period(first.start_at, first.end_at, first.zone),
        "where": first.location.name,
    }
    return BookingRefused("overlap", text % words)


# What is wrong with a slot, whoever drives.
SLOT_RULES: tuple[Rule, ...] = (*map(about_times, TIME_RULES), charger_is_bookable)
RULES: tuple[Rule, ...] = (
    *SLOT_RULES,
    driver_is_of_the_fleet,
    driver_is_active,
    driver_has_access,
    slot_is_free,
    driver_is_not_booked_twice,
)


def first_refusal(candidate: Candidate, rules: Iterable[Rule] = RULES) -> BookingRefused | None:
    """Return what the first rule that is broken says, or None."""
    return next((refusal for rule in rules if (refusal := rule(candidate))), None)
