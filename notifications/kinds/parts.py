"""What a mail about a booking is made of, and the parts that several kinds of it share."""

from dataclasses import dataclass, field
from functools import cached_property
from urllib.parse import urlencode

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.models import User
from bookings.links import driver_page_url
from bookings.models import Actor, Booking, BookingEvent, BookingRequest
from bookings.wording import facts
from bookings.wording.facts import Fact, lines_of, one_line, with_before
from bookings.wording.versions import (
    BookingVersion,
    version_asked,
    version_before,
    version_now,
    versions_of_event,
)
from calendars.entries import portal_url
from drivers.models import Driver
from notifications.models import Notification
from shell.formats import period
from sites.slots.picker.form import criteria_params

Kind = Notification.Kind

LONGEST_SITE_IN_SUBJECT = 60
LONGEST_CHARGER_IN_SUBJECT = 30
# What may tell of another driver than before: who gets a booking, and who loses it.
CHANGES_MADE = frozenset({Kind.APPROVED, Kind.CHANGED, Kind.MOVED, Kind.CANCELLED})


@dataclass(frozen=True, slots=True)
class Action:
    """A link under what a mail tells, and what it is for."""

    label: str
    url: str


@dataclass(frozen=True, slots=True)
class Letter:
    """What one mail says, from top to bottom.

    `subject` and `headline` are one line each. `quoted` are somebody else's words. With `entry` the
    booking's calendar entry is attached.
    """

    subject: str
    headline: str
    opening: list[str]
    quoted: tuple[str, ...] = ()
    after_quote: list[str] = field(default_factory=list)
    facts: list[Fact] = field(default_factory=list)
    actions: list[Action] = field(default_factory=list)
    closing: list[str] = field(default_factory=list)
    entry: bool = False


class Case:
    """A notification, with what its mail needs to know of it.

    `version` is what the mail is about: what was approved, asked for or found, as the
    notification's request or event tells it. `before` is what it was earlier, where the mail tells
    of a change.
    """

    def __init__(self, notification: Notification) -> None:
        self.notification = notification
        self.booking: Booking = notification.booking
        self.request: BookingRequest | None = notification.request
        self.event: BookingEvent | None = notification.event
        self.kind = Kind(notification.kind)
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

    @cached_property
    def recipient(self) -> Driver:
        """The driver who is written to, where it is one; rows of long ago name none."""
        return self.notification.recipient_driver or self.booking.driver

    @property
    def was_theirs(self) -> bool:
        """Whether the driver is told of what took the booking away from them."""
        return (
            self.for_driver
            and self.kind in CHANGES_MADE
            and self.before is not None
            and self.version.driver != self.recipient
            and self.before.driver == self.recipient
        )

    @property
    def becomes_theirs(self) -> bool:
        """Whether the driver is told of what gave them somebody else's booking."""
        return (
            self.for_driver
            and self.kind in CHANGES_MADE
            and self.before is not None
            and self.version.driver == self.recipient
            and self.before.driver != self.recipient
        )

    @property
    def is_theirs(self) -> bool:
        """Whether the driver has the booking by now."""
        return self.recipient == self.booking.driver

    @property
    def stands(self) -> bool:
        """Whether the booking holds its place by now, so that a mail may say so."""
        over = BookingRequest.Failure.BOOKING_OVER
        ended = self.request is not None and self.request.failure == over
        return self.booking.is_confirmed and not ended

    @property
    def asker(self) -> User | None:
        """The manager who asked for what the mail tells."""
        return self.request.created_by if self.request is not None else None

    @cached_property
    def replacement(self) -> Booking | None:
        """The approved booking at another place that this one was moved to."""
        moved = self.booking.replacements.filter(ampeco_booking_id__isnull=False).exclude(
            status__in=Booking.NOT_IN_CALENDARS
        )
        return moved.select_related("location", "evse__charge_point", "driver").first()

    @property
    def words(self) -> dict[str, str]:
        """What sentences call the people and places."""
        return {
            "driver": one_line(self.version.driver.display_name),
            "site": one_line(self.version.location.name),
            "fleet": one_line(self.booking.fleet.name),
            "portal": settings.PORTAL_NAME,
        }


