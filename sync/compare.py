"""Compares what the operator holds with what we know of a booking, and records what differs.

What differs is the operator's doing, with two exceptions: what was read before our own last change
says nothing of it, and what a request of ours has asked for is left to the poll of that request.
"""

import copy
import logging
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum
from typing import Any

from django.conf import settings
from django.db import DatabaseError, transaction
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from ampeco import types as ampeco_types
from bookings.models import Actor, Booking, BookingEvent, BookingRequest
from bookings.state.booking import change_booking
from bookings.wording.versions import AGREED_FACTS, CHANGEABLE_FACTS
from drivers.models import Driver
from sites.models import Evse, Location
from sync import sessions
from sync.schedule import SOON, needs_own_read, next_read, schedule, schedule_bookings

logger = logging.getLogger(__name__)

Status = Booking.Status

# An answer may be older than the moment in which it was asked for: copies of data lag behind.
GRACE = timedelta(seconds=3)
NEED_ATTENTION = Booking.ENDED_EARLY | {Status.UNKNOWN}


class Outcome(Enum):
    """What became of an answer about a booking."""

    SAME = "same"
    CHANGED = "changed"
    # It says nothing that can be relied on yet.
    READ_AGAIN = "read-again"
    # A list told it, which may leave out what has changed.
    READ_SINGLY = "read-singly"


@dataclass(slots=True)
class Differences:
    """Facts in which the operator's record differs from ours, and what cannot be told as facts."""

    facts: dict[str, Any] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.facts or self.notes)


@dataclass(slots=True)
class PageRecord:
    """What became of a page of the operator's list, as far as our bookings are on it."""

    changed: int = 0
    done: set[int] = field(default_factory=set)
    read_singly: list[Booking] = field(default_factory=list)
    strangers: list[ampeco_types.Booking] = field(default_factory=list)


def followed() -> QuerySet[Booking]:
    return Booking.objects.select_related("fleet", "driver", "location", "evse", "charging_session")


def record_page(items: tuple[ampeco_types.Booking, ...], *, asked_at: datetime) -> PageRecord:
    """Record a page of the operator's list that was asked for at an instant.

    One query reads our bookings on it; what differs is written row by row, when each is read next
    in a statement for all that get the same time. One row that cannot be recorded does not stop the
    others.
    """
    found = {item.id: item for item in items}
    page = PageRecord()
    unchanged: list[Booking] = []
    first_seen: list[Booking] = []
    again: list[int] = []
    for booking in followed().filter(ampeco_booking_id__in=list(found)):
        assert booking.ampeco_booking_id is not None
        answer = found.pop(booking.ampeco_booking_id)
        seen_before = booking.ampeco_updated_at
        try:
            outcome = record(booking, answer, asked_at=asked_at)
        except DatabaseError:
            logger.exception("What is known of booking %s could not be recorded.", booking.pk)
            continue
        if outcome is Outcome.READ_SINGLY:
            page.read_singly.append(booking)
            continue
        page.changed += outcome is Outcome.CHANGED
        if outcome is Outcome.SAME:
            if booking.ampeco_updated_at != seen_before:
                first_seen.append(booking)
            if needs_own_read(booking, now=timezone.now()):
                continue
            unchanged.append(booking)
        elif outcome is Outcome.READ_AGAIN:
            again.append(booking.pk)
        page.done.add(booking.pk)
    now = timezone.now()
    try:
        Booking.objects.bulk_update(first_seen, ["ampeco_updated_at"])
    except DatabaseError:
        # One of them is held by somebody. The next reading will tell the same.
        logger.exception("When %d bookings were changed could not be noted.", len(first_seen))
    schedule_bookings(unchanged, read_at=asked_at, now=now)
    if again:
        # What we have ended ourselves a moment ago is not followed any more.
        followed_still = Booking.objects.filter(pk__in=again, refresh_at__isnull=False)
        schedule(followed_still, now + SOON)
    page.strangers = list(found.values())
    return page


def record(booking: Booking, found: ampeco_types.Booking, *, asked_at: datetime) -> Outcome:
    """Record in what the operator's record of a booking differs from ours.

    `booking` must have been read from the database after the answer came. It is up to date
    afterwards; a change sets when it is read next, anything else leaves that to the caller, and so
    it does with `ampeco_updated_at` where that is all that differs.
    """
    if booking.changed_at > asked_at - GRACE:
        return _fill_in(booking, found)
    if not found.evse_ids and found.status in Booking.MAY_STAND and _may_have_moved(booking, found):
        return Outcome.READ_SINGLY
    return _record_complete(booking, found)


