"""What became of a booking that changes, by request or by the operator's doing."""

from django.utils.translation import gettext as _

from bookings.models import Booking
from bookings.wording.facts import Fact, one_line
from notifications.kinds.decisions import approved
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
    period_of,
    short_facts,
    since_then,
    what,
    words_of_event,
)


def changed(case: Case) -> Letter:
    """Write that a change which was asked for is made."""
    if case.becomes_theirs:
        return approved(case)
    if case.for_driver:
        headline = _("Your charging booking has changed")
        text = _(
            "The operator approved a change of your booking at %(site)s. The new calendar entry is "
            "attached; it replaces the earlier one."
        )
    else:
        headline = _("The booking has changed")
        text = _(
            "The operator approved the change of the booking for %(driver)s at %(site)s. The new "
            "calendar entry is attached; it replaces the earlier one."
        )
    return Letter(
        subject=_("Changed: %(what)s") % {"what": what(case.version)},
        headline=headline,
        opening=[text % case.words, *asked_by_manager(case), *since_then(case, case.version)],
        facts=full_facts(case, case.version, before=case.before),
        actions=actions_of(case),
        closing=driver_closing(case),
        entry=True,
    )


def moved(case: Case) -> Letter:
    """Write that the operator changed a booking by itself."""
    if case.becomes_theirs:
        return approved(case)
    if case.for_driver:
        headline = _("The operator changed your charging booking")
        text = _(
            "The operator changed your booking at %(site)s. The new calendar entry is attached; it "
            "replaces the earlier one."
        )
    else:
        headline = _("The operator changed the booking")
        text = _(
            "The operator changed the booking for %(driver)s at %(site)s. The new calendar entry "
            "is attached; it replaces the earlier one."
        )
    return Letter(
        subject=_("Changed by the operator: %(what)s") % {"what": what(case.version)},
        headline=headline,
        opening=[text % case.words, *stands_again(case), *since_then(case, case.version)],
        facts=full_facts(case, case.version, before=case.before),
        actions=actions_of(case),
        closing=driver_closing(case),
        entry=True,
    )


def stands_again(case: Case) -> list[str]:
    """Return that a booking which the operator had ended is to take place after all."""
    told = case.event.changes.get("status") if case.event is not None else None
    if not told or told[0] in Booking.MAY_COME:
        return []
    ended = {"state": Booking.Status(told[0]).label}
    # Translators: %(state)s is a state such as “Cancelled”.
    return [_("The booking stands again. Its state before was “%(state)s”.") % ended]


def taken_away(case: Case) -> Letter:
    """Write to a driver that their booking is somebody else's now. Tells nothing of that one."""
    assert case.before is not None
    words = {"site": one_line(case.before.location.name)}
    return Letter(
        subject=_("No longer yours: %(what)s") % {"what": what(case.before)},
        headline=_("This booking is no longer yours"),
        opening=[
            _(
                "Your booking at %(site)s was given to another driver. No charger is held for you "
                "there any more. The attached calendar entry removes it from your calendar."
            )
            % words
        ],
        facts=short_facts(case, case.before),
        actions=actions_of(case),
        closing=driver_closing(case),
        entry=True,
    )


def change_refused(case: Case) -> Letter:
    """Write that a change is not made, and that the booking stays as it was."""
    quoted = operator_words(case)
    if case.for_driver:
        says = _("The operator rejected a change of your booking at %(site)s and says:")
        silent = _("The operator rejected a change of your booking at %(site)s and gave no reason.")
        failed = _("A change of your booking at %(site)s could not be made.")
    else:
        says = _(
            "The operator rejected the change of the booking for %(driver)s at %(site)s and says:"
        )
        silent = _(
            "The operator rejected the change of the booking for %(driver)s at %(site)s and gave "
            "no reason."
        )
        failed = _("The change of the booking for %(driver)s at %(site)s could not be made.")
    kept = case.before or case.version
    words = case.words | {"driver": one_line(kept.driver.display_name)}
    if is_rejected(case):
        opening = [(says if quoted else silent) % words]
    elif case.request is not None:
        opening = failed_request(case, failed % words)
    else:
        opening, quoted = [failed % words], words_of_event(case)
    return Letter(
        subject=_("Not changed: %(what)s") % {"what": what(kept)},
        headline=_("The change was not made"),
        opening=[*opening],
        quoted=quoted,
        after_quote=[
            *([_("The booking stays as it was:")] if case.stands else []),
            *since_then(case, kept),
        ],
        facts=[*full_facts(case, kept), *asked_change(case)],
        actions=actions_of(case),
        closing=driver_closing(case),
    )


def asked_change(case: Case) -> list[Fact]:
    """Return what was asked for instead of what the booking is."""
    wanted, kept = case.version, case.before
    if kept is None:
        return []
    lines = []
    if (wanted.start_at, wanted.end_at) != (kept.start_at, kept.end_at):
        lines.append(period_of(wanted))
    if wanted.driver != kept.driver and not case.for_driver:
        lines.append(one_line(wanted.driver.display_name))
    return [Fact(_("Asked for and not made"), tuple(lines))] if lines else []