# Facts


def version_facts(
    case: Case,
    version: BookingVersion,
    *,
    before: BookingVersion | None = None,
    criteria: bool = False,
) -> list[Fact]:
    """Return where, when and at which charger, with what each was before if that differs.

    Managers, and whoever gets somebody else's booking, read for which driver. With `criteria`, no
    charger means any that fits; without, one that the operator has yet to name.
    """
    place, time = facts.where(version.location), facts.when(version)
    charger = charger_fact(version, criteria=criteria)
    driver = Fact(_("Driver"), (one_line(version.driver.display_name),), strong=1)
    if before is not None:
        if before.location != version.location:
            place = with_before(place, one_line(before.location.name))
        if (before.start_at, before.end_at) != (version.start_at, version.end_at):
            time = with_before(time, period_of(before))
        if before.evse != version.evse and before.evse is not None:
            charger = with_before(charger, one_line(before.evse.name))
        if before.driver != version.driver:
            driver = with_before(driver, one_line(before.driver.display_name))
    return [place, time, charger, *([] if case.for_driver else [driver])]


def charger_fact(version: BookingVersion, *, criteria: bool) -> Fact:
    """Return the charger, or what is known of it."""
    if version.evse is not None:
        return facts.charger(version.evse)
    if criteria:
        text = facts.criteria_text(version.criteria)
    else:
        text = _("The operator assigns the charger. It shows on the booking's page once known.")
    return Fact(_("Charger"), (text,))


def full_facts(
    case: Case, version: BookingVersion, *, before: BookingVersion | None = None
) -> list[Fact]:
    """Return all that a booking's driver or manager needs to know while it stands."""
    told = version_facts(case, version, before=before)
    told += facts.getting_in(version)
    told += reference_facts(case)
    if case.booking.made_elsewhere:
        told.append(Fact(_("Booked"), (_("In the operator's app"),)))
    else:
        fleet = one_line(case.booking.fleet.name)
        if case.booking.created_by is not None:
            fleet = f"{one_line(case.booking.created_by.display_name)}, {fleet}"
        told.append(Fact(_("Requested by"), (fleet,)))
    return told


def short_facts(case: Case, version: BookingVersion, *, criteria: bool = False) -> list[Fact]:
    """Return by what people recognise a booking that does not stand, or that is not theirs."""
    return [*version_facts(case, version, criteria=criteria), *reference_facts(case)]


def reference_facts(case: Case) -> list[Fact]:
    """Return the fleet's own reference, if the booking has one."""
    reference = one_line(case.booking.reference)
    return [Fact(_("Reference"), (reference,))] if reference else []


def period_of(version: BookingVersion | Booking) -> str:
    """Return both ends on the site's clock, on one line."""
    return str(period(version.start_at, version.end_at, version.location.zone))


def place_and_time(booking: Booking) -> dict[str, str]:
    """Return how sentences name another booking than the one that a mail is about."""
    site = one_line(booking.location.name)
    if booking.evse is not None:
        charger = one_line(booking.evse.name)
        site = _("%(site)s, charger %(charger)s") % {"site": site, "charger": charger}
    return {"when": period_of(booking), "where": site}


def operator_words(case: Case) -> tuple[str, ...]:
    """Return what the operator said to a request, line by line."""
    return lines_of(case.request.rejection_reason) if case.request is not None else ()


# Actions


def driver_actions(case: Case) -> list[Action]:
    """Return the driver's own page, as long as the booking is theirs."""
    if not case.is_theirs:
        return []
    if case.booking.holds_a_place:
        label = _("See it, add it to your calendar, cancel it or say that you run late")
    else:
        label = _("See the booking")
    return [Action(label, driver_page_url(case.booking, case.recipient))]


