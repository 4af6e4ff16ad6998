"""When sessions are paid for: billed, paid some hours later, then a receipt.

A few payments fail, some of those are made good days later, and a few are given back. All of that
follows from the seed, the session and the clock.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from sandbox.world.records import Session
from sandbox.world.tariffs import FREE, held
from sandbox.world.walk_ins import find_walk_in, taken_at, walk_ins

MADE_AFTER = timedelta(minutes=1)
SOONEST, LATEST = timedelta(minutes=5), timedelta(hours=30)
RECEIPT_AFTER = timedelta(minutes=10)
PAID_AGAIN_AFTER = timedelta(days=3)
GIVEN_BACK_AFTER = timedelta(days=5)
# So many transactions may belong to a session.
A_SESSION = 10
RECEIPT = 5


@dataclass(slots=True)
class Transaction:
    """A payment: what it is at which time, first to last."""

    id: int
    session: Session
    made_at: datetime
    turns: list[tuple[datetime, str]]

    def status_at(self, now: datetime) -> tuple[datetime, str]:
        return next(turn for turn in reversed(self.turns) if turn[0] <= now)

    def finalized_by(self, now: datetime) -> datetime | None:
        return next((at for at, to in self.turns if to == "finalized" and at <= now), None)


@dataclass(slots=True)
class Course:
    """How the payment of a session goes, from its end on."""

    stops_at: datetime
    billed_at: datetime
    transactions: list[Transaction]
    receipt_at: datetime | None
    events: list[datetime]


@dataclass(slots=True)
class Correction:
    """What somebody at the operator said of a session, and when; None leaves it as it was.

    `payment` is what its transactions are from then on; `extends` the session that it goes on.
    """

    at: datetime
    energy_kwh: Decimal | None = None
    amount: Decimal | None = None
    currency: str | None = None
    status: str | None = None
    payment: str | None = None
    extends: int | None = None


@dataclass(slots=True)
class Accounts:
    """What was worked out or said of sessions, by their ids."""

    courses: dict[int, Course] = field(default_factory=dict)
    corrections: dict[int, Correction] = field(default_factory=dict)


def all_sessions(world: Any) -> Sequence[Session]:
    """Return all sessions that have begun, by their ids."""
    return [*world.sessions.values(), *walk_ins(world)]


def find_session(world: Any, pk: int) -> Session | None:
    return world.sessions.get(pk) or find_walk_in(world, pk)


def correct(world: Any, session: Session, **said: Any) -> Correction:
    """Say what is otherwise of a session from now on."""
    known = world.accounts.corrections.get(session.id)
    correction = known or Correction(at=world.clock.now())
    correction.at = world.clock.now()
    for name, value in said.items():
        setattr(correction, name, value)
    world.accounts.corrections[session.id] = correction
    return correction


def correction_of(world: Any, session: Session) -> Correction | None:
    return world.accounts.corrections.get(session.id)


def updated_at(world: Any, session: Session) -> datetime:
    """Return when a session was last otherwise than before."""
    now = world.clock.now()
    if now < session.stops_at:
        last = now
    else:
        last = max(at for at in course_of(world, session).events if at <= now)
    correction = correction_of(world, session)
    return max(last, correction.at) if correction else last


def course_of(world: Any, session: Session) -> Course:
    """Return how the payment of a session goes that has ended."""
    known = world.accounts.courses.get(session.id)
    if known is not None and known.stops_at == session.stops_at:
        return known
    chance = random.Random(f"{world.seed}/account/{session.id}")  # noqa: S311
    luck, pace, again = chance.random(), chance.random(), chance.random()
    billed_at = session.stops_at + timedelta(seconds=world.billing_delay)
    made_at = billed_at + MADE_AFTER
    settled_at = made_at + SOONEST + (LATEST - SOONEST) * pace**4
    settled_at = settled_at.replace(microsecond=0)
    failed = luck < world.failed_payment_share
    turns = [(made_at, "pending"), (settled_at, "failed" if failed else "finalized")]
    first = Transaction(session.id * A_SESSION, session, made_at, turns)
    transactions = [first]
    receipt_at = None if failed else settled_at + RECEIPT_AFTER
    if failed and again < 0.5:
        second_at = settled_at + PAID_AGAIN_AFTER
        paid = [(second_at, "pending"), (second_at + SOONEST, "finalized")]
        transactions.append(Transaction(first.id + 1, session, second_at, paid))
        receipt_at = second_at + SOONEST + RECEIPT_AFTER
    if not failed and luck > 1 - world.refunded_share:
        turns.append((settled_at + GIVEN_BACK_AFTER, "refunded"))
    events = [session.stops_at, billed_at, *([receipt_at] if receipt_at else [])]
    events += [at for one in transactions for at, _status in one.turns]
    course = Course(session.stops_at, billed_at, transactions, receipt_at, events)
    world.accounts.courses[session.id] = course
    return course


def transactions_by_now(world: Any) -> list[Transaction]:
    """Return the payments that were begun, by their ids; what is free has none."""
    now, known = world.clock.now(), world.accounts
    found = []
    for session in all_sessions(world):
        if session.stops_at > now:
            continue
        if session.id in known.corrections:
            found += transactions_of(world, session)
            continue
        if is_free(world, session):
            continue
        course = known.courses.get(session.id)
        if course is None or course.stops_at != session.stops_at:
            course = course_of(world, session)
        found += [one for one in course.transactions if one.made_at <= now]
    return found


def transactions_of(world: Any, session: Session) -> list[Transaction]:
    now = world.clock.now()
    if session.stops_at > now or _owes_nothing(world, session):
        return []
    return [one for one in course_of(world, session).transactions if one.made_at <= now]


def is_free(world: Any, session: Session) -> bool:
    """Return whether nothing is to be paid by the tariff that a session has."""
    known = held(world, session.tariff_snapshot_id)
    return known is None or known[0].type in FREE


def _owes_nothing(world: Any, session: Session) -> bool:
    correction = correction_of(world, session)
    if correction and correction.amount is not None:
        return correction.amount == 0
    return is_free(world, session)


def payment_status(world: Any, session: Session) -> str | None:
    """Return how far a session is paid, in the words of sessions; None before it is asked for."""
    statuses = {status_of(world, one)[1] for one in transactions_of(world, session)}
    if statuses & {"finalized", "refunded"}:
        return "paid"
    return "pending" if "pending" in statuses else "failed" if "failed" in statuses else None


def status_of(world: Any, transaction: Transaction) -> tuple[datetime, str]:
    """Return what a payment is, and since when."""
    correction = correction_of(world, transaction.session)
    if correction and correction.payment:
        return correction.at, correction.payment
    return transaction.status_at(world.clock.now())


def receipt_at(world: Any, session: Session) -> datetime | None:
    """Return when the receipt of a session was written, if it was."""
    now = world.clock.now()
    if session.stops_at > now or not transactions_of(world, session):
        return None
    at = course_of(world, session).receipt_at
    return at if at is not None and at <= now else None


def receipt_id(session: Session) -> int:
    return session.id * A_SESSION + RECEIPT


def energy_kwh(world: Any, session: Session) -> Decimal:
    """Return what a session has delivered by now, in kWh.

    As measured where somebody does, else what its battery took; three fifths of the most that the
    charger gives where an older state says of neither.
    """
    correction = correction_of(world, session)
    if correction and correction.energy_kwh is not None:
        return correction.energy_kwh
    until = min(world.clock.now(), session.stops_at)
    measured = world.meter(session) if world.meter and session.booking_id is not None else None
    if measured is None and session.wants_kwh is not None:
        measured = taken_at(session, until)
    if measured is None:
        hours = max(timedelta(0), until - session.started_at) / timedelta(hours=1)
        measured = hours * session.power_kw * 0.6
    return Decimal(str(round(measured, 3)))


def measured_curve(world: Any, session: Session) -> list[tuple[datetime, float, float]]:
    """Return when a session had drawn how many kWh, and the kW then; [] where nobody measured it.

    Nobody measures those without a booking.
    """
    if world.curve is None or session.booking_id is None:
        return []
    points: list[tuple[datetime, float, float]] = world.curve(session)
    return points
