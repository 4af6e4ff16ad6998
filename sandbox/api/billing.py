"""Transactions, receipts, invoices and subscriptions over HTTP."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from werkzeug.wrappers import Request

from sandbox.api.errors import Missing
from sandbox.api.filters import choice, number, text, updated_between, window
from sandbox.api.filters import instant as instant_in
from sandbox.api.operations import Operations, check_allowed
from sandbox.api.paging import page_of
from sandbox.api.payloads import Payload, instant
from sandbox.prices.bill import bill_of
from sandbox.prices.reckoning import cents
from sandbox.world import accounts
from sandbox.world.accounts import A_SESSION, RECEIPT, Transaction
from sandbox.world.records import Session
from sandbox.world.world import World

STATUSES = frozenset(
    {"pending", "finalized", "failed", "reserved", "refunded", "authorized", "initialized"}
)
RECEIPT_STATUSES = frozenset({"pending", "paid", "partially_paid"})
SUBSCRIPTION_STATUSES = frozenset({"active", "canceled", "expired", "suspended", "pending"})
DOWNLOADS = "https://operator.example"
# Every so many users have one.
SUBSCRIBED = 3


def list_transactions(world: World, request: Request) -> dict[str, Any]:
    """List payments; their pages are numbered unless a cursor is sent."""
    check_allowed(world, "transactions")
    status = choice(request, "status", STATUSES)
    user, session = number(request, "userId"), number(request, "sessionId")
    created, updated = window(request, "createdAfter", "createdBefore"), updated_between(request)
    finalized = window(request, "finalizedAfter", "finalizedBefore")
    asks_when = text(request, "lastUpdatedAfter") or text(request, "lastUpdatedBefore")
    asks_final = text(request, "finalizedAfter") or text(request, "finalizedBefore")
    now = world.clock.now()
    if session is not None:
        record = accounts.find_session(world, session)
        found = accounts.transactions_of(world, record) if record else []
    else:
        found = accounts.transactions_by_now(world)
    rows = [
        each
        for each in found
        if (user is None or each.session.user_id == user)
        and created(each.made_at)
        and (not asks_when or updated(accounts.status_of(world, each)[0]))
        and (status is None or accounts.status_of(world, each)[1] == status)
        and (not asks_final or finalized(each.finalized_by(now)))
    ]
    return page_of(request, rows, lambda each: transaction(world, each), numbered=True)


def read_transaction(world: World, request: Request, pk: int) -> dict[str, Any]:
    """Return a payment, without anything around it, as the vendor's document has it."""
    check_allowed(world, "transactions")
    record = accounts.find_session(world, pk // A_SESSION)
    for one in accounts.transactions_of(world, record) if record else []:
        if one.id == pk:
            return transaction(world, one)
    raise Missing


def transaction(world: World, record: Transaction) -> Payload:
    session = record.session
    since, status = accounts.status_of(world, record)
    bill = bill_of(world, session)
    finalized_at = record.finalized_by(world.clock.now())
    if status == "finalized" and finalized_at is None:
        finalized_at = since
    user = world.users.get(session.user_id or 0)
    has_receipt = accounts.receipt_at(world, session) is not None
    return {
        "id": record.id,
        "number": f"T{record.id}",
        "date": instant(record.made_at),
        "userId": session.user_id,
        **({"userEmail": user.email} if user else {}),
        "sessionId": session.id,
        "paymentMethodId": "corporate:1",
        "purchaseResourceType": "session",
        "purchaseResourceId": session.id,
        "totalAmount": float(bill.with_tax),
        "currency": bill.currency,
        "status": status,
        "ref": f"ref-{record.id}",
        "failureReason": "The payment was declined." if status == "failed" else None,
        "invoiceId": None,
        "invoiceNo": None,
        "receiptId": accounts.receipt_id(session) if has_receipt else None,
        "billingType": "internal",
        "lastUpdatedAt": instant(since),
        "finalizedAt": instant(finalized_at) if finalized_at else None,
    }


def list_receipts(world: World, request: Request) -> dict[str, Any]:
    """List receipts; their pages are numbered."""
    check_allowed(world, "receipts")
    user = number(request, "userId")
    status = choice(request, "paymentStatus", RECEIPT_STATUSES)
    written = window(request, "periodStart", "periodEnd")
    rows = [
        each
        for each in accounts.all_sessions(world)
        if (user is None or each.user_id == user)
        and status in {None, "paid"}
        and written(each.stops_at)
        and accounts.receipt_at(world, each)
    ]
    return page_of(request, rows, lambda each: receipt(world, each), numbered=True, cursors=False)


def read_receipt(world: World, request: Request, pk: int) -> dict[str, Any]:
    check_allowed(world, "receipts")
    session = accounts.find_session(world, pk // A_SESSION)
    if session is None or pk % A_SESSION != RECEIPT or not accounts.receipt_at(world, session):
        raise Missing
    return {"data": receipt(world, session)}


def receipt(world: World, session: Session) -> Payload:
    bill, pk = bill_of(world, session), accounts.receipt_id(session)
    return {
        "id": pk,
        "receiptNo": f"R{pk}",
        "userId": session.user_id,
        "totalKwh": float(accounts.energy_kwh(world, session)),
        "periodStart": None,
        "periodEnd": None,
        "totalAmount": float(bill.with_tax),
        "tax": {"taxId": bill.tax_id, "taxPercentage": float(bill.tax_percent)},
        "paymentStatus": "paid",
        "downloadUrl": f"{DOWNLOADS}/receipts/{pk}.pdf?signature=of-the-moment",
    }


@dataclass(frozen=True, slots=True)
class Invoice:
    """What a user was billed for in a month, once that is over."""

    id: int
    user_id: int
    month: datetime
    issued_at: datetime
    sessions: tuple[Session, ...]


def _invoices(world: World) -> Iterator[Invoice]:
    now = world.clock.now()
    by_month: dict[tuple[int, datetime], list[Session]] = {}
    for session in accounts.all_sessions(world):
        if session.user_id is not None and session.stops_at <= now:
            month = session.stops_at.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
            by_month.setdefault((session.user_id, month), []).append(session)
    for (user_id, month), sessions in sorted(by_month.items()):
        issued_at = (month + timedelta(days=32)).replace(day=1)
        if issued_at <= now:
            number_of_month = (month.year - 2000) * 12 + month.month
            pk = user_id * 1000 + number_of_month
            yield Invoice(pk, user_id, month, issued_at, tuple(sessions))


def list_invoices(world: World, request: Request) -> dict[str, Any]:
    """List the invoices of past months; their pages are numbered."""
    check_allowed(world, "invoices")
    least, most = instant_in(request, "issuedFrom"), instant_in(request, "issuedTo")
    rows = [
        each
        for each in _invoices(world)
        if (least is None or each.issued_at >= least) and (most is None or each.issued_at <= most)
    ]
    return page_of(request, rows, lambda each: invoice(world, each), numbered=True, cursors=False)


def read_invoice(world: World, request: Request, pk: int) -> dict[str, Any]:
    check_allowed(world, "invoices")
    for each in _invoices(world):
        if each.id == pk:
            return {"data": invoice(world, each)}
    raise Missing


def invoice(world: World, record: Invoice) -> Payload:
    bills = [bill_of(world, session) for session in record.sessions]
    total = sum((bill.with_tax for bill in bills), Decimal(0))
    net = sum((bill.without_tax for bill in bills), Decimal(0))
    return {
        "id": record.id,
        "type": "invoice",
        "number": f"I{record.id}",
        "date": instant(record.issued_at),
        "userId": record.user_id,
        "periodFrom": instant(record.month),
        "periodTo": instant(record.issued_at - timedelta(seconds=1)),
        "totalAmount": float(total),
        "taxRate": round(bills[0].tax_percent),
        "taxAmount": float(total - net),
        "service": "Charging",
        "quantity": len(bills),
        "unitPrice": float(cents(net / len(bills))),
        "subtotal": float(net),
        "downloadUrl": f"{DOWNLOADS}/invoices/{record.id}.pdf",
    }


@dataclass(frozen=True, slots=True)
class Subscription:
    id: int
    user_id: int


def _subscriptions(world: World) -> list[Subscription]:
    users = sorted(pk for pk in world.users if pk % SUBSCRIBED == 0)
    return [Subscription(400_000 + pk, pk) for pk in users]


def list_subscriptions(world: World, request: Request) -> dict[str, Any]:
    """List subscriptions; the document has no filter for a user."""
    check_allowed(world, "subscriptions")
    status = choice(request, "status", SUBSCRIPTION_STATUSES)
    rows = _subscriptions(world) if status in {None, "active"} else []
    if text(request, "planId") not in {None, "1"}:
        rows = []
    return page_of(request, rows, lambda each: subscription(world, each), numbered=True)


def read_subscription(world: World, request: Request, pk: int) -> dict[str, Any]:
    check_allowed(world, "subscriptions")
    for each in _subscriptions(world):
        if each.id == pk:
            return {"data": subscription(world, each)}
    raise Missing


def subscription(world: World, record: Subscription) -> Payload:
    this_year = datetime(world.clock.now().year, 1, 1, tzinfo=UTC)
    next_year = this_year.replace(year=this_year.year + 1)
    return {
        "id": record.id,
        "planId": 1,
        "userId": record.user_id,
        "startDate": instant(this_year),
        "endDate": instant(next_year),
        "status": "active",
        "statusDate": instant(this_year),
        "lastUpdatedAt": instant(this_year),
    }


OPERATIONS: Operations = {
    ("GET", "/resources/transactions/v1.0"): list_transactions,
    ("GET", "/resources/transactions/v1.0/<int:pk>"): read_transaction,
    ("GET", "/resources/receipts/v2.0"): list_receipts,
    ("GET", "/resources/receipts/v2.0/<int:pk>"): read_receipt,
    ("GET", "/resources/invoices/v1.0"): list_invoices,
    ("GET", "/resources/invoices/v1.0/<int:pk>"): read_invoice,
    ("GET", "/resources/subscriptions/v1.0"): list_subscriptions,
    ("GET", "/resources/subscriptions/v1.0/<int:pk>"): read_subscription,
}
