"""What has happened to a booking, line by line: requests, the operator's doings, mails, the charge.

Lines are written from rows that nobody edits; there is no address that changes any of them.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone
from django.utils.translation import gettext as _

from bookings.actions.driver import LATE_KEY
from bookings.models import Actor, Booking, BookingEvent, BookingRequest, BookingRequestEvent
from bookings.models.statuses import REQUEST_TRAITS
from bookings.pages.history.record import HistoryRecord
from bookings.wording.attention import TROUBLES, downtime_text, reported, whose_trouble
from bookings.wording.facts import criteria_text
from bookings.wording.history import OCCURRENCES, who_did
from bookings.wording.versions import (
    AGREED_FACTS,
    Difference,
    RowsTold,
    differences_asked,
    differences_told,
    rows_told,
)
from notifications.models import Notification
from notifications.queue import waits_for
from shell.formats import kwh, period
from shell.money import money

Kind = BookingRequest.Kind
Status = BookingRequest.Status
What = BookingEvent.What
COMPLETED = Booking.Status.COMPLETED


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


def history_lines(record: HistoryRecord) -> list[Line]:
    """Return what has happened, oldest first; of one instant: asked for, done, told."""
    now = timezone.now()
    rows = rows_told(record.events, booking=record.booking)
    lines: list[tuple[datetime, Line]] = [
        *((event.at, _request_line(event, record)) for event in record.request_events),
        *(
            (event.at, _event_line(event, record, rows=rows))
            for event in record.events
            if not _is_told_by_session(event, record)
        ),
        *_session_lines(record),
        *(_mail_line(each, now=now) for each in record.notifications),
    ]
    return [line for _at, line in sorted(lines, key=lambda each: each[0])]


def _request_line(event: BookingRequestEvent, record: HistoryRecord) -> Line:
    request = event.request
    kind: str | tuple[str, str] = (request.kind, event.to_status)
    words: dict[str, object] = {"who": who_did(event.actor, event.user, request.driver)}
    differences: tuple[Difference, ...] = ()
    details: tuple[str, ...] = ()
    said = ""
    if event.from_status:
        if event.to_status == Status.FAILED:
            details = tuple(filter(None, [request.get_failure_display()]))
        if event.to_status in {Status.REJECTED, Status.FAILED}:
            said = request.rejection_reason
        if (event.to_status, request.failure) == (Status.FAILED, request.Failure.WITHDRAWN):
            kind, details, said = "withdrawn", (), ""
    elif request.kind == Kind.CREATE:
        kind = "asked-again" if event.actor == Actor.STAFF else kind
        details = tuple(_asked_for(request, record))
    elif other := record.move_behind(request):
        kind, words["number"] = "replaced", other.pk
    else:
        differences = differences_asked(request, zone=record.booking.zone)
    occurrence = OCCURRENCES[kind]
    icon = occurrence.icon or REQUEST_TRAITS[event.to_status].icon
    return Line(event.at, icon, str(occurrence.line) % words, differences, details, said)


def _asked_for(request: BookingRequest, record: HistoryRecord) -> Iterator[str]:
    yield _("%(when)s, %(charger)s, %(driver)s") % {
        "when": period(request.start_at, request.end_at, request.location.zone),
        "charger": request.evse.name if request.evse else criteria_text(request.criteria),
        "driver": request.driver.display_name,
    }
    if record.replaced is not None:
        yield _("To replace booking %(number)d") % {"number": record.replaced.pk}


def _event_line(event: BookingEvent, record: HistoryRecord, *, rows: RowsTold) -> Line:
    kind = _kind_of(event)
    report = record.reports.get(event.pk)
    quotes = event.what == What.RUNNING_LATE or (
        event.what == What.MOVE_ENDED and event.actor == Actor.OPERATOR
    )
    details = event.note and not quotes and event.what != What.MOVE_ASKED
    # A new status is a sentence of its own, unless more has changed than that.
    shows_status = kind == What.CHANGED and bool(event.changes.keys() & AGREED_FACTS)
    giver, taker = event.changes.get("created_by", [None, None])
    managers = (rows.manager(giver), rows.manager(taker))
    occurrence = OCCURRENCES[kind]
    text = str(occurrence.line) % {
        "who": whose_trouble(event)
        if event.what in TROUBLES
        else who_did(event.actor, event.user, event.driver),
        "number": event.note.removeprefix("#"),
        "minutes": _minutes_late(event) or 0,
        "reported": reported(event),
        "downtime": downtime_text(event, zone=record.booking.zone),
        "giver": managers[0].display_name if managers[0] else _("a fleet manager"),
        "taker": managers[1].display_name if managers[1] else _("all managers of the fleet"),
    }
    return Line(
        event.at,
        occurrence.icon,
        text,
        differences_told(
            event, rows=rows, zone=record.booking.zone, but=() if shows_status else ("status",)
        ),
        (event.note,) if details else (),
        report.message if report else event.note if quotes else "",
    )


def _kind_of(event: BookingEvent) -> str:
    if event.what == What.RUNNING_LATE and _minutes_late(event) is not None:
        return "minutes-late"
    if event.what != What.CHANGED:
        return event.what
    status = event.changes.get("status", [None, ""])[1]
    moved = bool(event.changes.keys() & AGREED_FACTS)
    # That the charger is held must not hide that it is held for another time.
    if status in OCCURRENCES and not (moved and status in Booking.HOLDS_A_PLACE):
        return str(status)
    if event.changes.keys() == {"evse"} and event.changes["evse"][0] is None:
        return "charger-assigned"
    return What.CHANGED if event.changes else "noticed"


def _minutes_late(event: BookingEvent) -> int | None:
    minutes: int | None = event.changes.get(LATE_KEY, [None, None])[1]
    return minutes


def _is_told_by_session(event: BookingEvent, record: HistoryRecord) -> bool:
    """Whether an event says no more than that charging started, of which the session knows when."""
    started = record.session is not None and record.session.started_at is not None
    return started and event.changes.keys() == {"status"} and _kind_of(event) == COMPLETED


def _session_lines(record: HistoryRecord) -> Iterator[tuple[datetime, Line]]:
    session = record.session
    if session and session.started_at:
        at = session.started_at
        yield at, Line(at, "plug-connected", _("Charging started"))
    if session and session.stopped_at:
        at = session.stopped_at
        figures = filter(None, (kwh(session.energy_kwh), money(session.amount, session.currency)))
        details = tuple(filter(None, [", ".join(figures)]))
        yield at, Line(at, "battery-charging", _("Charging ended"), details=details)


def _mail_line(notification: Notification, *, now: datetime) -> tuple[datetime, Line]:
    is_sent = notification.state == Notification.State.SENT
    at = notification.sent_at if is_sent and notification.sent_at else notification.created_at
    icon, text = {
        Notification.State.SENT: ("mail", _("E-mail sent to %(to)s")),
        Notification.State.QUEUED: ("mail-forward", _("E-mail to %(to)s is waiting to be sent")),
        Notification.State.DROPPED: ("mail-off", _("E-mail to %(to)s was not sent")),
        Notification.State.GIVEN_UP: ("mail-off", _("E-mail to %(to)s could not be delivered")),
        Notification.State.PERHAPS_SENT: ("help-circle", _("E-mail to %(to)s was perhaps sent")),
    }[
        Notification.State.PERHAPS_SENT
        if notification.is_perhaps_sent
        else Notification.State(notification.state)
    ]
    details = [str(notification.get_kind_display())]
    if icon in {"mail-off", "help-circle"} and notification.problem:
        details.append(notification.problem)
    details += filter(None, [waits_for(notification, now=now)])
    text %= {"to": notification.recipient_email}
    return at, Line(at if is_sent else None, icon, text, details=tuple(details))
