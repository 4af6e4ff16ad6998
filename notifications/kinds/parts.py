"""What a mail about a booking is made of, and the parts that several kinds of it share."""

from dataclasses import dataclass, field
from functools import cached_property
from urllib.parse import urlencode

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.models import User
from bookings.models import Actor, Booking, BookingEvent, BookingRequest
from bookings.models.booking import driver_page_url
from bookings.wording import facts
from bookings.wording.facts import Fact, lines_of, one_line
from bookings.wording.starting import how_to_start
from bookings.wording.versions import (
    BookingVersion,
    version_asked,
    version_before,
    version_now,
    versions_of_event,
)
from calendars.entries import portal_url
from drivers.models import FleetMembership
from notifications.models import Notification
from shell.formats import period
from sites.slots.picker.form import criteria_params

Kind = Notification.Kind


@dataclass(frozen=True, slots=True)
class Letter:
    """What a kind of mail says, from top to bottom.

    `subject` and `headline` are one line each; the subject has a place for %(what)s: when and where
    `about` is, or else what the case is about. `quoted` are somebody else's words. With `entry` the
    booking's calendar entry is attached.
    """

    subject: str
    headline: str
    opening: list[str]
    quoted: tuple[str, ...] = ()
    after_quote: list[str] = field(default_factory=list)
    facts: list[Fact] = field(default_factory=list)
    about: BookingVersion | None = None
    entry: bool = False


class Case:
    """A notification, with what its mail needs to know of it.

    `version` is what the mail is about: what was approved, asked for or found, as the
    notification's request or event tells it. `before` is what it was earlier, where the mail tells
    of a change. `tells_driver` is whether its kind may tell of another driver than before.
    """

    def __init__(self, notification: Notification, *, tells_driver: bool) -> None:
        self.notification = notification
        assert notification.booking is not None
        self.booking: Booking = notification.booking
        self.request: BookingRequest | None = notification.request
        self.event: BookingEvent | None = notification.event
        self.for_driver = notification.audience == Notification.Audience.DRIVER
        self.before: BookingVersion | None = None
        if self.request is not None:
            self.request.booking = self.booking
            self.version = version_asked(self.request)
            self.before = version_before(self.request)
        elif self.event is not None:
            self.event.booking = self.booking
            self.before, self.version = versions_of_event(self.event)
        else:
            self.version = version_now(self.booking)
        # The driver who is written to, where it is one; rows of long ago name none.
        self.recipient = notification.recipient_driver or self.booking.driver
        # Whether the driver has the booking by now.
        self.is_theirs = self.recipient == self.booking.driver
        # Whether the driver is told of what took the booking away from them, or gave it to them.
        self.was_theirs = self.becomes_theirs = False
        if self.for_driver and tells_driver and self.before is not None:
            was, will_be = (
                version.driver == self.recipient for version in (self.before, self.version)
            )
            # A change between two others tells of a loss to whoever had it meanwhile.
            was = was or not (will_be or self.is_theirs)
            self.was_theirs, self.becomes_theirs = was and not will_be, will_be and not was
        # What sentences call the people and places.
        self.words = facts.names_of(self.version) | {
            "fleet": one_line(self.booking.fleet.name),
            "portal": settings.PORTAL_NAME,
        }
        # What the operator said to the request, line by line.
        self.operator_words: tuple[str, ...] = ()
        if self.request is not None and self.request.rejection_reason:
            self.operator_words = lines_of(self.request.rejection_reason)

    @cached_property
    def answers(self) -> User | None:
        """Who answers the driver: the manager who asked for the booking, as long as it is one."""
        asked = self.booking.created_by
        manages = FleetMembership.objects.filter(
            fleet=self.booking.fleet_id, user=asked, role=FleetMembership.Role.MANAGER
        )
        return asked if asked is not None and asked.is_active and manages.exists() else None

    @property
    def stands(self) -> bool:
        over = BookingRequest.Failure.BOOKING_OVER
        ended = self.request is not None and self.request.failure == over
        return self.booking.is_confirmed and not ended

    @cached_property
    def replacement(self) -> Booking | None:
        moved = self.booking.replacements.filter(ampeco_booking_id__isnull=False).exclude(
            status__in=Booking.NOT_IN_CALENDARS
        )
        return moved.select_related("location", "evse__charge_point", "driver").first()


# Facts


def full_facts(
    case: Case, version: BookingVersion | None = None, *, before: BookingVersion | None = None
) -> list[Fact]:
    """Return all that a booking's driver or manager needs to know while it stands."""
    version = version or case.version
    told = _version_facts(case, version, before=before)
    told += facts.getting_in(version)
    if case.for_driver and case.is_theirs:
        told += starting(case.booking)
    told += _reference(case)
    if case.booking.made_elsewhere:
        told.append(Fact(_("Booked"), (_("In the operator's app"),)))
    else:
        asked, fleet = case.booking.created_by, case.words["fleet"]
        who = fleet if asked is None else f"{one_line(asked.display_name)}, {fleet}"
        told.append(Fact(_("Requested by"), (who,)))
    return told


def starting(booking: Booking) -> list[Fact]:
    lines = tuple(map(one_line, how_to_start(booking)))
    return [Fact(_("How do I start?"), lines)] if lines else []


