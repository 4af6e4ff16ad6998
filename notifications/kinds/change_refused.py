"""A change is not made, and the booking stays as it was."""

from django.utils.translation import gettext as _

from bookings.models import BookingRequest as Request
from bookings.wording.facts import DESCRIBED, Fact, lines_of, one_line
from bookings.wording.versions import CHANGEABLE_FACTS
from notifications.kinds.base import Kind, MailKind, MailPlan, whose_request
from notifications.kinds.parts import Case, Letter, full_facts, period_of, refused, since_then


class ChangeRefused(MailKind):
    kind = Kind.CHANGE_REFUSED
    settles = Request.Kind.UPDATE, Request.REFUSED

    def plan_for_request(self, plan: MailPlan, request: Request) -> None:
        plan.add_managers(Kind.CHANGE_REFUSED, whose_request(plan, request))

    def write(self, case: Case) -> Letter:
        if case.for_driver:
            says = _("The operator rejected a change to your booking at %(site)s and says:")
            silent = _(
                "The operator rejected a change to your booking at %(site)s and gave no reason."
            )
            failed = _("A change to your booking at %(site)s could not be made.")
        else:
            says = _(
                "The operator rejected the change to the booking for %(driver)s at %(site)s and "
                "says:"
            )
            silent = _(
                "The operator rejected the change to the booking for %(driver)s at %(site)s and "
                "gave no reason."
            )
            failed = _("The change to the booking for %(driver)s at %(site)s could not be made.")
        kept = case.before or case.version
        words = case.words | {"driver": one_line(kept.driver.display_name)}
        quoted = case.operator_words
        if case.request is None and case.event is not None:
            quoted = lines_of(case.event.note)
        return Letter(
            subject=_("Not changed: %(what)s"),
            about=kept,
            headline=_("The change was not made"),
            opening=refused(case, words, says=says, silent=silent, failed=failed),
            quoted=quoted,
            after_quote=[
                *([_("The booking stays as it was:")] if case.stands else []),
                *since_then(case, kept),
            ],
            facts=[*full_facts(case, kept), *asked_change(case)],
        )


def asked_change(case: Case) -> list[Fact]:
    """Return what was asked for instead of what the booking is."""
    wanted, kept = case.version, case.before
    if kept is None:
        return []
    lines = []
    if (wanted.start_at, wanted.end_at) != (kept.start_at, kept.end_at):
        lines.append(period_of(wanted))
    for fact in CHANGEABLE_FACTS:
        value = getattr(wanted, fact.name)
        told = fact.name in DESCRIBED or (fact.name == "driver" and case.for_driver)
        if not told and value != getattr(kept, fact.name):
            lines.append(one_line(fact.write(value, kept.location.zone)))
    return [Fact(_("Requested but not made"), tuple(lines))] if lines else []
