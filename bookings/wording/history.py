"""What happens to bookings, in words: each kind of occurrence once, with all that is said of it."""

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from bookings.models import Actor, Booking, BookingEvent, BookingRequest
from bookings.models.statuses import BOOKING_TRAITS
from drivers.models import Driver

Kind = BookingRequest.Kind
Status = BookingRequest.Status
What = BookingEvent.What
OpenChange = Booking.OpenChange

Text = str | Promise


@dataclass(frozen=True, slots=True)
class Occurrence:
    """What is said of one kind of thing that happens to a booking, wherever it is said.

    `line` stands in the booking's history. `banner` stands on its page as long as it matters, or
    `unsigned` where nobody knows who it was, and ends with `after`. `answer` is for somebody who
    comes second. `reason` says why the booking needs attention, `reason_given` with what was said.
    Without `icon` it is a request, and has that of its status.
    """

    line: Text
    icon: str = ""
    banner: Text = ""
    unsigned: Text = ""
    after: Text = ""
    answer: Text = ""
    reason: Text = ""
    reason_given: Text = ""

    def reason_for(self, said: str) -> str:
        given = self.reason_given if said else ""
        return str(given) % {"reason": said} if given else str(self.reason)


def who_did(
    actor: str,
    user: User | None = None,
    driver: Driver | None = None,
    *,
    reader: User | None = None,
) -> str:
    """Return whoever did something as the middle of a sentence names them.

    “Maya Okafor”, “the driver Ana Alvarez”, “the operator”, “you” to the reader. The operator's
    staff stay nameless.
    """
    if actor == Actor.MANAGER and user is not None:
        # Translators: as in “requested by you”.
        return str(_("you")) if user == reader else user.display_name
    if actor == Actor.DRIVER and driver is not None:
        return str(_("the driver %(name)s")) % {"name": driver.display_name}
    names = {
        Actor.MANAGER: _("a fleet manager"),
        Actor.STAFF: _("the operator’s staff"),
        Actor.DRIVER: _("the driver"),
        Actor.PORTAL: _("the portal"),
        Actor.OPERATOR: _("the operator"),
    }
    return str(names[Actor(actor)])


_UNTIL_DECIDED = _("Until the operator decides, the booking remains valid.")
_NO_ANSWER = _("No answer yet")

