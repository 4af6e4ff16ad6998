"""Who is erased while others write: nothing comes in between."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection, connections, transaction

from drivers.models import FleetDriver
from privacy.erasure import NotErased, erase_driver
from privacy.models import AuditEntry
from tests.privacy.conftest import places_of
from tests.privacy.test_erasure import read_again

pytestmark = [pytest.mark.postgresql, pytest.mark.django_db(transaction=True)]


@pytest.fixture(autouse=True)
def _needs_postgresql():
    if connection.vendor != "postgresql":
        pytest.skip("needs PostgreSQL")


def erase(driver) -> str:
    """Erase in a thread of one's own; return what came of it."""
    try:
        return str(erase_driver(driver=driver, email="xandra.quux@fleet.example"))
    except NotErased:
        return "refused"
    finally:
        connections.close_all()


def wait_until_somebody_waits() -> None:
    """Return once another connection waits for a lock that this one holds."""
    waiting = """
        SELECT count(*) FROM pg_stat_activity
        WHERE datname = current_database() AND wait_event_type = 'Lock'
    """
    pause = threading.Event()
    for _ in range(500):
        with connection.cursor() as cursor:
            cursor.execute(waiting)
            if cursor.fetchone()[0]:
                return
        pause.wait(0.02)
    raise AssertionError("Nobody waits.")


def test_two_at_once_erase_once(quux):
    with ThreadPoolExecutor(2) as others:
        done = sorted(others.map(erase, [quux, quux]))

    assert done == ["False", "True"]
    assert AuditEntry.objects.filter(action="erased").count() == 1


def test_a_mirror_that_writes_at_the_moment_brings_nobody_back(fleet, quux):
    with ThreadPoolExecutor(1) as others:
        with transaction.atomic():
            read_again(fleet, quux)
            erased = others.submit(erase, quux)
            wait_until_somebody_waits()
        assert erased.result() == "True"

    with transaction.atomic():
        read_again(fleet, quux)
    assert places_of("quux") == set()
    assert FleetDriver.objects.get().left_at