def short_facts(
    case: Case, version: BookingVersion | None = None, *, any_charger: bool = False
) -> list[Fact]:
    told = _version_facts(case, version or case.version, any_charger=any_charger)
    return told + _reference(case)


def _version_facts(
    case: Case,
    version: BookingVersion,
    *,
    before: BookingVersion | None = None,
    any_charger: bool = False,
) -> list[Fact]:
    return facts.version_facts(
        version, before=before, any_charger=any_charger, for_driver=case.for_driver
    )


def _reference(case: Case) -> list[Fact]:
    reference = one_line(case.booking.reference)
    return [Fact(_("Reference"), (reference,))] if reference else []


def period_of(version: BookingVersion | Booking) -> str:
    return str(period(version.start_at, version.end_at, version.location.zone))


def place_and_time(booking: Booking) -> dict[str, str]:
    """Return how sentences name another booking than the one that a mail is about."""
    site = one_line(booking.location.name)
    if booking.evse is not None:
        charger = one_line(booking.evse.name)
        site = _("%(site)s, charger %(charger)s") % {"site": site, "charger": charger}
    return {"when": period_of(booking), "where": site}


# Links


def actions_of(case: Case) -> list[tuple[str, str]]:
    """Return where the mail leads its reader, by label and address.

    A driver's page is theirs as long as the booking is. A booking's page offers other times and
    chargers where none is booked.
    """
    booking = case.booking
    if case.for_driver:
        if not case.is_theirs:
            return []
        if booking.holds_a_place:
            label = _("View it, add it to your calendar, cancel it or report a delay")
        else:
            label = _("View the booking")
        return [(label, driver_page_url(booking, case.recipient))]
    failed = booking.did_not_work_out
    if failed:
        label = _("View other times and chargers")
    else:
        label = _("Open the booking in %(portal)s") % case.words
    actions = [(label, portal_url(booking))]
    by_operator = case.event is not None and case.event.actor == Actor.OPERATOR
    if failed or (case.notification.kind == Kind.CANCELLED and by_operator):
        actions.append((_("Pick another slot"), _pick_again_url(case.version)))
    return actions


def _pick_again_url(version: BookingVersion) -> str:
    local = version.start_at.astimezone(version.location.zone)
    params = {
        "day": local.date().isoformat(),
        "minutes": str(int((version.end_at - version.start_at).total_seconds() // 60)),
        "from": f"{local:%H:%M}",
    }
    if version.evse is None:
        params |= criteria_params(version.criteria)
    page = reverse("sites:detail", args=[version.location.pk])
    return f"{settings.SITE_URL}{page}?{urlencode(params)}"


# Sentences


def since_then(case: Case, version: BookingVersion | None = None) -> list[str]:
    """Return a warning where the booking is not what the mail tells any more.

    Mails may wait for their server, and are written from what happened, not from what is.
    """
    version = version or case.version
    if case.booking.status not in Booking.ENDED_EARLY and not version.differs(case.booking):
        return []
    if case.for_driver and not case.is_theirs:
        return [_("The booking has changed again since then. It is no longer yours.")]
    return [_("The booking has changed again since then. Its page shows the current status.")]


def driver_closing(case: Case) -> list[str]:
    """Return what a driver's mail ends with: whose link it is, and who answers."""
    if not case.for_driver:
        return []
    closing = (
        [_("This link is for you alone. You do not need to sign in.")] if case.is_theirs else []
    )
    if case.answers is not None:
        if case.booking.holds_a_place and case.is_theirs:
            text = _("To change something else, reply to this e-mail. It goes to %(manager)s.")
        else:
            text = _("If you have a question, reply to this e-mail. It goes to %(manager)s.")
        closing.append(text % {"manager": one_line(case.answers.display_name)})
    return closing


def refused(case: Case, words: dict[str, str], *, says: str, silent: str, failed: str) -> list[str]:
    request = case.request
    if request is not None and request.status == BookingRequest.Status.REJECTED:
        return [(says if case.operator_words else silent) % words]
    return failed_request(case, failed % words)


def failed_request(case: Case, text: str) -> list[str]:
    if case.request is not None and case.request.failure:
        text = f"{text} {case.request.get_failure_display()}"
    return [text, *([_("The operator's system says:")] if case.operator_words else [])]


def not_booked(case: Case, *, subject: str, headline: str, opening: list[str]) -> Letter:
    """Say that a request led to no booking, and whether another one still stands."""
    replaced = case.booking.replaces
    if replaced is not None and replaced.status in Booking.GOES_AHEAD:
        after = _("The booking that was to be moved stays as it was: %(when)s, %(where)s.")
        after %= place_and_time(replaced)
    else:
        after = _("Nothing is booked.")
    return Letter(
        subject=subject,
        headline=headline,
        opening=opening,
        quoted=case.operator_words,
        after_quote=[after, _("This was requested:")],
        facts=short_facts(case, any_charger=True),
    )


def asked_by_manager(case: Case) -> list[str]:
    """Return which manager asked for what the mail tells."""
    manager = case.request.created_by if case.request is not None else None
    if manager is None:
        return []
    if not case.for_driver and manager == case.notification.recipient_user:
        return [_("You requested this.")]
    return [_("%(manager)s requested this.") % {"manager": one_line(manager.display_name)}]