# By kind and status of a request, by kind of event, by status that the operator reports, and by a
# word of our own where one of these is told in several ways.
OCCURRENCES: dict[str | tuple[str, str], Occurrence] = {
    # A new booking
    (Kind.CREATE, Status.QUEUED): Occurrence(_("Requested by %(who)s")),
    "asked-again": Occurrence(_("Requested again by the operator’s staff")),
    "withdrawn": Occurrence(_("Withdrawn by %(who)s before it was sent"), icon="arrow-back-up"),
    (Kind.CREATE, Status.PENDING): Occurrence(_("Received by the operator")),
    (Kind.CREATE, Status.STALE): Occurrence(
        _("No answer from the operator yet"), reason=_NO_ANSWER
    ),
    (Kind.CREATE, Status.APPROVED): Occurrence(_("Approved by the operator")),
    (Kind.CREATE, Status.REJECTED): Occurrence(
        _("Rejected by the operator"),
        reason=_("The operator gave no reason."),
        reason_given=_("The operator says: “%(reason)s”"),
    ),
    (Kind.CREATE, Status.FAILED): Occurrence(_("Could not be booked"), reason_given="%(reason)s"),
    # A change
    (Kind.UPDATE, Status.QUEUED): Occurrence(
        _("Change requested by %(who)s"),
        banner=_("Change requested by %(who)s:"),
        unsigned=_("A change has been requested."),
        after=_("Until the operator decides, the booking stays as it is."),
        answer=_(
            "Change requested by %(who)s: %(when)s, %(driver)s. The operator has not decided yet."
        ),
    ),
    (Kind.UPDATE, Status.PENDING): Occurrence(_("Change received by the operator")),
    (Kind.UPDATE, Status.STALE): Occurrence(_("No answer about the change yet"), reason=_NO_ANSWER),
    (Kind.UPDATE, Status.APPROVED): Occurrence(_("Change approved by the operator")),
    (Kind.UPDATE, Status.REJECTED): Occurrence(
        _("Change rejected by the operator"),
        banner=_("The operator refused the change requested by %(who)s:"),
        after=_("The booking stays as it was."),
        reason=_("Change rejected."),
        reason_given=_("Change rejected: “%(reason)s”"),
    ),
    (Kind.UPDATE, Status.FAILED): Occurrence(
        _("Change not made"),
        banner=_("The change requested by %(who)s did not go through:"),
        after=_("The booking stays as it was."),
        reason_given=_("Not changed: %(reason)s"),
    ),
    # A cancellation
    (Kind.CANCEL, Status.QUEUED): Occurrence(
        _("Cancellation requested by %(who)s"),
        banner=_("Cancellation requested by %(who)s."),
        unsigned=_("A cancellation has been requested."),
        after=_UNTIL_DECIDED,
        answer=_("Cancellation requested by %(who)s. The operator has not decided yet."),
    ),
    "replaced": Occurrence(
        _("Cancellation requested, since booking %(number)d takes its place"),
        banner=_("Booking %(number)d takes its place. The cancellation of this one is on the way."),
        after=_UNTIL_DECIDED,
        answer=_("The booking has been moved; its cancellation is on the way."),
    ),
    (Kind.CANCEL, Status.PENDING): Occurrence(_("Cancellation received by the operator")),
    (Kind.CANCEL, Status.STALE): Occurrence(
        _("No answer about the cancellation yet"), reason=_NO_ANSWER
    ),
    (Kind.CANCEL, Status.APPROVED): Occurrence(_("Cancellation approved by the operator")),
    (Kind.CANCEL, Status.REJECTED): Occurrence(
        _("Cancellation rejected by the operator"),
        banner=_("The operator refused the cancellation requested by %(who)s."),
        after=_("The booking remains valid."),
        reason=_("Cancellation rejected."),
        reason_given=_("Cancellation rejected: “%(reason)s”"),
    ),
    (Kind.CANCEL, Status.FAILED): Occurrence(
        _("Not cancelled"),
        banner=_("The cancellation requested by %(who)s did not go through."),
        after=_("The booking remains valid."),
        reason_given=_("Not cancelled: %(reason)s"),
    ),
    # What happens besides
    What.FOUND: Occurrence(_("External booking found at the operator"), icon="crosshair"),
    What.CHANGED: Occurrence(_("Changed by the operator"), icon="switch-horizontal"),
    "charger-assigned": Occurrence(_("Charger assigned by the operator"), icon="charging-pile"),
    "noticed": Occurrence(_("Noticed at the operator"), icon="info-circle"),
    What.GONE: Occurrence(
        _("The operator no longer knows this booking"),
        icon="help-circle",
        reason=_("The operator no longer knows this booking."),
    ),
    What.WITHDRAWAL_ASKED: Occurrence(
        _("Cancellation requested by %(who)s, before the operator had decided"),
        icon="calendar-x",
        banner=_("Cancellation requested by %(who)s."),
        unsigned=_("A cancellation has been requested."),
        after=_(
            "The operator has not decided on this booking yet. If it is approved, the portal "
            "will request its cancellation at once."
        ),
        answer=_(
            "Cancellation requested by %(who)s. It will be cancelled as soon as the operator "
            "has decided."
        ),
    ),
    What.MOVE_ASKED: Occurrence(
        _("Move to booking %(number)s requested by %(who)s"),
        icon="arrows-exchange",
        banner=_("Move requested by %(who)s: see booking %(number)d."),
        unsigned=_("A move has been requested."),
        after=_("This booking is cancelled only after the new one is approved."),
        answer=_("Move requested by %(who)s. The operator has not decided yet."),
    ),
    What.MOVE_ENDED: Occurrence(
        _("Not moved: the booking stays as it was"),
        icon="circle-x",
        banner=_("The move did not go through."),
        after=_("This booking stays as it was."),
        reason=_("Not moved."),
        reason_given=_("Not moved: “%(reason)s”"),
    ),
    What.RUNNING_LATE: Occurrence(
        _("Running late, says %(who)s"),
        icon="clock-exclamation",
        reason=_("The driver is running late."),
    ),
    "minutes-late": Occurrence(
        _("About %(minutes)d min late, says %(who)s"), icon="clock-exclamation"
    ),
    What.CHARGER_REPORTED: Occurrence(
        _("Trouble at the charger reported by %(who)s: %(reported)s"),
        icon="alert-triangle",
        banner=_("Trouble at the charger reported by %(who)s: %(reported)s."),
        after=_("The booking stays as it is until you move or end it."),
        reason_given=_("The driver reports: %(reason)s."),
    ),
    What.PLACE_GONE: Occurrence(
        _("The operator no longer lists the charger"),
        icon="help-circle",
        after=_("The booking still stands. Move it to another charger, or ask the operator."),
        reason=_("The operator no longer lists this charger or its site."),
    ),
    "listed-again": Occurrence(
        _("The operator lists the charger again"),
        reason=_("The operator did not list this charger for a while; now it does again."),
    ),
    What.PLACE_MOVED: Occurrence(
        _("The charger was moved to another site"),
        icon="arrows-exchange",
        after=_("The booking still stands. Move it to another charger, or ask the operator."),
        reason=_("The charger now stands at another site."),
        reason_given=_("The charger now stands at another site: %(reason)s."),
    ),
    What.DOWNTIME: Occurrence(
        _("Maintenance planned at the charger: %(downtime)s"),
        icon="settings",
        after=_("The booking still stands. Move it to another charger, or ask the operator."),
        reason_given=_("Maintenance is planned at the charger then: %(reason)s."),
    ),
    What.DOWNTIME_OVER: Occurrence(
        _("Maintenance no longer in the way: %(downtime)s"), icon="circle-check"
    ),
    What.DRIVER_LEFT: Occurrence(
        _("%(who)s is no longer in the fleet"),
        icon="users",
        after=_("The booking still stands. Give it to another driver, or cancel it."),
        reason_given=_("%(reason)s is no longer in your fleet."),
    ),
    What.UNDELIVERED: Occurrence(
        _("An e-mail to %(who)s could not be delivered"),
        icon="alert-triangle",
        after=_("Please tell them yourself, and have the address corrected."),
        reason_given=_("An e-mail to %(reason)s could not be delivered."),
    ),
    What.LINK_REVOKED: Occurrence(_("Driver’s link revoked by %(who)s"), icon="link-off"),
    What.OTHER_VEHICLE: Occurrence(_("Another vehicle named by %(who)s"), icon="truck"),
    What.DONE: Occurrence(_("Marked as done by %(who)s"), icon="check"),
    What.HANDED_OVER: Occurrence(
        _("Handed over from %(giver)s to %(taker)s by %(who)s"), icon="users"
    ),
    # What the operator reports
    **{
        status: Occurrence(traits.reported, icon=traits.icon)
        for status, traits in BOOKING_TRAITS.items()
        if traits.reported
    },
}
# How each undecided change began.
OPENED_BY: dict[str, str | tuple[str, str]] = {
    OpenChange.UPDATE: (Kind.UPDATE, Status.QUEUED),
    OpenChange.CANCEL: (Kind.CANCEL, Status.QUEUED),
    OpenChange.MOVE: What.MOVE_ASKED,
    OpenChange.WITHDRAW: What.WITHDRAWAL_ASKED,
}
