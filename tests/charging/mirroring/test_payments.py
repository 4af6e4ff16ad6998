"""How far sessions are paid by what their transactions say, one after the other."""

from decimal import Decimal

import pytest
from django.db import transaction

from ampeco.types import Transaction
from charging.mirroring.payments import store_transactions
from charging.models import MonthChange, Session
from charging.services import month_of
from reports.models import Dimension, MonthTotal
from reports.summing.sessions import keep_sessions
from tests.factories import SessionFactory

pytestmark = pytest.mark.django_db

Payment = Session.Payment


def pay(session: Session, pk: int, amount: str) -> None:
    """Let the operator tell of a payment."""
    told = {
        "id": pk,
        "sessionId": int(session.ampeco_id),
        "status": "finalized",
        "totalAmount": amount,
        "currency": session.currency,
        "date": session.stopped_at.isoformat(),
    }
    with transaction.atomic():
        store_transactions([Transaction.from_payload(told)])
    session.refresh_from_db()


def test_a_second_part_is_summed_as_well(fleet):
    session = SessionFactory(fleet=fleet, amount=Decimal(10), payment=Payment.OPEN)
    month = month_of(session.local_day)
    for pk, part, paid in ((1, "4", 4), (2, "3", 7)):
        pay(session, pk, part)
        assert session.payment == Payment.PARTLY
        assert MonthChange.objects.filter(fleet=fleet, month=month).exists()
        keep_sessions(fleet, month)
        total = MonthTotal.objects.get(fleet=fleet, month=month, dimension=Dimension.ALL)
        assert total.paid == paid
    pay(session, 3, "3")
    assert session.payment == Payment.PAID


def test_what_is_told_again_changes_nothing(fleet):
    session = SessionFactory(fleet=fleet, amount=Decimal(10), payment=Payment.OPEN)
    pay(session, 1, "10")
    MonthChange.objects.all().delete()
    pay(session, 1, "10")
    assert not MonthChange.objects.exists()


@pytest.mark.parametrize(
    ("billing", "paid", "payment"),
    [
        ("completed", "0.00", Payment.FREE),
        # What was paid before it became free.
        ("completed", "5.00", Payment.PAID),
        ("pending", "0.00", Payment.PAID),
    ],
)
def test_of_what_costs_nothing_nothing_is_left_to_pay(fleet, billing, paid, payment):
    session = SessionFactory(
        fleet=fleet, amount=Decimal(0), billing_status=billing, payment=Payment.OPEN
    )
    pay(session, 1, paid)
    assert session.payment == payment
