"""What has happened to a booking, line by line: requests, the operator's doings, mails, the charge.

Lines are written from rows that nobody edits; there is no address that changes any of them.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from bookings.actions.driver import LATE_KEY
from bookings.models import (
    Actor,
    Booking,
    BookingEvent,
    BookingRequest,
    BookingRequestEvent,
    ChargingSession,
)
from bookings.models.statuses import BOOKING_TRAITS, REQUEST_TRAITS
from bookings.pages.history.record import Dossier, read_dossier
from bookings.wording.differences import (
    Difference,
    Names,
    differences_asked,
    differences_of,
    names_in,
)
from bookings.wording.facts import criteria_text
from bookings.wording.people import who_did
from notifications.models import Notification
from shell.formats import kwh, money, period

Kind = BookingRequest.Kind
Status = BookingRequest.Status
What = BookingEvent.What

# What became of a request, by its kind; how it began names who asked.
REQUEST_TEXTS: dict[tuple[str, str], str | Promise] = {
    (Kind.CREATE, Status.PENDING): gettext_lazy("Received by the operator"),
    (Kind.CREATE, Status.STALE): gettext_lazy("No answer from the operator yet"),
    (Kind.CREATE, Status.APPROVED): gettext_lazy("Approved by the operator"),
    (Kind.CREATE, Status.REJECTED): gettext_lazy("Rejected by the operator"),
    (Kind.CREATE, Status.FAILED): gettext_lazy("Not placed"),
    (Kind.UPDATE, Status.PENDING): gettext_lazy("Change received by the operator"),
    (Kind.UPDATE, Status.STALE): gettext_lazy("No answer about the change yet"),
    (Kind.UPDATE, Status.APPROVED): gettext_lazy("Change approved by the operator"),
    (Kind.UPDATE, Status.REJECTED): gettext_lazy("Change rejected by the operator"),
    (Kind.UPDATE, Status.FAILED): gettext_lazy("Change not made"),
    (Kind.CANCEL, Status.PENDING): gettext_lazy("Cancellation received by the operator"),
    (Kind.CANCEL, Status.STALE): gettext_lazy("No answer about the cancellation yet"),
    (Kind.CANCEL, Status.APPROVED): gettext_lazy("Cancellation approved by the operator"),
    (Kind.CANCEL, Status.REJECTED): gettext_lazy("Cancellation rejected by the operator"),
    (Kind.CANCEL, Status.FAILED): gettext_lazy("Not cancelled"),
}


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that happened: when, in a sentence what and by whom, and the particulars.

    `differences` are old and new values in the site's zone, `details` plain sentences, `words` what
    somebody wrote, to be quoted. `at` is None for what is still to happen: a mail that waits.
    """

    at: datetime | None
    icon: str
    text: str
    differences: tuple[Difference, ...] = ()
    details: tuple[str, ...] = ()
    words: str = ""


def timeline_of(booking: Booking) -> list[Line]:
    """Read what has happened to a booking, oldest first, in a constant number of queries."""
    return lines_of(read_dossier(booking))


def lines_of(dossier: Dossier) -> list[Line]:
    """Return what has happened, oldest first; of one instant: asked for, done, told."""
    names = names_in(dossier.events, booking=dossier.booking)
    lines: list[tuple[datetime, Line]] = [
        *_request_lines(dossier),
        *_event_lines(dossier, names=names),
        *_session_lines(dossier.session),
        *map(_mail_line, dossier.notifications),
    ]
    return [line for _at, line in sorted(lines, key=lambda each: each[0])]


# Requests


def _request_lines(dossier: Dossier) -> Iterator[tuple[datetime, Line]]:
    for event in dossier.request_events:
        if event.from_status:
            yield event.at, _settling_line(event)
        else:
            yield event.at, _asking_line(event, dossier)


