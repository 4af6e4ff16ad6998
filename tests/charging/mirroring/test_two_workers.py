"""Two workers at once: nothing is stored twice, nothing is lost."""

import threading
from datetime import date

import pytest
from django.db import connection, transaction

from charging.mirroring.run import sync_sessions
from charging.models import MonthChange, Session, Transaction
from charging.services import mark_months
from mirror.models import SyncRun
from mirror.runs import RunUnderWay

pytestmark = [pytest.mark.postgresql, pytest.mark.django_db(transaction=True)]


@pytest.fixture(autouse=True)
def _on_postgresql():
    """SQLite lets one write after the other anyway."""
    if connection.vendor != "postgresql":
        pytest.skip("needs PostgreSQL")


def together(*jobs) -> list[Exception]:
    """Do some jobs at the same moment, each in a thread; return what went wrong."""
    start = threading.Barrier(len(jobs))
    troubles = []

    def work(job) -> None:
        try:
            start.wait(timeout=10)
            job()
        except Exception as error:
            troubles.append(error)
        finally:
            connection.close()

    workers = [threading.Thread(target=work, args=[job]) for job in jobs]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    return troubles


def test_of_two_runs_at_once_one_goes(operator, mirrored, ampeco_client):
    operator.walk_ins_a_day, operator.walk_in_months = 0.3, 2
    troubles = together(*[lambda: sync_sessions(client=ampeco_client)] * 2)
    assert all(isinstance(error, RunUnderWay) for error in troubles)
    assert len(troubles) <= 1
    runs = SyncRun.objects.filter(kind="sessions")
    assert {run.state for run in runs} == {"finished"}
    assert Session.objects.count() > 100
    assert Transaction.objects.count() > 60


def mark(days: list[tuple[int, date]]) -> None:
    with transaction.atomic():
        mark_months(days)


def test_months_are_marked_by_two_at_once(fleet, other_fleet):
    days = [(each.pk, date(2026, month, 3)) for each in (fleet, other_fleet) for month in (1, 2, 3)]
    for _ in range(5):
        assert together(lambda: mark(days), lambda: mark(days[::-1])) == []
    assert set(MonthChange.objects.values_list("version", flat=True)) == {11}
