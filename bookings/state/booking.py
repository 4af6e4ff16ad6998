"""The one door for a booking's own facts: status, times, driver, place.

Each change raises the version. Who changes a booking from a version that is no longer current
changes nothing, so nothing that was read or typed earlier overwrites what happened since.
"""

import logging
from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from django.db import connections, transaction
from django.db.models import Case, F, Model, QuerySet, Value, When
from django.db.models.functions import Cast
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
from bookings.wording.versions import (
    CHANGEABLE_FACTS,
    FACT_NAMES,
    TOLD_FACTS,
    as_json,
    kept_of,
)
from drivers.models import Driver
from sites.models import Evse

logger = logging.getLogger(__name__)

_ENDED_OTHERWISE = Booking.ENDED_EARLY | {Booking.Status.UNKNOWN}
_COLUMNS = {column.name: column.attname for column in Booking._meta.concrete_fields}


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
    changes: dict[str, list[Any]] | None = None,
) -> None:
    """Put a booking under “Needs attention”, with a line of history about what does not change it.

    Its version stays. Mailed is only what listeners know a mail for. `user` or `driver` is whom the
    trouble is with, `changes` what the line tells besides, as [old, new].
    """
    event = BookingEvent.objects.create(
        booking=booking,
        at=timezone.now(),
        what=what,
        actor=Actor.PORTAL,
        user=user,
        driver=driver,
        note=note[:1000],
        changes=changes or {},
    )
    Booking.objects.filter(pk=booking.pk).update(needs_attention=True)
    for listener in listeners.event_recorded:
        listener(event)
    tell_change(booking)


@transaction.atomic
def end_trouble(
    booking: Booking, *, what: BookingEvent.What, changes: dict[str, list[Any]], clears: bool
) -> None:
    """Write down that trouble is over; with `clears` the booking needs no attention any more."""
    BookingEvent.objects.create(
        booking=booking, at=timezone.now(), what=what, actor=Actor.PORTAL, changes=changes
    )
    if clears:
        Booking.objects.filter(pk=booking.pk).update(needs_attention=False)
    tell_change(booking)


def write(
    booking: Booking, *, now: datetime, only_version: int | None = None, **changes: Any
) -> bool:
    """Write changes to a booking as `write_all`; return whether a row changed.

    For callers that hold the row's lock or another guard, `only_version` may be left out.
    """
    rows = Booking.objects.all()
    if only_version is not None:
        rows = rows.filter(version=only_version)
    return bool(write_all([(booking, changes)], now=now, among=rows))


def write_all(
    wanted: Iterable[tuple[Booking, dict[str, Any]]],
    *,
    now: datetime,
    among: QuerySet[Booking] | None = None,
) -> int:
    """Write changes to bookings, and what follows from them, in few statements; count the rows.

    What follows: the version rises, a booking that holds no place any more frees its slot, and the
    reminder moves along with the start. A status that the table of moves does not lead to is
    written all the same, AMPECO being the authority, and logged. For callers that hold the rows'
    locks, or change one at a time `among` those that meet a condition.
    """
    rows = Booking.objects.all() if among is None else among
    alike: dict[frozenset[str], list[tuple[Booking, dict[str, Any]]]] = defaultdict(list)
    for booking, changes in wanted:
        changes = follow_ups(booking, changes, now=now) | changes | {"changed_at": now}
        alike[frozenset(changes)].append((booking, changes))
    written = 0
    for group in alike.values():
        values = {booking.pk: changes for booking, changes in group}
        if update_each(rows, values, version=F("version") + 1):
            written += len(group)
            for booking, changes in group:
                _note_written(booking, changes)
    return written


def update_each(rows: QuerySet[Any], values: Mapping[int, dict[str, Any]], **also: Any) -> int:
    """Give rows values of the same names, each its own, in one statement; return how many rows.

    `values` are by primary key; `also` are expressions that hold for all of them.
    """
    first = next(iter(values.values()))
    changes: dict[str, Any] = dict(also)
    for name in first:
        if all(each[name] == first[name] for each in values.values()):
            changes[name] = first[name]
            continue
        field = rows.model._meta.get_field(name)
        told = {pk: _plain(each[name]) for pk, each in values.items()}
        case = Case(*(When(pk=pk, then=Value(value, field)) for pk, value in told.items()))
        # As `bulk_update` has it: PostgreSQL would take the values for texts.
        casts = connections[rows.db].features.requires_casted_case_in_updates
        changes[name] = Cast(case, field) if casts else case
    return rows.filter(pk__in=list(values)).update(**changes)