def _asking_line(event: BookingRequestEvent, dossier: Dossier) -> Line:
    request = event.request
    who = who_did(event.actor, event.user, request.driver)
    icon = REQUEST_TRAITS[Status.QUEUED].icon
    if request.kind == Kind.UPDATE:
        text = _("Change requested by %(who)s") % {"who": who}
        asked = differences_asked(request, zone=dossier.booking.zone)
        return Line(event.at, icon, text, differences=asked)
    if request.kind == Kind.CANCEL:
        moved = dossier.move_behind(request)
        if moved is not None:
            text = _("Cancellation requested, since booking %(number)d takes its place")
            return Line(event.at, icon, text % {"number": moved.pk})
        return Line(event.at, icon, _("Cancellation requested by %(who)s") % {"who": who})
    if event.actor == Actor.STAFF:
        text = _("Requested again by the operator’s staff")
    else:
        text = _("Requested by %(who)s") % {"who": who}
    return Line(event.at, icon, text, details=tuple(_asked_for(request, dossier)))


def _asked_for(request: BookingRequest, dossier: Dossier) -> Iterator[str]:
    charger = request.evse.name if request.evse else criteria_text(request.criteria)
    yield _("%(when)s, %(charger)s, %(driver)s") % {
        "when": _period(request, request.location.zone),
        "charger": charger,
        "driver": request.driver.display_name,
    }
    if dossier.replaced is not None:
        yield _("To replace booking %(number)d") % {"number": dossier.replaced.pk}


def _settling_line(event: BookingRequestEvent) -> Line:
    request, status = event.request, event.to_status
    icon = REQUEST_TRAITS[status].icon
    if status != Status.FAILED:
        words = request.rejection_reason if status == Status.REJECTED else ""
        return Line(event.at, icon, str(REQUEST_TEXTS[request.kind, status]), words=words)
    if request.failure == BookingRequest.Failure.WITHDRAWN:
        who = who_did(event.actor, event.user, request.driver)
        text = _("Withdrawn by %(who)s before it was sent") % {"who": who}
        return Line(event.at, "arrow-back-up", text)
    return Line(
        event.at,
        icon,
        str(REQUEST_TEXTS[request.kind, status]),
        details=tuple(filter(None, [request.get_failure_display()])),
        words=request.rejection_reason,
    )


# What happened besides


def _event_lines(dossier: Dossier, *, names: Names) -> Iterator[tuple[datetime, Line]]:
    zone = dossier.booking.zone
    for event in dossier.events:
        match event.what:
            case What.FOUND | What.CHANGED:
                line = _operator_line(event, names=names, zone=zone)
            case What.MOVE_ENDED:
                line = _move_ended_line(event)
            case What.RUNNING_LATE:
                line = _late_line(event)
            case What.HANDED_OVER:
                line = _handover_line(event, names=names)
            case _:
                line = _plain_line(event, names=names, zone=zone)
        yield event.at, line


def _operator_line(event: BookingEvent, *, names: Names, zone: ZoneInfo) -> Line:
    """Return what the operator's record told; a new status alone is a sentence of its own."""
    details = (event.note,) if event.note else ()
    if event.what == What.FOUND:
        return Line(
            event.at,
            "crosshair",
            _("Found at the operator: made elsewhere"),
            differences=differences_of(event, names=names, zone=zone, but=["status"]),
            details=details,
        )
    status = event.changes.get("status", [None, ""])[1]
    moved = bool(event.changes.keys() & {"start_at", "end_at", "location", "driver"})
    # That the charger is held must not hide that it is held for another time.
    traits = None if moved and status in Booking.HOLDS_A_PLACE else BOOKING_TRAITS.get(status)
    told_by_status = traits is not None and traits.reported
    others = differences_of(
        event, names=names, zone=zone, but=[] if moved and not told_by_status else ["status"]
    )
    if traits and told_by_status:
        text, icon = str(traits.reported), traits.icon
    elif event.changes.keys() == {"evse"} and event.changes["evse"][0] is None:
        text, icon = _("Charger assigned by the operator"), "charging-pile"
    elif event.changes:
        text, icon = _("Changed by the operator"), "switch-horizontal"
    else:
        text, icon = _("Noticed at the operator"), "info-circle"
    return Line(event.at, icon, text, differences=others, details=details)


