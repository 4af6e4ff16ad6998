"""Charging sessions over HTTP: what they drew, what they cost, and how far they are paid."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from werkzeug.wrappers import Request

from sandbox.api.errors import Missing
from sandbox.api.filters import choice, number, text, updated_between, window
from sandbox.api.operations import Operations, check_allowed
from sandbox.api.paging import page_of
from sandbox.api.payloads import Payload, instant
from sandbox.prices.bill import Bill, bill_of
from sandbox.prices.reckoning import Part
from sandbox.world import accounts
from sandbox.world.records import SESSION_STATUSES, Session
from sandbox.world.walk_ins import ROAMING_OPERATOR_ID, power_at, taken_at
from sandbox.world.world import World

MOST_POINTS = 300
PAYMENTS = frozenset({"pending", "paid", "partially", "failed"})
BILLINGS = frozenset({"pending", "suspended", "completed"})
OLDER = "3.108"


def session_is_over(world: World, record: Session) -> bool:
    return world.clock.now() >= record.stops_at


def session_status(world: World, record: Session) -> str:
    correction = accounts.correction_of(world, record)
    if correction and correction.status:
        return correction.status
    return "finished" if session_is_over(world, record) else "active"


def list_sessions(world: World, request: Request) -> dict[str, Any]:
    """List charging sessions; their pages are numbered unless a cursor is sent."""
    check_allowed(world, "sessions")
    status = choice(request, "status", SESSION_STATUSES)
    payment = choice(request, "paymentStatus", PAYMENTS)
    billing = choice(request, "billingStatus", BILLINGS)
    wanted = {
        "user_id": number(request, "userId"),
        "evse_id": number(request, "evseId"),
        "charge_point_id": number(request, "chargePointId"),
    }
    wanted = {name: value for name, value in wanted.items() if value is not None}
    partner = number(request, "partnerId")
    ours = None if partner is None else _points_of(world, partner)
    started = window(request, "startedAfter", "startedBefore")
    ended = window(request, "endedAfter", "endedBefore")
    asks_end = text(request, "endedAfter") or text(request, "endedBefore")
    updated = updated_between(request)
    asks_when = text(request, "lastUpdatedAfter") or text(request, "lastUpdatedBefore")
    rows = [
        each
        for each in accounts.all_sessions(world)
        if started(each.started_at)
        and all(getattr(each, name) == value for name, value in wanted.items())
        and (ours is None or each.charge_point_id in ours)
        and (status is None or session_status(world, each) == status)
        and (not asks_end or ended(each.stops_at if session_is_over(world, each) else None))
        and (not asks_when or updated(accounts.updated_at(world, each)))
        and (payment is None or accounts.payment_status(world, each) == payment)
        and (billing is None or billing_status(world, each) == billing)
    ]
    parts = _flag(request, "withPriceBreakdown")
    return page_of(request, rows, lambda each: payload(world, each, parts=parts), numbered=True)


def read_session(world: World, request: Request, pk: int) -> dict[str, Any]:
    check_allowed(world, "sessions")
    return {"data": payload(world, _found(world, pk), parts=_flag(request, "withPriceBreakdown"))}


def read_consumption(world: World, request: Request, pk: int) -> dict[str, Any]:
    """Tell what a session drew when; at most 300 points."""
    check_allowed(world, "consumption-stats")
    record = _found(world, pk)
    points = curve_of(world, record)
    step = -(-len(points) // MOST_POINTS)
    shown = points[::step] if step > 1 else points
    return {
        "data": [
            {"energy": round(kwh * 1000), "power": round(kw * 1000), "timestamp": instant(at)}
            for at, kwh, kw in shown
        ]
    }


def curve_of(world: World, record: Session) -> list[tuple[datetime, float, float]]:
    """Return when a session had drawn how many kWh, and the kW then; from its start until now."""
    measured = accounts.measured_curve(world, record)
    if measured:
        return measured
    until = min(world.clock.now(), record.stops_at)
    kwh = float(accounts.energy_kwh(world, record))
    if record.wants_kwh is None:
        hours = max(timedelta(0), until - record.started_at) / timedelta(hours=1)
        kw = kwh / hours if hours else 0.0
        return [(record.started_at, 0.0, kw), (until, kwh, kw)]
    step = max(timedelta(minutes=1), (record.stops_at - record.started_at) / (MOST_POINTS - 1))
    points, at = [], record.started_at
    # The energy may have been corrected, or have been measured by who forgot the rest.
    taken = taken_at(record, until)
    scale = kwh / taken if taken else 1.0
    while at < until:
        points.append((at, taken_at(record, at) * scale, power_at(record, at) * scale))
        at += step
    return [*points, (until, kwh, 0.0)]


def payload(world: World, record: Session, *, parts: bool = False) -> Payload:
    """Return a session; energy is in Wh and grows until it has stopped."""
    now = world.clock.now()
    over = session_is_over(world, record)
    energy = round(accounts.energy_kwh(world, record) * 1000)
    bill = bill_of(world, record)
    correction = accounts.correction_of(world, record)
    answer: Payload = {
        "id": str(record.id),
        "chargePointId": record.charge_point_id,
        "evseId": record.evse_id,
        "status": session_status(world, record),
        "userId": record.user_id,
        "startedAt": instant(record.started_at),
        "stoppedAt": instant(record.stops_at) if over else None,
        "energy": energy,
        "totalAmount": {"withTax": float(bill.with_tax), "withoutTax": float(bill.without_tax)},
        "currency": bill.currency,
        "energyConsumption": {"total": energy, "grid": energy},
        "authorizationId": None,
        "billingStatus": billing_status(world, record),
        "lastUpdatedAt": instant(accounts.updated_at(world, record)),
    }
    if record.booking_id is not None:
        answer["bookingId"] = record.booking_id
    if world.shape == OLDER:
        return answer
    answer |= {
        "tax": {"taxId": bill.tax_id, "taxPercentage": float(bill.tax_percent)},
        "paymentType": "corporate",
        "paymentStatus": accounts.payment_status(world, record),
        "tariffSnapshotId": record.tariff_snapshot_id,
        "receiptId": accounts.receipt_id(record) if accounts.receipt_at(world, record) else None,
        "power": _power(world, record, now=now, over=over, energy_wh=energy),
        "idTag": _id_tag(world, record),
    }
    if over:
        answer["reason"] = "evdisconnected"
    if correction and correction.extends is not None:
        answer["originalSessionId"] = correction.extends
    if record.cpo:
        answer["chargePointOperatorRoamingId"] = record.cpo
        answer["roaming"] = {
            "sessionId": f"{record.cpo}-{record.id}",
            "roamingOperatorCpoId": ROAMING_OPERATOR_ID,
        }
    if parts:
        answer["priceBreakdown"] = [_part(bill, part) for part in bill.parts]
    return answer


def billing_status(world: World, record: Session) -> str:
    if not session_is_over(world, record):
        return "pending"
    done = accounts.course_of(world, record).billed_at <= world.clock.now()
    return "completed" if done else "pending"


def _part(bill: Bill, part: Part) -> Payload:
    return {
        "type": part.type,
        "currency": bill.currency,
        "unit": part.unit,
        "pricePerUnit": {
            "withTax": float(part.each),
            "withoutTax": float(
                (part.each / (1 + bill.tax_percent / 100)).quantize(Decimal("1e-4"))
            ),
        },
        "quantity": float(part.quantity),
        "price": {"withTax": float(part.price), "withoutTax": float(bill.net(part.price))},
        "taxPercentage": float(bill.tax_percent),
        "totalPrice": float(part.price),
        "unitPrice": float(part.each),
    }


def _power(world: World, record: Session, *, now: datetime, over: bool, energy_wh: int) -> Payload:
    until = record.stops_at if over else now
    hours = max(timedelta(minutes=1), until - record.started_at) / timedelta(hours=1)
    mean = round(energy_wh / hours)
    measured = accounts.measured_curve(world, record)
    if measured or record.wants_kwh is None:
        # The last point is when the last step ends.
        drawn = [round(kw * 1000) for _at, _kwh, kw in measured[:-1]] or [mean]
        return {"latest": 0 if over else drawn[-1], "peak": max(drawn), "average": mean}
    latest = 0 if over else round(power_at(record, now) * 1000)
    return {"latest": latest, "peak": round(record.power_kw * 1000), "average": mean}


def _id_tag(world: World, record: Session) -> str:
    tags = world.tags_of(record.user_id) if record.user_id else []
    return tags[0].uid if tags else f"*{record.id:07}"


def _points_of(world: World, partner: int) -> set[int]:
    return {each.id for each in world.charge_points.values() if each.partner_id == partner}


def _found(world: World, pk: int) -> Session:
    record = accounts.find_session(world, pk)
    if record is None:
        raise Missing
    return record


def _flag(request: Request, name: str) -> bool:
    return request.args.get(name, "").casefold() in {"1", "true"}


OPERATIONS: Operations = {
    ("GET", "/resources/sessions/v1.0"): list_sessions,
    ("GET", "/resources/sessions/v1.0/<int:pk>"): read_session,
    ("GET", "/resources/sessions/v1.0/<int:pk>/consumption-stats"): read_consumption,
}
