"""What sessions cost, and when they are paid for: billed, paid some hours later, then a receipt.

A few payments fail, some of those are made good days later, and a few are given back. All of that
follows from the seed, the session and the clock.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from sandbox.world.records import Session
from sandbox.world.walk_ins import find_walk_in, taken_at, walk_ins

CENT = Decimal("0.01")
# By country: the currency, the tax in percent, and a kWh with tax, from AC and from DC.
TERMS: dict[str, tuple[str, Decimal, Decimal, Decimal]] = {
    "US": ("USD", Decimal("8.875"), Decimal("0.32"), Decimal("0.56")),
    "AU": ("AUD", Decimal(10), Decimal("0.45"), Decimal("0.70")),
    "DE": ("EUR", Decimal(19), Decimal("0.39"), Decimal("0.59")),
}
ELSEWHERE = ("EUR", Decimal(20), Decimal("0.34"), Decimal("0.52"))
CONNECTION_FEE = Decimal("0.50")
ROAMING_FEE = Decimal("1.00")
IDLE_A_MINUTE = Decimal("0.10")
FREE_MINUTES = 15

MADE_AFTER = timedelta(minutes=1)
SOONEST, LATEST = timedelta(minutes=5), timedelta(hours=30)
RECEIPT_AFTER = timedelta(minutes=10)
PAID_AGAIN_AFTER = timedelta(days=3)
GIVEN_BACK_AFTER = timedelta(days=5)
# So many transactions may belong to a session.
A_SESSION = 10
RECEIPT = 5


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a price, with tax."""

    type: str
    unit: str
    quantity: Decimal
    each: Decimal
    price: Decimal


@dataclass(frozen=True, slots=True)
class Bill:
    """What a session comes to by now."""

    currency: str
    tax_percent: Decimal
    parts: tuple[Part, ...]

    @property
    def with_tax(self) -> Decimal:
        return sum((part.price for part in self.parts), Decimal(0))

    @property
    def without_tax(self) -> Decimal:
        return sum((self.net(part.price) for part in self.parts), Decimal(0))

    def net(self, price: Decimal) -> Decimal:
        return cents(price / (1 + self.tax_percent / 100))


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
        course = known.courses.get(session.id)
        if course is None or course.stops_at != session.stops_at:
            course = course_of(world, session)
        found += [one for one in course.transactions if one.made_at <= now]
    return found


def transactions_of(world: Any, session: Session) -> list[Transaction]:
    now = world.clock.now()
    correction = correction_of(world, session)
    if session.stops_at > now or (correction and correction.amount == 0):
        return []
    return [one for one in course_of(world, session).transactions if one.made_at <= now]


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
    """Return what a session has delivered by now: as measured, or else three fifths of the most."""
    correction = correction_of(world, session)
    if correction and correction.energy_kwh is not None:
        return correction.energy_kwh
    until = min(world.clock.now(), session.stops_at)
    if session.wants_kwh is not None:
        return Decimal(str(taken_at(session, until)))
    measured = world.meter(session) if world.meter else None
    if measured is None:
        hours = max(timedelta(0), until - session.started_at) / timedelta(hours=1)
        measured = hours * session.power_kw * 0.6
    return Decimal(str(round(measured, 3)))


def bill_of(world: Any, session: Session) -> Bill:
    """Return what a session comes to by now; its parts are rounded, so that they add up."""
    currency, tax, ac, dc = TERMS.get(_country(world, session), ELSEWHERE)
    evse = world.evses.get(session.evse_id)
    is_dc = evse is None or evse.current_type == "dc"
    correction = correction_of(world, session)
    if correction and correction.currency:
        currency = correction.currency
    if correction and correction.amount is not None:
        whole = Part("flat", "session", Decimal(1), correction.amount, correction.amount)
        return Bill(currency, tax, (whole,))
    energy = energy_kwh(world, session)
    each = dc if is_dc else ac
    parts = [Part("energy", "kwh", energy, each, cents(energy * each))]
    fee = ROAMING_FEE if session.cpo else CONNECTION_FEE if is_dc else Decimal(0)
    if fee:
        parts.append(Part("connection", "session", Decimal(1), fee, fee))
    idle = _idle_minutes(world, session) if is_dc else 0
    if idle:
        price = cents(idle * IDLE_A_MINUTE)
        parts.append(Part("idle_time", "minute", Decimal(idle), IDLE_A_MINUTE, price))
    return Bill(currency, tax, tuple(parts))


def cents(amount: Decimal) -> Decimal:
    return amount.quantize(CENT, rounding=ROUND_HALF_UP)


def _country(world: Any, session: Session) -> str:
    point = world.charge_points.get(session.charge_point_id)
    if point is None or point.location_id is None:
        return ""
    return str(world.locations[point.location_id].country)


def _idle_minutes(world: Any, session: Session) -> int:
    if session.wants_kwh is None:
        return 0
    until = min(world.clock.now(), session.stops_at)
    hours = session.wants_kwh / (session.power_kw * 0.8)
    idle = until - session.started_at - timedelta(hours=hours)
    return max(0, int(idle / timedelta(minutes=1)) - FREE_MINUTES)
