"""What becomes of a booking as time passes.

accepted ──10 min before──> reserved ──3 min after the start──> completed (a session runs)
    └──> failed                 └──15 min after the start──> no-show
"""

import random
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from sandbox.world.records import Booking, Session

if TYPE_CHECKING:
    from sandbox.world.world import World

RESERVED_BEFORE = timedelta(minutes=10)
SHOWS_UP_AFTER = timedelta(minutes=3)
NO_SHOW_AFTER = timedelta(minutes=15)
STOPS_BEFORE = timedelta(minutes=5)
SHORTEST_SESSION = timedelta(minutes=1)


def next_turn(world: "World", booking: Booking) -> datetime | None:
    """Return when something happens to a booking next, or None when nothing will any more."""
    if booking.status == "accepted":
        return booking.start_at - RESERVED_BEFORE
    if booking.status == "reserved":
        shows_up = _shows_up(world, booking)
        return booking.start_at + (SHOWS_UP_AFTER if shows_up else NO_SHOW_AFTER)
    if booking.status == "completed" and booking.session_id in world.sessions:
        return world.sessions[booking.session_id].stops_at
    return None


def take_turn(world: "World", booking: Booking) -> None:
    """Let happen to a booking what is due."""
    if booking.status == "accepted":
        fails = _draw(world, booking, "/hold") < world.failed_share
        world.set_booking_status(booking, "failed" if fails else "reserved")
    elif booking.status == "reserved" and _shows_up(world, booking):
        start_session(world, booking)
    elif booking.status == "reserved":
        world.set_booking_status(booking, "no-show")
    else:
        world.let_go(booking)


def start_session(world: "World", booking: Booking) -> Session:
    """Let the driver plug in; the EVSE is taken until the session stops."""
    evse = world.evses[booking.evse_id]
    started_at = booking.start_at + SHOWS_UP_AFTER
    session = Session(
        id=next(reversed(world.sessions), 0) + 1,
        booking_id=booking.id,
        user_id=booking.user_id,
        evse_id=evse.id,
        charge_point_id=evse.charge_point_id,
        started_at=started_at,
        stops_at=max(started_at + SHORTEST_SESSION, booking.end_at - STOPS_BEFORE),
        power_kw=evse.power_kw,
    )
    world.add_session(session)
    booking.session_id = session.id
    world.set_booking_status(booking, "completed")
    return session


def _shows_up(world: "World", booking: Booking) -> bool:
    return _draw(world, booking, "") >= world.no_show_share


def _draw(world: "World", booking: Booking, what: str) -> float:
    """Return a booking's own chance: the same after a restart, whatever else happened before."""
    return random.Random(f"{world.seed}/{booking.id}{what}").random()  # noqa: S311
