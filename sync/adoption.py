"""Takes in the bookings that the fleets' drivers make elsewhere: in the operator's app.

They become bookings like all others, marked as such, and are followed to their end.
"""

import logging
from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime, timedelta

from django.core.cache import cache
from django.db import IntegrityError, transaction
from django.utils import timezone

from ampeco import types as ampeco_types
from ampeco.client import AmpecoClient
from bookings.models import Actor, Booking, BookingEvent
from bookings.state.booking import reminder_time, tell_change
from drivers.models import Fleet, FleetDriver
from sites.models import Evse, Location
from sync import sessions
from sync.schedule import next_read
from sync.whose import leave_strangers
from upstream.errors import UpstreamError, UpstreamNotFound, meets_every_call

logger = logging.getLogger(__name__)

# By what a booking and the request that it was made by are the same: user, location, times.
Identity = tuple[int | None, int, datetime, datetime]
Status = Booking.Status

# What ended longer ago, or was given up before we saw it, is not taken in.
LOOK_BACK = timedelta(days=1)
# How long a booking at a charger that is not mirrored, or that cannot be read, is not read again.
UNPLACED_SECONDS = 3600
WORTH_FOLLOWING = Booking.MAY_STAND | Booking.GOES_AHEAD


def adopt(
    strangers: Iterable[ampeco_types.Booking], *, client: AmpecoClient, most_reads: int
) -> tuple[int, int]:
    """Take in bookings that we do not have and that drivers of our fleets have made.

    Returns how many were taken in, and how many of `most_reads` single reads were needed to know
    their chargers; what exceeds that waits for the next time. Left out are also those that came of
    a request of ours, and those at places that are not mirrored yet. One that cannot be read alone
    is left for later, since it would stop every walk at its page; a second is raised.
    """
    earliest = timezone.now() - LOOK_BACK
    candidates = [
        each
        for each in strangers
        if each.user_id is not None
        and each.status in WORTH_FOLLOWING
        and each.end_at > earliest
        and each.end_at > each.start_at
    ]
    # Also what was asked for here for somebody who has left since.
    candidates = leave_strangers(candidates, client=client)
    belonging = _belonging(candidates)
    candidates = [each for each in candidates if each.user_id in belonging]
    if not candidates:
        return 0, 0
    locations = {
        each.ampeco_id: each
        for each in Location.objects.filter(ampeco_id__in={each.location_id for each in candidates})
    }
    adopted = reads = 0
    failed_before = False
    for listed in sorted(candidates, key=lambda each: each.start_at):
        location = locations.get(listed.location_id)
        if location is None:
            continue
        found = listed
        if not listed.evse_ids:
            if reads >= most_reads or cache.get(_unplaced_key(listed)):
                continue
            reads += 1
            try:
                found = client.read_booking(listed.id)
            except UpstreamNotFound:
                continue
            except UpstreamError as error:
                if failed_before or meets_every_call(error):
                    raise
                failed_before = True
                logger.warning("Booking %s of the operator could not be read: %s", listed.id, error)
                cache.set(_unplaced_key(listed), True, UNPLACED_SECONDS)
                continue
        evse = _evse_of(found)
        if evse is None:
            # Or bookings at chargers that are never mirrored would be read on each walk.
            cache.set(_unplaced_key(found), True, UNPLACED_SECONDS)
        elif _identity(found) == _identity(listed) and found.status in WORTH_FOLLOWING:
            memberships = belonging[listed.user_id or 0]
            adopted += _take_in(found, location=location, evse=evse, memberships=memberships)
    return adopted, reads


def choose_fleet(memberships: list[FleetDriver], evse: Evse) -> Fleet:
    """Return for which of a driver's fleets a booking made elsewhere counts.

    The fleet whose partner owns the private charge point, else the one that the driver joined
    first. `memberships` holds at least one.
    """
    charge_point = evse.charge_point
    ordered = sorted(memberships, key=lambda one: (one.added_at, one.pk))
    if charge_point.is_private:
        for one in ordered:
            if one.fleet.ampeco_partner_id == charge_point.ampeco_partner_id:
                return one.fleet
    return ordered[0].fleet


def _belonging(candidates: list[ampeco_types.Booking]) -> dict[int, list[FleetDriver]]:
    memberships = FleetDriver.objects.filter(
        driver__ampeco_user_id__in={each.user_id for each in candidates},
        left_at__isnull=True,
        fleet__is_active=True,
    ).select_related("fleet", "driver")
    by_user: dict[int, list[FleetDriver]] = defaultdict(list)
    for membership in memberships:
        by_user[membership.driver.ampeco_user_id].append(membership)
    return by_user


def _identity(found: ampeco_types.Booking) -> Identity:
    return found.user_id, found.location_id, found.start_at, found.end_at


def _evse_of(found: ampeco_types.Booking) -> Evse | None:
    evses = {
        each.ampeco_id: each
        for each in Evse.objects.filter(ampeco_id__in=found.evse_ids).select_related("charge_point")
    }
    return next((evses[pk] for pk in found.evse_ids if pk in evses), None)


def _unplaced_key(found: ampeco_types.Booking) -> str:
    return f"booking-at-unknown-charger-{found.id}"


def _take_in(
    found: ampeco_types.Booking, *, location: Location, evse: Evse, memberships: list[FleetDriver]
) -> bool:
    """Save one booking with the first line of its history; return whether this call did it."""
    now = timezone.now()
    booking = Booking(
        fleet=choose_fleet(memberships, evse),
        driver=memberships[0].driver,
        location=location,
        evse=evse,
        start_at=found.start_at,
        end_at=found.end_at,
        status=Status(found.status),
        needs_attention=found.status == Status.UNKNOWN,
        made_elsewhere=True,
        ampeco_booking_id=found.id,
        ampeco_updated_at=found.last_updated_at,
        # By the operator's clock.
        created_at=min(found.created_at or now, now),
        changed_at=now,
    )
    if booking.is_confirmed:
        booking.reminder_at = reminder_time(booking, booking.start_at, now=now)
    booking.refresh_at = next_read(booking, now=now)
    try:
        with transaction.atomic():
            booking.save(force_insert=True)
            BookingEvent.objects.create(
                booking=booking, at=now, what=BookingEvent.What.FOUND, actor=Actor.OPERATOR
            )
            tell_change(booking)
    except IntegrityError:
        logger.info("Booking %s of the operator was taken in by somebody else.", found.id)
        return False
    sessions.note_session(booking, found.session_id)
    return True