def record_single(booking: Booking, found: ampeco_types.Booking, *, asked_at: datetime) -> Outcome:
    """Record what was read of one booking alone, which tells all that the operator tells."""
    if booking.changed_at > asked_at - GRACE:
        return _fill_in(booking, found)
    seen_before = booking.ampeco_updated_at
    outcome = _record_complete(booking, found)
    if outcome is Outcome.SAME and booking.ampeco_updated_at != seen_before:
        Booking.objects.filter(pk=booking.pk).update(ampeco_updated_at=booking.ampeco_updated_at)
    return outcome


def record_gone(booking: Booking, *, asked_at: datetime) -> Outcome:
    """Record that the operator no longer knows a booking that should hold a place."""
    if not booking.is_confirmed:
        return Outcome.SAME
    if booking.changed_at > asked_at - GRACE:
        return Outcome.READ_AGAIN
    request = _own_request(booking)
    if request is not None and request.kind == BookingRequest.Kind.CANCEL:
        _hurry(request)
        return Outcome.READ_AGAIN
    return _write(booking, what=BookingEvent.What.GONE, status=Status.UNKNOWN, needs_attention=True)


def differences(booking: Booking, found: ampeco_types.Booking) -> Differences:
    """Return in what the operator's record differs from ours; changes nothing.

    A driver who is not one of the fleet's, and a place that is not mirrored, are told as notes:
    ours stays.
    """
    differing = Differences()
    facts = differing.facts
    if found.status != booking.status:
        facts["status"] = Status(found.status)
    if found.end_at <= found.start_at:
        logger.warning("Booking %s ends before it starts at the operator.", booking.pk)
    else:
        for name in ("start_at", "end_at"):
            # What goes over the wire has whole seconds.
            if getattr(found, name) != getattr(booking, name).replace(microsecond=0):
                facts[name] = getattr(found, name)
    if found.user_id not in {None, booking.driver.ampeco_user_id} and not booking.driver.is_erased:
        driver = Driver.objects.filter(
            ampeco_user_id=found.user_id, fleet_drivers__fleet=booking.fleet_id
        ).first()
        if driver is None:
            differing.notes.append(
                _("For a driver who does not belong to this fleet (%(id)s).")
                % {"id": found.user_id}
            )
        else:
            facts["driver"] = driver
    _compare_place(booking, found, differing)
    return differing


def note_access(booking: Booking, found: ampeco_types.Booking) -> None:
    """Keep how one gets in and what starts the charge: no change that anybody is told of.

    What an answer does not mention stays: lists and older versions leave it out.
    """
    told: dict[str, Any] = {
        "access_methods": list(found.access_methods),
        "authorized_tokens": [
            {"id": token.id, "type": token.type, "last_digits": token.last_digits}
            for token in found.authorized_tokens
        ],
    }
    news = {
        name: value for name, value in told.items() if value not in ([], getattr(booking, name))
    }
    if not news:
        return
    Booking.objects.filter(pk=booking.pk).update(**news)
    for name, value in news.items():
        setattr(booking, name, value)


def _compare_place(booking: Booking, found: ampeco_types.Booking, differing: Differences) -> None:
    location = booking.location
    if found.location_id != location.ampeco_id:
        elsewhere = Location.objects.filter(ampeco_id=found.location_id).first()
        if elsewhere is None:
            differing.notes.append(
                _("At a site that this portal does not know (%(id)s).") % {"id": found.location_id}
            )
            return
        location = elsewhere
    known = booking.evse
    if known is not None and known.ampeco_id in found.evse_ids:
        evse: Evse | None = known
    elif found.evse_ids:
        mirrored = {
            each.ampeco_id: each for each in Evse.objects.filter(ampeco_id__in=found.evse_ids)
        }
        evse = next((mirrored[pk] for pk in found.evse_ids if pk in mirrored), None)
        if evse is None and known is not None:
            differing.notes.append(
                _("At a charger that this portal does not know (%(id)s).")
                % {"id": ", ".join(map(str, found.evse_ids))}
            )
            return
    else:
        evse = known if location == booking.location else None
    if location != booking.location:
        differing.facts["location"] = location
    if evse != known:
        differing.facts["evse"] = evse


def _may_have_moved(booking: Booking, found: ampeco_types.Booking) -> bool:
    """Return whether a list's record, without charger, hints at another one than we know of."""
    if found.location_id != booking.location.ampeco_id:
        return True
    return (
        booking.ampeco_updated_at is not None
        and found.last_updated_at is not None
        and found.last_updated_at != booking.ampeco_updated_at
    )


