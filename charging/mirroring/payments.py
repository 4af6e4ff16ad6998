"""How far sessions are paid, and the transactions that say so."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal

from django.db.models import QuerySet

from ampeco import types
from charging.models import Session, Transaction
from charging.services import mark_months
from mirror.fitting import fit
from shell.money import round_money

Payment = Session.Payment
Status = Transaction.Status

UNDER_WAY = frozenset({Status.INITIALIZED, Status.AUTHORIZED, Status.PENDING, Status.UNKNOWN})
GIVEN_BACK = frozenset({Status.REFUNDED, Status.REVERSED})
# What sessions themselves say of their payment, for tokens that may not read transactions.
SAID = {
    "paid": Payment.PAID,
    "partially": Payment.PARTLY,
    "pending": Payment.PENDING,
    "failed": Payment.FAILED,
}
COMPLETED = "completed"
READ = (
    *("number", "status", "made_at", "finalized_at", "amount", "currency", "invoice_number"),
    *("ampeco_receipt_id", "ampeco_updated_at"),
)


def payment_of(
    session: Session, transactions: Sequence[Transaction], *, said: str, may_read: bool
) -> Session.Payment:
    """Return how far a session is paid: only finalized transactions pay for it.

    `said` is what the session says of its payment, which alone counts where transactions may not
    be read.
    """
    is_free = session.amount == 0 and session.billing_status == COMPLETED
    if is_free and not any(one.amount for one in transactions):
        return Payment.FREE
    if not may_read and not transactions:
        return SAID.get(said, Payment.OPEN)
    paid = sum(
        (
            one.amount
            for one in transactions
            if one.status == Status.FINALIZED
            and one.amount is not None
            and one.currency == session.currency
        ),
        Decimal(0),
    )
    statuses = {one.status for one in transactions}
    if Status.FINALIZED in statuses:
        # Of how much may not be known.
        is_all = session.amount is None or paid >= session.amount
        return Payment.PAID if is_all else Payment.PARTLY
    if statuses & UNDER_WAY:
        return Payment.PENDING
    if statuses & GIVEN_BACK:
        return Payment.REFUNDED
    if Status.FAILED in statuses or said == "failed":
        return Payment.FAILED
    # “Paid” without a finalized transaction is not paid yet.
    return Payment.PENDING if said else Payment.OPEN


def transactions_of(sessions: QuerySet[Session]) -> dict[int, list[Transaction]]:
    """Return what was paid for sessions, by their keys."""
    found: dict[int, list[Transaction]] = defaultdict(list)
    for one in Transaction.objects.filter(session__in=sessions).order_by("pk"):
        found[one.session_id].append(one)
    return found


def store_transactions(items: Iterable[types.Transaction]) -> dict[str, int]:
    """Write the payments for sessions that are stored, and how far those are paid; return counts.

    Within a transaction. What is paid for anything else, or by anybody else, is not stored.
    """
    found = {item.id: item for item in items}
    wanted = {str(item.session_id) for item in found.values() if item.session_id is not None}
    sessions = {
        session.ampeco_id: session
        for session in Session.objects.select_for_update(no_key=True)
        .filter(ampeco_id__in=wanted)
        .order_by("ampeco_id")
    }
    known = Transaction.objects.in_bulk(list(found), field_name="ampeco_id")
    rows = [
        _row(item, sessions[str(item.session_id)], made_at=item.made_at)
        for item in found.values()
        if str(item.session_id) in sessions and item.made_at is not None
    ]
    changed = [row for row in rows if _differs(known.get(row.ampeco_id), row)]
    Transaction.objects.bulk_create(
        changed,
        update_conflicts=True,
        unique_fields=["ampeco_id"],
        update_fields=["session", *READ],
    )
    _settle({row.session for row in changed})
    return {
        "seen": len(found),
        "new": sum(row.ampeco_id not in known for row in changed),
        "changed": sum(row.ampeco_id in known for row in changed),
        "skipped": len(found) - len(rows),
    }


def _settle(sessions: Iterable[Session]) -> None:
    """Say anew how far sessions are paid that are locked."""
    by_key = {session.pk: session for session in sessions}
    paid = transactions_of(Session.objects.filter(pk__in=by_key))
    changed = []
    for session in by_key.values():
        payment = payment_of(session, paid[session.pk], said="", may_read=True)
        if payment != session.payment:
            session.payment = payment
            changed.append(session)
    Session.objects.bulk_update(changed, ["payment"])
    # Of what stays partly paid another part may be paid by now.
    mark_months((session.fleet_id, session.local_day) for session in by_key.values())


def _row(item: types.Transaction, session: Session, *, made_at: datetime) -> Transaction:
    row = Transaction(
        ampeco_id=item.id,
        session=session,
        number=item.number,
        status=item.status,
        made_at=made_at,
        finalized_at=item.finalized_at,
        amount=item.amount,
        currency=item.currency.upper(),
        invoice_number=item.invoice_number,
        ampeco_receipt_id=item.receipt_id,
        ampeco_updated_at=item.last_updated_at,
    )
    fit(row)
    if row.amount is not None:
        row.amount = round_money(row.amount, row.currency)
    return row


def _differs(old: Transaction | None, new: Transaction) -> bool:
    return (
        old is None
        or old.session_id != new.session_id
        or any(getattr(old, name) != getattr(new, name) for name in READ)
    )
