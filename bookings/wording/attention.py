"""Why bookings need attention, in a few words each."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from bookings.models import (
    Actor,
    Booking,
    BookingDowntime,
    BookingEvent,
    BookingRequest,
    ChargerReport,
)
from bookings.wording.facts import one_line
from bookings.wording.history import OCCURRENCES
from maintenance.models import Downtime
from mirror.written_once import Keys, written_once
from shell.formats import in_zone, period
from sites.facts import trouble_of

Kind = BookingRequest.Kind
Status = Booking.Status
What = BookingEvent.What
LONGEST_REASON = 160
# Under `changes` of the event that tells of a report, as [None, what].
REPORT_KEY = "report"
# Until then what is wrong with a charger may well be repaired.
SOON = timedelta(hours=24)
# What does not show in the booking itself. Told besides any other reason.
TROUBLES = (
    What.PLACE_GONE,
    What.PLACE_MOVED,
    What.DOWNTIME,
    What.DRIVER_LEFT,
    What.UNDELIVERED,
)
# Under `changes` of the events that tell of downtime: [None, facts], or [facts, None] once it is
# no longer in the way.
DOWNTIME_KEY = "downtime"
WITH_A_REASON = (
    What.CHANGED,
    What.GONE,
    What.MOVE_ENDED,
    What.RUNNING_LATE,
    What.CHARGER_REPORTED,
)

# What somebody should have seen who marks a booking as done.
NEWS = frozenset({*TROUBLES, *WITH_A_REASON})


def risk_of(booking: Booking) -> str:
    """Return what is wrong with the charger of a booking that begins soon; "" for all others."""
    now = timezone.now()
    if booking.status not in Booking.GOES_AHEAD or not now < booking.start_at < now + SOON:
        return ""
    return trouble_of(booking.evse) if booking.evse else ""


def reasons_of(bookings: Iterable[Booking]) -> dict[int, str]:
    """Return why each of the bookings that need attention does, by primary key.

    Costs two queries for however many bookings, or none if nothing needs attention.
    """
    marked = {booking.pk: booking for booking in bookings if booking.needs_attention}
    if not marked:
        return {}
    # The latest of each booking comes last, and stays.
    last_request = {request.booking_id: request for request in _requests(bookings=marked)}
    last_event: dict[int, BookingEvent] = {}
    troubles: dict[int, list[BookingEvent]] = defaultdict(list)
    for event in _events(bookings=marked):
        if event.what == What.DONE:
            # What was wrong before somebody has dealt with, or lives with.
            troubles.pop(event.booking_id, None)
            last_event.pop(event.booking_id, None)
        elif event.what in {*TROUBLES, What.DOWNTIME_OVER}:
            troubles[event.booking_id].append(event)
        else:
            last_event[event.booking_id] = event
    return {
        pk: _reasons(booking, last_request.get(pk), last_event.get(pk), last_troubles(troubles[pk]))
        for pk, booking in marked.items()
    }


@written_once(bookings=Keys())
def _requests(bookings: Any) -> QuerySet[BookingRequest]:
    return BookingRequest.objects.filter(booking__among=bookings).order_by("created_at", "pk")


@written_once(bookings=Keys())
def _events(bookings: Any) -> QuerySet[BookingEvent]:
    told = BookingEvent.objects.filter(
        booking__among=bookings,
        what__in=[*WITH_A_REASON, *TROUBLES, What.DOWNTIME_OVER, What.DONE],
    )
    # That something surplus is being cancelled is no reason.
    told = told.exclude(what=What.CHANGED, actor=Actor.PORTAL)
    return told.select_related("user", "driver").order_by("at", "pk")


def last_troubles(events: Iterable[BookingEvent]) -> list[BookingEvent]:
    """Return of each kind of trouble the event that tells of it last, in order of time.

    Of downtime the last of each, as long as it is in the way. `events` are those of one booking,
    the latest last. That a mail did not arrive is dealt with once it is marked as done.
    """
    found: dict[tuple[str, int], BookingEvent] = {}
    for event in events:
        if event.what == What.DOWNTIME_OVER:
            found.pop((What.DOWNTIME, downtime_of(event).get("id", 0)), None)
        elif event.what == What.DONE:
            found.pop((What.UNDELIVERED, 0), None)
        elif event.what in TROUBLES:
            key = (event.what, downtime_of(event).get("id", 0))
            found.pop(key, None)
            found[key] = event
    return list(found.values())


def downtime_facts(downtime: Downtime, *, is_over: bool = False) -> dict[str, list[Any]]:
    """Return what an event keeps of downtime, which may change or vanish later."""
    facts = {
        "id": downtime.pk,
        "start_at": downtime.start_at.isoformat(),
        "end_at": downtime.end_at.isoformat() if downtime.end_at else None,
        "notice": downtime.notice,
    }
    return {DOWNTIME_KEY: [facts, None] if is_over else [None, facts]}


def downtime_of(event: BookingEvent) -> dict[str, Any]:
    """Return what an event keeps of downtime; nothing for one that tells of none."""
    old, new = event.changes.get(DOWNTIME_KEY, [None, None])
    return new or old or {}


def downtime_text(event: BookingEvent, *, zone: ZoneInfo) -> str:
    """Return from when until when the downtime of an event lasts, and why; "" where it has none."""
    facts = downtime_of(event)
    if not facts:
        return ""
    start_at = datetime.fromisoformat(facts["start_at"])
    end_at = datetime.fromisoformat(facts["end_at"]) if facts["end_at"] else None
    when = (
        period(start_at, end_at, zone)
        if end_at
        else _("from %(time)s until further notice") % {"time": in_zone(start_at, zone)}
    )
    notice = one_line(facts["notice"], longest=LONGEST_REASON)
    return f"{when}, {notice}" if notice else when


def is_held_otherwise(booking: Booking, *, since: datetime) -> bool:
    """Return whether something else than downtime put a booking under attention after an instant.

    Two queries at most.
    """
    if booking.status in Booking.LOST or booking.status == Status.UNKNOWN:
        return True
    others = {*WITH_A_REASON, *TROUBLES} - {What.DOWNTIME}
    events = booking.events.filter(what__in=others, at__gte=since)
    if events.exclude(what=What.CHANGED, actor=Actor.PORTAL).exists():
        return True
    refused = {
        BookingRequest.Status.STALE,
        BookingRequest.Status.REJECTED,
        BookingRequest.Status.FAILED,
    }
    asked = booking.requests.filter(status__in=refused)
    return asked.filter(Q(settled_at=None) | Q(settled_at__gte=since)).exists()


def troubles_left(changes: Iterable[tuple[Booking, BookingRequest]]) -> dict[int, set[str]]:
    """Return what bookings need attention for that a change of each does not end, by primary key.

    Two queries, or none where no booking needs attention.
    """
    asked = {booking.pk: request for booking, request in changes if booking.needs_attention}
    found: dict[int, set[str]] = defaultdict(set)
    if not asked:
        return found
    done_at: dict[int, datetime] = {}
    others = {*TROUBLES, What.CHARGER_REPORTED, What.DONE} - {What.DOWNTIME}
    events = BookingEvent.objects.filter(booking__in=asked, what__in=others)
    rows = events.select_related("booking__location", "booking__evse__charge_point")
    for event in rows.order_by("at", "pk"):
        if event.what == What.DONE:
            done_at[event.booking_id] = event.at
            found.pop(event.booking_id, None)
        elif _outlasts(event, asked[event.booking_id]):
            found[event.booking_id].add(event.what)
    downtime = BookingDowntime.objects.filter(booking__in=asked, over_at=None)
    columns = ("booking", "noticed_at", "downtime__start_at", "downtime__end_at")
    for pk, noticed_at, start_at, end_at in downtime.values_list(*columns):
        if pk in done_at and noticed_at <= done_at[pk]:
            continue
        if start_at < asked[pk].end_at and (end_at is None or end_at > asked[pk].start_at):
            found[pk].add(What.DOWNTIME)
    return found


def _outlasts(event: BookingEvent, change: BookingRequest) -> bool:
    """Return whether trouble that an event tells of is still there once a change is made."""
    if event.what in {What.DRIVER_LEFT, What.CHARGER_REPORTED}:
        return event.driver_id == change.driver_id
    if event.what == What.PLACE_GONE:
        return _is_place_gone(event.booking)
    if event.what == What.PLACE_MOVED:
        return _has_charger_moved(event.booking)
    return True


def _is_place_gone(booking: Booking) -> bool:
    evse = booking.evse
    places = [booking.location, *([evse, evse.charge_point] if evse else [])]
    return any(place.retired_at for place in places)


def _has_charger_moved(booking: Booking) -> bool:
    evse = booking.evse
    return evse is not None and evse.charge_point.location_id != booking.location_id


def trouble_text(event: BookingEvent, booking: Booking) -> str:
    """Return what is wrong with a booking besides its status; nothing where it is no longer so."""
    if event.what == What.DRIVER_LEFT and event.driver_id != booking.driver_id:
        return ""
    if event.what == What.PLACE_MOVED:
        if not _has_charger_moved(booking):
            return ""
        return OCCURRENCES[event.what].reason_for(one_line(event.note, longest=LONGEST_REASON))
    if event.what == What.PLACE_GONE:
        is_so = _is_place_gone(booking)
        return OCCURRENCES[event.what if is_so else "listed-again"].reason_for("")
    if event.what == What.DOWNTIME:
        return OCCURRENCES[event.what].reason_for(downtime_text(event, zone=booking.zone))
    return OCCURRENCES[event.what].reason_for(whose_trouble(event))


def whose_trouble(event: BookingEvent) -> str:
    person = event.driver or event.user
    return person.display_name if person else _("Driver")


def _reasons(
    booking: Booking,
    request: BookingRequest | None,
    event: BookingEvent | None,
    troubles: Iterable[BookingEvent],
) -> str:
    happened = [event.at] if event else []
    if request and not _is_made(request):
        happened.append(request.settled_at or request.created_at)
    texts = [_reason(booking, request, event)]
    for trouble in troubles:
        # That a mail did not arrive is news only until the next thing is wrong.
        if trouble.what != What.UNDELIVERED or trouble.at >= max(happened, default=trouble.at):
            texts.append(trouble_text(trouble, booking))
    return " ".join(filter(None, texts))


def _reason(booking: Booking, request: BookingRequest | None, event: BookingEvent | None) -> str:
    if booking.status == Status.REQUESTED:
        return _("No answer yet")
    if booking.status in Booking.LOST:
        return str(booking.traits.meaning)
    if booking.status == Status.CANCELLED and not _was_called_off_here(request):
        return _("Cancelled on the operator’s side, not from this portal.")
    if event and (
        request is None
        or _came_later(event, request)
        # A change for the same driver is no answer to what they reported.
        or (_is_made(request) and _is_reported_by(event, booking.driver_id))
    ):
        return _reason_of_event(event)
    if request is None:
        return ""
    said = request.rejection_reason
    if request.status == BookingRequest.Status.FAILED:
        said = str(request.get_failure_display() or _("Could not be booked"))
    return OCCURRENCES[request.kind, request.status].reason_for(
        one_line(said, longest=LONGEST_REASON)
    )


def _was_called_off_here(request: BookingRequest | None) -> bool:
    if request is None or not request.is_settled:
        return False
    return request.is_refused if request.kind == Kind.CREATE else request.kind == Kind.CANCEL


def _came_later(event: BookingEvent, request: BookingRequest) -> bool:
    return request.is_settled and event.at >= (request.settled_at or request.created_at)


def _is_made(request: BookingRequest) -> bool:
    return (request.kind, request.status) == (Kind.UPDATE, BookingRequest.Status.APPROVED)


def _is_reported_by(event: BookingEvent, driver_pk: int) -> bool:
    return event.what == What.CHARGER_REPORTED and event.driver_id == driver_pk


def reported(event: BookingEvent) -> str:
    """Return what a driver reported of the charger, in words; nothing for any other event."""
    _old, what = event.changes.get(REPORT_KEY, [None, None])
    return str(ChargerReport.What(what).label) if what in ChargerReport.What.values else ""


def _reason_of_event(event: BookingEvent) -> str:
    if event.what == What.CHARGER_REPORTED:
        return OCCURRENCES[event.what].reason_for(reported(event))
    if event.what != What.CHANGED:
        return OCCURRENCES[event.what].reason_for(one_line(event.note, longest=LONGEST_REASON))
    if event.actor != Actor.OPERATOR:
        return ""
    if {"start_at", "end_at"} & event.changes.keys():
        return _("The operator moved it to another time.")
    if {"evse", "location"} & event.changes.keys():
        return _("The operator moved it to another charger.")
    if "driver" in event.changes:
        return _("The operator gave it to another driver.")
    return ""