def _fill_in(booking: Booking, found: ampeco_types.Booking) -> Outcome:
    """Take over only the charger that we do not know yet: for the rest the answer may be too old.

    Whoever was told of an approval waits for the charger, so this does not wait for another read.
    """
    if booking.evse is not None or not found.evse_ids or not booking.is_confirmed:
        return Outcome.READ_AGAIN
    facts = differences(booking, found).facts
    if facts.get("evse") is None or "location" in facts:
        return Outcome.READ_AGAIN
    return _write(booking, what=BookingEvent.What.CHANGED, evse=facts["evse"])


def _record_complete(booking: Booking, found: ampeco_types.Booking) -> Outcome:
    sessions.note_session(booking, found.session_id)
    note_access(booking, found)
    differing = differences(booking, found)
    if differing.facts and _leave_to_own_request(booking, found, differing):
        return Outcome.READ_AGAIN
    # Where something could not be taken over, the next list shall hint at it again.
    seen = {} if differing.notes else {"ampeco_updated_at": found.last_updated_at}
    differing.notes = _untold(booking, differing.notes)
    if not differing:
        booking.ampeco_updated_at = seen.get("ampeco_updated_at", booking.ampeco_updated_at)
        return Outcome.SAME
    status = differing.facts.get("status", booking.status)
    if not booking.expects(status) and status != booking.status:
        logger.warning("Booking %s went from %s to %s.", booking.pk, booking.status, status)
    attention = {"needs_attention": True} if needs_attention(booking, differing) else {}
    return _write(
        booking,
        what=BookingEvent.What.CHANGED,
        note=" ".join(differing.notes),
        **seen,
        **attention,
        **differing.facts,
    )


def needs_attention(booking: Booking, differing: Differences) -> bool:
    """Return whether a person should look at what the operator did."""
    facts = differing.facts
    return bool(
        differing.notes
        or facts.get("status") in NEED_ATTENTION
        or AGREED_FACTS & facts.keys()
        or ("evse" in facts and booking.evse_id is not None)
    )


def _write(booking: Booking, *, what: BookingEvent.What, note: str = "", **changes: Any) -> Outcome:
    """Change the booking, with the time of its next read, unless somebody else was faster."""
    changed = copy.copy(booking)
    for name, value in changes.items():
        setattr(changed, name, value)
    changes["refresh_at"] = next_read(changed, now=timezone.now())
    event = change_booking(booking, what=what, actor=Actor.OPERATOR, note=note, **changes)
    return Outcome.READ_AGAIN if event is None else Outcome.CHANGED


def _untold(booking: Booking, notes: list[str]) -> list[str]:
    return [note for note in notes if not booking.events.filter(note__contains=note).exists()]


# Our own requests


def _leave_to_own_request(
    booking: Booking, found: ampeco_types.Booking, differing: Differences
) -> bool:
    """Take out of the differences what a request of ours asked for; return whether none are left.

    Its decision is made and only has to be read: the poll does that next.
    """
    request = _own_request(booking)
    if request is None:
        return False
    if request.kind == BookingRequest.Kind.CANCEL:
        if differing.facts.get("status") != Status.CANCELLED:
            return False
        differing.facts.clear()
    else:
        wanted = (request.start_at, request.end_at, request.driver.ampeco_user_id)
        if (found.start_at, found.end_at, found.user_id) != wanted:
            return False
        for fact in CHANGEABLE_FACTS:
            differing.facts.pop(fact.name, None)
    _hurry(request)
    return not differing


def _own_request(booking: Booking) -> BookingRequest | None:
    """Return our open change or cancellation of a booking, if the operator may have it.

    One that has gone unanswered for very long explains nothing any more.
    """
    if booking.open_change not in {Booking.OpenChange.UPDATE, Booking.OpenChange.CANCEL}:
        return None
    request = (
        booking.requests.filter(
            Q(ampeco_request_id__isnull=False) | Q(send_started_at__isnull=False),
            kind__in=[BookingRequest.Kind.UPDATE, BookingRequest.Kind.CANCEL],
            status__in=[BookingRequest.Status.QUEUED, BookingRequest.Status.PENDING],
        )
        .select_related("driver")
        .first()
    )
    deadline = settings.POLL_DEADLINE_HOURS * 3600
    if request is None or request.age_seconds(timezone.now()) > deadline:
        return None
    return request


def _hurry(request: BookingRequest) -> None:
    """Make a request due now, unless it is in trouble and therefore put off."""
    now = timezone.now()
    with transaction.atomic():
        free = BookingRequest.objects.filter(
            pk=request.pk, status=request.status, trouble="", next_attempt_at__gt=now
        ).select_for_update(skip_locked=True)
        BookingRequest.objects.filter(pk__in=list(free.values_list("pk", flat=True))).update(
            next_attempt_at=now
        )
