"""The one door for a booking's own facts: status, times, driver, place.

Each change raises the version. Who changes a booking from a version that is no longer current
changes nothing, so nothing that was read or typed earlier overwrites what happened since.
"""

import logging
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from accounts.models import User
from bookings.models import (
    Actor,
    Booking,
    BookingEvent,
    BookingRequest,
    ChargerReport,
    ChargingSession,
)
from bookings.state import listeners
from bookings.wording.versions import FACT_NAMES, TOLD_FACTS, as_json, kept_of
from drivers.models import Driver

logger = logging.getLogger(__name__)


def change_booking(
    booking: Booking,
    *,
    what: BookingEvent.What,
    actor: Actor,
    user: User | None = None,
    by_driver: Driver | None = None,
    note: str = "",
    also: dict[str, list[Any]] | None = None,
    **changes: Any,
) -> BookingEvent | None:
    """Change a booking from the version it was read at, with a line of history and its mails.

    `actor` with `user` or `by_driver` says who does it; `driver` among `changes` is whom it is for.
    Returns the line, with the old and the new values of what changed in it, or None if somebody
    else has changed the booking since: then nothing happens. `changes` may be empty; `also` is what
    the line tells besides, as [old, new], such as `late_minutes`. On success `booking` is up to
    date.
    """
    now = timezone.now()
    old = {fact.name: kept_of(booking, fact) for fact in TOLD_FACTS}
    with transaction.atomic():
        if not write(booking, now=now, only_version=booking.version, **changes):
            logger.info("Booking %s changed since it was read; %s is dropped.", booking.pk, what)
            return None
        event = BookingEvent.objects.create(
            booking=booking,
            at=now,
            what=what,
            actor=actor,
            user=user,
            driver=by_driver,
            note=note[:1000],
            changes={
                name: [value, as_json(changes[name])]
                for name, value in old.items()
                if name in changes and as_json(changes[name]) != value
            }
            | (also or {}),
        )
        for listener in listeners.event_recorded:
            listener(event)
    return event


@transaction.atomic
def note_trouble(
    booking: Booking,
    *,
    what: BookingEvent.What,
    user: User | None = None,
    driver: Driver | None = None,
    note: str = "",
) -> None:
    """Put a booking under “Needs attention”, with a line of history about what does not change it.

    Its version stays, and nobody is mailed. `user` or `driver` is whom the trouble is with.
    """
    BookingEvent.objects.create(
        booking=booking,
        at=timezone.now(),
        what=what,
        actor=Actor.PORTAL,
        user=user,
        driver=driver,
        note=note[:1000],
    )
    Booking.objects.filter(pk=booking.pk).update(needs_attention=True)
    tell_change(booking)


def write(
    booking: Booking, *, now: datetime, only_version: int | None = None, **changes: Any
) -> bool:
    """Write changes and what follows from them; return whether a row changed.

    For callers that hold the row's lock or another guard, `only_version` may be left out. What
    follows: the version rises, a booking that holds no place any more frees its slot, and the
    reminder moves along with the start. A status that the table of moves does not lead to is
    written all the same, AMPECO being the authority, and logged.
    """
    changes = follow_ups(booking, changes, now=now) | changes | {"changed_at": now}
    old, new = booking.status, changes.get("status", booking.status)
    expected = new == old or booking.expects(new)
    rows = Booking.objects.filter(pk=booking.pk)
    if only_version is not None:
        rows = rows.filter(version=only_version)
    if not rows.update(version=F("version") + 1, **changes):
        return False
    for name, value in changes.items():
        setattr(booking, name, value)
    booking.version += 1
    tell_change(booking)
    if not expected:
        extra = {"booking_id": booking.pk, "status": new}
        logger.warning("Booking %s went from %s to %s.", booking.pk, old, new, extra=extra)
    return True


def tell_change(booking: Booking) -> None:
    """Tell that what pages show of a booking has changed; in the transaction, or after it."""
    for listener in listeners.booking_changed:
        listener(booking)


def follow_ups(booking: Booking, changes: dict[str, Any], *, now: datetime) -> dict[str, Any]:
    status = changes.get("status", booking.status)
    start_at = changes.get("start_at", booking.start_at)
    follow: dict[str, Any] = {}
    if status not in Booking.HOLDS_A_PLACE:
        follow |= {"slot_key": "", "reminder_at": None}
    elif any(changes[name] != getattr(booking, name) for name in FACT_NAMES & changes.keys()):
        # The slot that was asked for at first is free to be asked for again.
        follow["slot_key"] = ""
    if status in Booking.CONFIRMED and {"status", "start_at"} & changes.keys():
        follow["reminder_at"] = reminder_time(booking, start_at, now=now)
    return follow


def reminder_time(booking: Booking, start_at: datetime, *, now: datetime) -> datetime | None:
    """Return when to remind of a booking, by its fleet's lead time; None when that has passed."""
    minutes = booking.fleet.reminder_minutes
    at = start_at - timedelta(minutes=minutes)
    return at if minutes and at > now else None


def merge_external_booking(booking: Booking, *, ampeco_booking_id: int | None) -> None:
    """Let a booking that was asked for here take the place of the external booking that it is.

    The sweep found the operator's record before the request was known to be approved, and made a
    row for it. History, mails, session and requests of that row go over, and the row goes. For
    callers that are in a transaction, hold `booking` and are about to give it the id. Another
    booking that was asked for here keeps its id.
    """
    if ampeco_booking_id is None:
        return
    found = (
        Booking.objects.select_for_update(of=("self",))
        .filter(ampeco_booking_id=ampeco_booking_id, made_elsewhere=True)
        .exclude(pk=booking.pk)
        .first()
    )
    if found is None:
        return
    logger.warning("Booking %s was found before its request was approved.", booking.pk)
    BookingEvent.objects.filter(booking=found).update(booking=booking)
    ChargerReport.objects.filter(booking=found).update(booking=booking)
    BookingRequest.objects.filter(booking=found).update(booking=booking)
    Booking.objects.filter(replaces=found).update(replaces=booking)
    if not ChargingSession.objects.filter(booking=booking).exists():
        ChargingSession.objects.filter(booking=found).update(booking=booking)
    if found.open_change and not booking.open_change:
        booking.open_change = found.open_change
        Booking.objects.filter(pk=booking.pk).update(open_change=found.open_change)
    if booking.status == Booking.Status.REQUESTED:
        # Of this one nothing is in anybody's calendar yet, of the other one something may be.
        booking.calendar_uid = found.calendar_uid
        booking.version = max(found.version, booking.version)
        booking.save(update_fields=["calendar_uid", "version"])
    for listener in listeners.booking_merged:
        listener(found, booking)
    tell_change(found)
    found.delete()