def page_action(case: Case) -> Action:
    """Return the booking's page, which offers other times and chargers where none is booked."""
    if case.booking.did_not_work_out:
        label = _("See other times and chargers")
    else:
        label = _("Open the booking in %(portal)s") % case.words
    return Action(label, portal_url(case.booking))


def actions_of(case: Case) -> list[Action]:
    """Return where the mail leads its reader."""
    if case.for_driver:
        return driver_actions(case)
    by_operator = case.event is not None and case.event.actor == Actor.OPERATOR
    lost = case.booking.did_not_work_out or (case.kind == Kind.CANCELLED and by_operator)
    again = [Action(_("Pick another slot"), pick_again_url(case.version))] if lost else []
    return [page_action(case), *again]


def pick_again_url(version: BookingVersion) -> str:
    """Return the full address of the slot picker, opened around what was asked for."""
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


def since_then(case: Case, version: BookingVersion) -> list[str]:
    """Return a warning where the booking is not what the mail tells any more.

    Mails may wait for their server, and are written from what happened, not from what is.
    """
    if case.booking.status not in Booking.ENDED_EARLY and not version.differs(case.booking):
        return []
    if case.for_driver and not case.is_theirs:
        return [_("The booking has changed again since then. It is no longer yours.")]
    return [_("The booking has changed again since then. Its page shows how it stands now.")]


def answer_to(booking: Booking) -> User | None:
    """Return who answers the driver: the manager who asked, as long as there is one."""
    asked = booking.created_by
    return asked if asked is not None and asked.is_active else None


def driver_closing(case: Case) -> list[str]:
    """Return what a driver's mail ends with: whose link it is, and who answers."""
    if not case.for_driver:
        return []
    closing = []
    if case.is_theirs:
        closing.append(_("This link is for you alone. It needs no log-in."))
    manager = answer_to(case.booking)
    if manager is not None:
        name = {"manager": one_line(manager.display_name)}
        if case.booking.holds_a_place and case.is_theirs:
            text = _("To change something else, reply to this mail. It goes to %(manager)s.")
        else:
            text = _("If you have a question, reply to this mail. It goes to %(manager)s.")
        closing.append(text % name)
    return closing


def failed_request(case: Case, text: str) -> list[str]:
    """Return that something could not be asked for, why, and who is quoted below."""
    assert case.request is not None
    if case.request.failure:
        text = f"{text} {case.request.get_failure_display()}"
    return [text, *([_("The operator's system says:")] if operator_words(case) else [])]


def asked_by_manager(case: Case) -> list[str]:
    """Return which manager asked for what the mail tells."""
    manager = case.asker
    if manager is None:
        return []
    if not case.for_driver and manager == case.notification.recipient_user:
        return [_("You asked for it.")]
    return [_("%(manager)s asked for it.") % {"manager": one_line(manager.display_name)}]


def is_rejected(case: Case) -> bool:
    """Return whether the operator itself said no."""
    rejected = BookingRequest.Status.REJECTED
    return case.request is not None and case.request.status == rejected


def words_of_event(case: Case) -> tuple[str, ...]:
    """Return what was said when something happened, line by line."""
    return lines_of(case.event.note) if case.event is not None else ()


def what(version: BookingVersion) -> str:
    """Return where, when and at which charger, as short as a subject needs it."""
    parts = [
        one_line(version.location.name, longest=LONGEST_SITE_IN_SUBJECT),
        facts.short_period(version),
    ]
    if version.evse is not None:
        label = version.evse.label or version.evse.physical_reference or version.evse.name
        charger = one_line(label, longest=LONGEST_CHARGER_IN_SUBJECT)
        parts.append(_("charger %(charger)s") % {"charger": charger})
    return ", ".join(parts)
