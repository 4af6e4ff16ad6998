"""What happens to bookings, in words: each kind of occurrence once, with all that is said of it."""

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import User
from bookings.models import Actor, Booking, BookingEvent, BookingRequest
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
    """

    icon: str
    line: Text
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
    actor: str, user: User | None = None, driver: Driver | None = None, *, reader: User | None = None
) -> str:
    """Return whoever did something as the middle of a sentence names them.

    “Maya Okafor”, “the driver Ana Alvarez”, “the operator”, “you” to the reader. The operator's
    staff stay nameless.
    """
    if actor == Actor.MANAGER and user is not None:
        # Translators: as in “requested by you”.
        return _("you") if user == reader else user.display_name
    if actor == Actor.DRIVER and driver is not None:
        return _("the driver %(name)s") % {"name": driver.display_name}
    names = {
        Actor.MANAGER: _("a fleet manager"),
        Actor.STAFF: _("the operator’s staff"),
        Actor.DRIVER: _("the driver"),
        Actor.PORTAL: _("the portal"),
        Actor.OPERATOR: _("the operator"),
    }
    return names[Actor(actor)]


_UNTIL_DECIDED = gettext_lazy("Until the operator decides, the booking stands.")
_NO_ANSWER = gettext_lazy("No answer yet")

# By kind and status of a request, by kind of event, by status that the operator reports, and by a
# word of our own where one of these is told in several ways.
OCCURRENCES: dict[str | tuple[str, str], Occurrence] = {
    # A new booking
    (Kind.CREATE, Status.QUEUED): Occurrence("send", gettext_lazy("Requested by %(who)s")),
    "asked-again": Occurrence("send", gettext_lazy("Requested again by the operator’s staff")),
    "withdrawn": Occurrence(
        "arrow-back-up", gettext_lazy("Withdrawn by %(who)s before it was sent")
    ),
    (Kind.CREATE, Status.PENDING): Occurrence("hourglass", gettext_lazy("Received by the operator")),
    (Kind.CREATE, Status.STALE): Occurrence(
        "clock-exclamation", gettext_lazy("No answer from the operator yet"), reason=_NO_ANSWER
    ),
    (Kind.CREATE, Status.APPROVED): Occurrence(
        "circle-check", gettext_lazy("Approved by the operator")
    ),
    (Kind.CREATE, Status.REJECTED): Occurrence(
        "circle-x",
        gettext_lazy("Rejected by the operator"),
        reason=gettext_lazy("The operator gave no reason."),
        reason_given=gettext_lazy("The operator says: “%(reason)s”"),
    ),
    (Kind.CREATE, Status.FAILED): Occurrence(
        "circle-x", gettext_lazy("Not placed"), reason_given="%(reason)s"
    ),
    # A change
    (Kind.UPDATE, Status.QUEUED): Occurrence(
        "send",
        gettext_lazy("Change requested by %(who)s"),
        banner=gettext_lazy("Change requested by %(who)s:"),
        unsigned=gettext_lazy("A change has been requested."),
        after=gettext_lazy("Until the operator decides, the booking stays as it is."),
        answer=gettext_lazy(
            "Change requested by %(who)s: %(when)s, %(driver)s. The operator has not decided yet."
        ),
    ),
    (Kind.UPDATE, Status.PENDING): Occurrence(
        "hourglass", gettext_lazy("Change received by the operator")
    ),
    (Kind.UPDATE, Status.STALE): Occurrence(
        "clock-exclamation", gettext_lazy("No answer about the change yet"), reason=_NO_ANSWER
    ),
    (Kind.UPDATE, Status.APPROVED): Occurrence(
        "circle-check", gettext_lazy("Change approved by the operator")
    ),
    (Kind.UPDATE, Status.REJECTED): Occurrence(
        "circle-x",
        gettext_lazy("Change rejected by the operator"),
        banner=gettext_lazy("The operator refused the change requested by %(who)s:"),
        after=gettext_lazy("The booking stays as it was."),
        reason=gettext_lazy("Change rejected."),
        reason_given=gettext_lazy("Change rejected: “%(reason)s”"),
    ),
    (Kind.UPDATE, Status.FAILED): Occurrence(
        "circle-x",
        gettext_lazy("Change not made"),
        banner=gettext_lazy("The change requested by %(who)s could not be asked for:"),
        after=gettext_lazy("The booking stays as it was."),
        reason_given=gettext_lazy("Not changed: %(reason)s"),
    ),
    # A cancellation
    (Kind.CANCEL, Status.QUEUED): Occurrence(
        "send",
        gettext_lazy("Cancellation requested by %(who)s"),
        banner=gettext_lazy("Cancellation requested by %(who)s."),
        unsigned=gettext_lazy("A cancellation has been requested."),
        after=_UNTIL_DECIDED,
        answer=gettext_lazy(
            "Cancellation requested by %(who)s. The operator has not decided yet."
        ),
    ),
    "replaced": Occurrence(
        "send",
        gettext_lazy("Cancellation requested, since booking %(number)d takes its place"),
        banner=gettext_lazy(
            "Booking %(number)d takes its place. The cancellation of this one is on the way."
        ),
        after=_UNTIL_DECIDED,
        answer=gettext_lazy(
            "It has been moved to another place; its cancellation is on the way."
        ),
    ),
    (Kind.CANCEL, Status.PENDING): Occurrence(
        "hourglass", gettext_lazy("Cancellation received by the operator")
    ),
    (Kind.CANCEL, Status.STALE): Occurrence(
        "clock-exclamation", gettext_lazy("No answer about the cancellation yet"), reason=_NO_ANSWER
    ),
    (Kind.CANCEL, Status.APPROVED): Occurrence(
        "circle-check", gettext_lazy("Cancellation approved by the operator")
    ),
    (Kind.CANCEL, Status.REJECTED): Occurrence(
        "circle-x",
        gettext_lazy("Cancellation rejected by the operator"),
        banner=gettext_lazy("The operator refused the cancellation requested by %(who)s."),
        after=gettext_lazy("The booking stands."),
        reason=gettext_lazy("Cancellation rejected."),
        reason_given=gettext_lazy("Cancellation rejected: “%(reason)s”"),
    ),
    (Kind.CANCEL, Status.FAILED): Occurrence(
        "circle-x",
        gettext_lazy("Not cancelled"),
        banner=gettext_lazy("The cancellation requested by %(who)s could not be asked for."),
        after=gettext_lazy("The booking stands."),
        reason_given=gettext_lazy("Not cancelled: %(reason)s"),
    ),
    # What happens besides
    What.FOUND: Occurrence("crosshair", gettext_lazy("Found at the operator: made elsewhere")),
    What.CHANGED: Occurrence("switch-horizontal", gettext_lazy("Changed by the operator")),
    "charger-assigned": Occurrence(
        "charging-pile", gettext_lazy("Charger assigned by the operator")
    ),
    "noticed": Occurrence("info-circle", gettext_lazy("Noticed at the operator")),
    What.GONE: Occurrence(
        "help-circle",
        gettext_lazy("The operator no longer knows this booking"),
        reason=gettext_lazy("The operator no longer knows this booking."),
    ),
    What.WITHDRAWAL_ASKED: Occurrence(
        "calendar-x",
        gettext_lazy("Cancellation requested by %(who)s, before the operator had decided"),
        banner=gettext_lazy("Cancellation requested by %(who)s."),
        unsigned=gettext_lazy("A cancellation has been requested."),
        after=gettext_lazy(
            "The operator has not decided about this booking yet. If it is approved, the portal "
            "asks for its cancellation at once."
        ),
        answer=gettext_lazy(
            "Cancellation requested by %(who)s. It is cancelled as soon as the operator has "
            "decided."
        ),
    ),
    What.MOVE_ASKED: Occurrence(
        "arrows-exchange",
        gettext_lazy("Move to booking %(number)s requested by %(who)s"),
        banner=gettext_lazy("Move requested by %(who)s: see booking %(number)d."),
        unsigned=gettext_lazy("A move to another place has been requested."),
        after=gettext_lazy("This booking is cancelled only after the new one is approved."),
        answer=gettext_lazy(
            "Move to another place requested by %(who)s. The operator has not decided yet."
        ),
    ),
    What.MOVE_ENDED: Occurrence(
        "circle-x",
        gettext_lazy("Not moved: the booking stays as it was"),
        banner=gettext_lazy("The move did not work."),
        after=gettext_lazy("This booking stays as it was."),
        reason=gettext_lazy("Not moved."),
        reason_given=gettext_lazy("Not moved: “%(reason)s”"),
    ),
    What.RUNNING_LATE: Occurrence(
        "clock-exclamation",
        gettext_lazy("Running late, says %(who)s"),
        reason=gettext_lazy("The driver runs late."),
    ),
    "minutes-late": Occurrence(
        "clock-exclamation", gettext_lazy("About %(minutes)d min late, says %(who)s")
    ),
    What.LINK_REVOKED: Occurrence("link-off", gettext_lazy("Driver’s link revoked by %(who)s")),
    What.HANDED_OVER: Occurrence(
        "users", gettext_lazy("Handed over from %(giver)s to %(taker)s by %(who)s")
    ),
    # What the operator reports
    Booking.Status.ACCEPTED: Occurrence(
        "circle-check", gettext_lazy("The operator holds the booking as approved")
    ),
    Booking.Status.RESERVED: Occurrence("lock", gettext_lazy("The operator holds the charger")),
    Booking.Status.COMPLETED: Occurrence(
        "bolt", gettext_lazy("The operator reports that charging has started")
    ),
    Booking.Status.CANCELLED: Occurrence(
        "calendar-cancel",
        gettext_lazy("Cancelled on the operator’s side"),
        reason=gettext_lazy("Cancelled on the operator’s side, not from this portal."),
    ),
    Booking.Status.NO_SHOW: Occurrence(
        "clock-pause",
        gettext_lazy("The operator reports a no-show"),
        reason=gettext_lazy("The driver did not start to charge in time."),
    ),
    Booking.Status.FAILED: Occurrence(
        "circle-x",
        gettext_lazy("The operator could not hold the charger"),
        reason=gettext_lazy("The charger could not be held for this booking."),
    ),
    Booking.Status.UNKNOWN: Occurrence(
        "help-circle", gettext_lazy("The operator gives a state that the portal does not know")
    ),
}
# How each undecided change began.
OPENED_BY: dict[str, str | tuple[str, str]] = {
    OpenChange.UPDATE: (Kind.UPDATE, Status.QUEUED),
    OpenChange.CANCEL: (Kind.CANCEL, Status.QUEUED),
    OpenChange.MOVE: What.MOVE_ASKED,
    OpenChange.WITHDRAW: What.WITHDRAWAL_ASKED,
}
