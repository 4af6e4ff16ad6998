"""What becomes of a booking as time passes.

A driver who waits for the start from afar has until the booking's end.

accepted ──10 min before──> reserved ──3 min after the start──> completed (a session runs)
    └──> failed                 └──15 min after the start──> no-show
"""

import random
from datetime import datetime, timedelta

from sandbox.world.holdings import Holdings
from sandbox.world.records import Booking
from sandbox.world.walk_ins import need_kwh

RESERVED_BEFORE = timedelta(minutes=10)
SHOWS_UP_AFTER = timedelta(minutes=3)
# The most that who is late comes later.
LATE_BY = timedelta(minutes=11)
NO_SHOW_AFTER = timedelta(minutes=15)
STOPS_BEFORE = timedelta(minutes=5)
SHORTEST_SESSION = timedelta(minutes=1)


def next_turn(world: Holdings, booking: Booking) -> datetime | None:
    """Return when something happens to a booking next, or None when nothing will any more."""
    if booking.status == "accepted":
        return booking.start_at - RESERVED_BEFORE
    if booking.status == "reserved" and booking.waits_for_start:
        return booking.end_at
    if booking.status == "reserved":
        if not shows_up(world, booking):
            return booking.start_at + NO_SHOW_AFTER
        return booking.start_at + shows_up_after(world, booking)
    if booking.status == "completed" and booking.session_id in world.sessions:
        return world.sessions[booking.session_id].stops_at
    return None


def shows_up(world: Holdings, booking: Booking) -> bool:
    return draw(world, booking, "") >= world.no_show_share


def begins_by_itself(world: Holdings, booking: Booking) -> bool:
    return not booking.waits_for_start and shows_up(world, booking)


def shows_up_after(world: Holdings, booking: Booking) -> timedelta:
    """Return how long after the start a driver plugs in; some are late."""
    late = draw(world, booking, "/late")
    if late >= world.late_share:
        return SHOWS_UP_AFTER
    return SHOWS_UP_AFTER + LATE_BY * (late / world.late_share)


def need_of(world: Holdings, booking: Booking) -> float:
    """Return what the battery takes of a booking's session, in kWh: the same whenever it begins."""
    return need_kwh(draw(world, booking, "/need"))


def draw(world: Holdings, booking: Booking, what: str) -> float:
    return random.Random(f"{world.seed}/{booking.id}{what}").random()  # noqa: S311
