"""Months that are summed by two at once, and while their sessions change."""

import threading
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from django.db import connection, transaction

from charging.models import MonthChange, Session
from charging.services import mark_months
from reports.models import MonthTotal
from reports.summing.due import sum_due
from reports.summing.sessions import keep_sessions
from reports.tasks import sum_months
from tests.factories import SessionFactory

pytestmark = [pytest.mark.postgresql, pytest.mark.django_db(transaction=True)]

OCTOBER = date(2025, 10, 1)


@pytest.fixture
def session(fleet):
    return SessionFactory(
        fleet=fleet, started_at=datetime(2025, 10, 5, 12, tzinfo=UTC), amount=Decimal(10)
    )


def together(*works):
    start, troubles = threading.Barrier(len(works)), []

    def run(work):
        try:
            start.wait(timeout=10)
            work()
        except Exception as error:
            troubles.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=[work]) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert troubles == []


def test_two_beats_sum_a_month_once(fleet, session):
    with transaction.atomic():
        mark_months([(fleet.pk, session.local_day)])
    together(sum_months, sum_months)
    # Whoever found it held left it to the other.
    sum_due()
    assert MonthTotal.objects.get(fleet=fleet, dimension="all").amount == 10
    assert not MonthChange.objects.exists()


def test_no_change_is_lost_while_months_are_summed(fleet, session):
    changes = 40

    def change():
        for number in range(changes):
            with transaction.atomic():
                Session.objects.filter(pk=session.pk).update(amount=Decimal(number))
                mark_months([(fleet.pk, session.local_day)])

    def sum_again():
        for _ in range(changes):
            keep_sessions(fleet, OCTOBER)

    together(change, sum_again, sum_again)
    sum_due()
    assert MonthTotal.objects.get(fleet=fleet, dimension="all").amount == changes - 1
    assert not MonthChange.objects.exists()