def _move_ended_line(event: BookingEvent) -> Line:
    text = _("Not moved: the booking stays as it was")
    if event.actor == Actor.OPERATOR:
        return Line(event.at, "circle-x", text, words=event.note)
    return Line(event.at, "circle-x", text, details=(event.note,) if event.note else ())


def _late_line(event: BookingEvent) -> Line:
    minutes = event.changes.get(LATE_KEY, [None, None])[1]
    who = who_did(event.actor, event.user, event.driver)
    text = _("Running late, says %(who)s") % {"who": who}
    if minutes is not None:
        text = _("About %(minutes)d min late, says %(who)s") % {"minutes": minutes, "who": who}
    return Line(event.at, "clock-exclamation", text, words=event.note)


def _handover_line(event: BookingEvent, *, names: Names) -> Line:
    giver, taker = event.changes.get("created_by", [None, None])
    who = who_did(event.actor, event.user, event.driver)
    text = _("Handed over from %(giver)s to %(taker)s by %(who)s") % {
        "giver": names.users.get(giver, _("a fleet manager")),
        "taker": names.users.get(taker, _("all managers of the fleet")),
        "who": who,
    }
    return Line(event.at, "users", text, details=(event.note,) if event.note else ())


def _plain_line(event: BookingEvent, *, names: Names, zone: ZoneInfo) -> Line:
    who = who_did(event.actor, event.user, event.driver)
    texts = {
        What.GONE: (_("The operator no longer knows this booking"), "help-circle"),
        What.WITHDRAWAL_ASKED: (
            _("Cancellation requested by %(who)s, before the operator had decided") % {"who": who},
            "calendar-x",
        ),
        What.MOVE_ASKED: (
            _("Move to booking %(number)s requested by %(who)s")
            % {"number": event.note.removeprefix("#"), "who": who},
            "arrows-exchange",
        ),
        What.LINK_REVOKED: (_("Driver’s link revoked by %(who)s") % {"who": who}, "link-off"),
    }
    text, icon = texts.get(What(event.what), (event.get_what_display(), "info-circle"))
    details = (event.note,) if event.note and event.what != What.MOVE_ASKED else ()
    return Line(
        event.at,
        icon,
        text,
        differences=differences_of(event, names=names, zone=zone, but=["status"]),
        details=details,
    )


# The charge, and mails


def _session_lines(session: ChargingSession | None) -> Iterator[tuple[datetime, Line]]:
    if session is None:
        return
    if session.started_at:
        text = _("Charging started")
        yield session.started_at, Line(session.started_at, "plug-connected", text)
    if session.stopped_at:
        figures = (kwh(session.energy_kwh), money(session.amount, session.currency))
        yield (
            session.stopped_at,
            Line(
                session.stopped_at,
                "battery-charging",
                _("Charging ended"),
                details=tuple(filter(None, [", ".join(filter(None, figures))])),
            ),
        )


def _mail_line(notification: Notification) -> tuple[datetime, Line]:
    names = {"to": notification.recipient_email}
    about = (str(notification.get_kind_display()),)
    match notification.state:
        case Notification.State.SENT:
            at = notification.sent_at or notification.created_at
            return at, Line(at, "mail", _("E-mail sent to %(to)s") % names, details=about)
        case Notification.State.QUEUED:
            text = _("E-mail to %(to)s is waiting to be sent") % names
            return notification.created_at, Line(None, "mail-forward", text, details=about)
    text = _("E-mail to %(to)s could not be delivered") % names
    if notification.state == Notification.State.DROPPED:
        text = _("E-mail to %(to)s was not sent") % names
    details = (*about, *filter(None, [notification.problem]))
    return notification.created_at, Line(None, "mail-off", text, details=details)


def _period(request: BookingRequest, zone: ZoneInfo) -> str:
    return str(period(request.start_at, request.end_at, zone))
