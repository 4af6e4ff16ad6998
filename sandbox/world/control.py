"""What chargers do when they are told to from afar, and how often that goes wrong."""

from dataclasses import dataclass
from datetime import datetime

from sandbox.world.holdings import Holdings
from sandbox.world.lifecycle import SHORTEST_SESSION, STOPS_BEFORE, need_of
from sandbox.world.records import Booking, Evse, Session
from sandbox.world.tariffs import NOT_ALLOWED, snapshot_at, tariff_at
from sandbox.world.walk_ins import most_kw
from sandbox.world.world import World

# Done; and done though nobody hears of it.
DONE = ("done", "lost")
# Not done, and nobody hears of that either.
UNANSWERED = "unanswered"
# The charge point says no (406), of a start with a word of its own.
REFUSED = "refused"
ERROR_CODES = (
    "BILLING_NOT_ASSOCIATED",
    "BILLING_NOT_PARTNER_ASSOCIATED",
    "INTERNAL_ISSUE",
    "SESSION_EXISTS",
    "AGILE_STREETS_CALCULATE",
    "AGILE_STREETS_COMMUNICATION",
    "CHARGING_NOT_ALLOWED",
    "LOCATION_IS_CLOSED",
    "USER_VALIDATION_NOT_COMPLETE",
    "TERMS_NOT_ACCEPTED",
    "USER_IS_DISABLED",
    "SUBSCRIPTION_REQUIRED",
    "SESSION_ALREADY_RUNNING",
    "PREVIOUS_SESSION_NOT_PAID",
    "ACCESS_RESTRICTED",
    "PAYMENT_METHOD_REQUIRED",
    "CANNOT_BILL_PAYMENT_METHOD",
    "CORPORATE_ACCOUNT_LIMIT_REACHED",
    "CANNOT_USE_EXPIRED_PAYMENT_METHOD",
    "CANNOT_USE_PAYMENT_METHOD",
    "PAYMENT_NO_FUNDS",
)
OUTCOMES = frozenset({*DONE, UNANSWERED, REFUSED, *ERROR_CODES})


@dataclass(slots=True)
class Told:
    """What a charger was told to do, as it arrived, and what came of it.

    `outcome` is one of OUTCOMES, or 422 for what made no sense.
    """

    what: str
    evse_id: int
    at: datetime
    user_id: int | None = None
    booking_id: int | None = None
    session_id: int | None = None
    outcome: str = ""


def fate(world: Holdings, what: str, evse: Evse) -> str:
    """Return what becomes of the next thing that an EVSE is told: as planned, or by chance."""
    if planned := world.control_plans.get(evse.id):
        return planned.pop(0)
    drawn = world.random.random()
    if drawn < world.control_unanswered_share:
        return world.random.choice([DONE[1], UNANSWERED])
    if drawn < world.control_unanswered_share + world.control_refused_share:
        return world.random.choice(ERROR_CODES) if what == "start" else REFUSED
    return DONE[0]


def objection_to_start(world: Holdings, evse: Evse, *, user_id: int) -> str:
    """Return the word for what keeps a charge from beginning; "" where nothing does."""
    running = [each for each in world.sessions.values() if not session_has_ended(world, each)]
    location_id = world.charge_points[evse.charge_point_id].location_id
    if evse.status != "enabled":
        return "INTERNAL_ISSUE"
    if location_id is None or world.locations[location_id].status != "enabled":
        return "LOCATION_IS_CLOSED"
    if world.users[user_id].status != "enabled":
        return "USER_IS_DISABLED"
    tariff = tariff_at(world, evse, user_id)
    if tariff is not None and tariff.type == NOT_ALLOWED:
        return "CHARGING_NOT_ALLOWED"
    if any(each.evse_id == evse.id for each in running):
        return "SESSION_EXISTS"
    if any(each.user_id == user_id for each in running):
        return "SESSION_ALREADY_RUNNING"
    return ""


def start_remotely(world: World, booking: Booking, *, evse: Evse, user_id: int) -> Session:
    """Begin a charge now, which fulfils the booking; the EVSE is taken until it stops."""
    now = world.now()
    session = Session(
        id=next(reversed(world.sessions), 0) + 1,
        booking_id=booking.id,
        user_id=user_id,
        evse_id=evse.id,
        charge_point_id=evse.charge_point_id,
        started_at=now,
        stops_at=max(now + SHORTEST_SESSION, booking.end_at - STOPS_BEFORE),
        power_kw=most_kw(evse),
        wants_kwh=need_of(world, booking),
        tariff_snapshot_id=snapshot_at(world, evse, user_id, now),
    )
    world.keep_session(session)
    booking.session_id = session.id
    world.set_booking_status(booking, "completed")
    return session


def stop_remotely(world: World, session: Session) -> None:
    """End a charge now; its booking holds the EVSE no longer."""
    session.stops_at = max(session.started_at, world.now())
    world.keep_session(session)
    booking = world.bookings.get(session.booking_id or 0)
    if booking is not None:
        world.set_booking_status(booking, booking.status)


def session_has_ended(world: Holdings, session: Session) -> bool:
    return session.stops_at <= world.now()