def _plain(value: Any) -> Any:
    return value.pk if isinstance(value, Model) else value


def _note_written(booking: Booking, changes: dict[str, Any]) -> None:
    old, new = booking.status, changes.get("status", booking.status)
    expected = new == old or booking.expects(new)
    for name, value in changes.items():
        setattr(booking, name, value)
    booking.version += 1
    tell_change(booking)
    if not expected:
        extra = {"booking_id": booking.pk, "status": new}
        logger.warning("Booking %s went from %s to %s.", booking.pk, old, new, extra=extra)


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
    elif any(_is_other(booking, name, changes[name]) for name in FACT_NAMES & changes.keys()):
        # The slot that was asked for at first is free to be asked for again.
        follow["slot_key"] = ""
    if status in Booking.CONFIRMED and {"status", "start_at"} & changes.keys():
        follow["reminder_at"] = reminder_time(booking, start_at, now=now)
    return follow


def _is_other(booking: Booking, name: str, value: Any) -> bool:
    # By its key where it is a row, which need not be read for that.
    known = getattr(booking, _COLUMNS[name])
    return bool(_plain(value) != known)


def becomes(
    booking: Booking,
    *,
    by: BookingRequest,
    now: datetime,
    ampeco_booking_id: int | None,
    evse: Evse | None,
    is_in_trouble: bool = False,
) -> dict[str, Any]:
    """Return what a booking becomes by the new state of a request about it.

    `ampeco_booking_id` and `evse` are what the approval of a new one tells. `is_in_trouble` says
    that it needs attention for something that an approved change does not end.
    """
    if by.status == BookingRequest.Status.STALE:
        return {"needs_attention": True}
    if by.kind == BookingRequest.Kind.CREATE:
        if by.is_refused:
            return _never_booked(booking, by)
        return {
            "status": Booking.Status.ACCEPTED,
            "needs_attention": False,
            "ampeco_booking_id": ampeco_booking_id,
            "evse": evse,
            "refresh_at": now,
        }
    settled: dict[str, Any] = {"open_change": "", "needs_attention": False}
    # Once the driver charges, the end is all that may still change.
    stands = booking.holds_a_place or (
        by.kind == BookingRequest.Kind.UPDATE
        and by.asks_for_end_only
        and booking.status in Booking.GOES_AHEAD
    )
    if by.is_refused:
        # It stays as it was.
        if stands:
            return settled | {"needs_attention": True, "refresh_at": now}
        if by.kind == BookingRequest.Kind.UPDATE and booking.status in _ENDED_OTHERWISE:
            # How it ended meanwhile is what somebody should look at.
            settled["needs_attention"] = booking.needs_attention
        return settled
    if by.kind == BookingRequest.Kind.UPDATE:
        if not stands:
            # Cancelled or ended at the operator before the approval was seen.
            return {"open_change": ""}
        wanted = {fact.name: getattr(by, fact.name) for fact in CHANGEABLE_FACTS}
        return settled | {"refresh_at": now, "needs_attention": is_in_trouble} | wanted
    if not booking.expects(Booking.Status.CANCELLED):
        # Here too.
        return settled
    return settled | {"status": Booking.Status.CANCELLED, "refresh_at": None}


def _never_booked(booking: Booking, by: BookingRequest) -> dict[str, Any]:
    if is_to_be_cancelled(by, booking):
        status = Booking.Status.CANCELLED
    elif by.status == BookingRequest.Status.REJECTED:
        status = Booking.Status.REJECTED
    else:
        status = Booking.Status.NOT_PLACED
    needs_attention = status != Booking.Status.CANCELLED
    return {"status": status, "needs_attention": needs_attention, "open_change": ""}


def is_to_be_cancelled(request: BookingRequest, booking: Booking) -> bool:
    """Return whether a booking that was asked for is not wanted any more."""
    return (
        booking.open_change == Booking.OpenChange.WITHDRAW
        or request.failure == BookingRequest.Failure.WITHDRAWN
    )


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
