"""What is told on the day itself."""

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from bookings.models import Booking
from notifications.kinds.parts import (
    Case,
    Letter,
    actions_of,
    driver_closing,
    full_facts,
    short_facts,
    what,
    words_of_event,
)
from shell.formats import in_zone

OpenChange = Booking.OpenChange


def reminder(case: Case) -> Letter:
    """Write that a booking starts soon, and what about it is undecided."""
    starts = {"start": in_zone(case.version.start_at, case.version.location.zone)}
    if case.for_driver:
        headline = _("Your charging booking starts soon")
        text = _("Your booking at %(site)s starts on %(start)s.")
    else:
        headline = _("A booking starts soon")
        text = _("The booking for %(driver)s at %(site)s starts on %(start)s.")
    undecided = {
        OpenChange.UPDATE: _(
            "A change of it has been asked for. Until that is decided, the booking stands as it is "
            "here."
        ),
        OpenChange.MOVE: _(
            "Another place has been asked for instead. Until that is decided, the booking stands "
            "as it is here."
        ),
        OpenChange.CANCEL: _("Its cancellation has been asked for and is not decided yet."),
    }
    note = undecided.get(OpenChange(case.booking.open_change)) if case.booking.open_change else None
    return Letter(
        subject=_("Reminder: %(what)s") % {"what": what(case.version)},
        headline=headline,
        opening=[text % (case.words | starts), *([note] if note else [])],
        facts=full_facts(case, case.version),
        actions=actions_of(case),
        closing=driver_closing(case),
    )


def running_late(case: Case) -> Letter:
    """Write that a driver comes late, with the driver's own words."""
    told = case.event.changes.get("late_minutes") if case.event is not None else None
    minutes = told[1] if told else None
    late = ngettext("about %(minutes)d minute", "about %(minutes)d minutes", minutes or 0)
    words = case.words | {"late": late % {"minutes": minutes or 0}}
    if case.for_driver:
        headline = _("You said that you run late")
        text = _("Your fleet managers know that you run late for your booking at %(site)s.")
    else:
        headline = _("%(driver)s runs late") % words
        text = (
            _("%(driver)s will be late for the booking at %(site)s, by %(late)s.")
            if minutes
            else _("%(driver)s will be late for the booking at %(site)s.")
        )
    note = words_of_event(case)
    return Letter(
        subject=_("Running late: %(what)s") % {"what": what(case.version)},
        headline=headline,
        opening=[text % words, *([_("The driver says:")] if note else [])],
        quoted=note,
        after_quote=[_("This does not change the booking:")],
        facts=short_facts(case, case.version),
        actions=actions_of(case),
        closing=driver_closing(case),
    )
