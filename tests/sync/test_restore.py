"""A back-up is taken, life goes on, all is lost, the back-up is restored: with the real programs.

The commands are those that docs/deploying.md gives.
"""

import os
import shutil
import subprocess
import uuid
from contextlib import contextmanager
from datetime import timedelta

import pytest
from django.core.management import call_command
from django.db import connection

from bookings.actions.candidate import Slot
from bookings.models import Booking, BookingRequest
from shell.formats import instant
from sites.selectors import Criteria
from tests.deploy.own_database import new_database, parts_of, url_of
from tests.factories import next_noon
from tests.small_operator import decide_pending, slot_of

pytestmark = [
    pytest.mark.postgresql,
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(shutil.which("pg_dump") is None, reason="needs PostgreSQL's programs"),
]
BACK_UP = ["pg_dump", "--format=custom", "--file"]
RESTORE = ["pg_restore", "--exit-on-error", "--no-owner", "--single-transaction"]


@pytest.fixture
def restored(tmp_path):
    """Return a function that backs up, and one that goes on in a restored copy."""
    back_up = tmp_path / "chargebook.dump"
    name = connection.settings_dict["NAME"]

    def run(words, database) -> None:
        subprocess.run(words, env={**os.environ, **parts_of(database)}, check=True)

    def use(database) -> None:
        connection.close()
        connection.close_pool()
        connection.settings_dict["NAME"] = database

    @contextmanager
    def in_restored_copy():
        with new_database("restored") as url:
            run([*RESTORE, "--dbname", parts_of(url)["PGDATABASE"], str(back_up)], url)
            use(parts_of(url)["PGDATABASE"])
            try:
                yield
            finally:
                use(name)

    def take() -> None:
        run([*BACK_UP, str(back_up)], url_of(name))

    return take, in_restored_copy


def everything() -> dict[str, list[tuple]]:
    """Return all rows of all tables."""
    with connection.cursor() as cursor:
        tables = connection.introspection.table_names(cursor)
        rows = {}
        for table in tables:
            cursor.execute(f'SELECT * FROM "{table}" ORDER BY 1')
            rows[table] = cursor.fetchall()
    return rows


def book(client, driver, slot) -> BookingRequest:
    """Ask for a slot by the portal's form."""
    form = {
        "site": slot.location.pk,
        "evse": slot.evse.pk,
        "start": instant(slot.start_at),
        "minutes": slot.minutes,
        "driver": driver.pk,
        "reference": f"At {slot.start_at:%H}",
        "submission_key": uuid.uuid4(),
    }
    answer = client.post("/bookings/new/", form)
    assert answer.status_code == 302, answer.content
    return BookingRequest.objects.latest("pk")


def statuses() -> dict[int, tuple[str, bool]]:
    return {
        booking.pk: (booking.status, booking.made_elsewhere) for booking in Booking.objects.all()
    }


def test_after_a_restore_nothing_is_lost_or_booked_twice(
    as_manager, ask, driver, evse, operator, workers, restored
):
    take_back_up, in_restored_copy = restored
    start = next_noon()
    hours = [slot_of(evse, start + timedelta(hours=number)) for number in range(4)]
    approved = book(as_manager, driver, hours[0])
    workers.submit()
    decide_pending(operator)
    workers.poll()
    workers.send_mails()
    pending = book(as_manager, driver, hours[1])
    workers.submit()
    # Any charger will do, so that a second one would be free for the same request.
    somewhere = Slot(
        evse.charge_point.location, None, Criteria(), hours[2].start_at, hours[2].end_at
    )
    queued = ask(somewhere).request
    take_back_up()
    at_back_up = everything()

    # Life goes on until all is lost.
    workers.submit()
    later = book(as_manager, driver, hours[3])
    workers.submit()
    decide_pending(operator)
    workers.poll()
    sent, held = set(operator.requests), dict(operator.bookings)
    assert len(sent) == len(held) == 4

    with in_restored_copy():
        assert everything() == at_back_up
        call_command("migrate", check_unapplied=True, verbosity=0)
        call_command("after_restore")

        page = as_manager.get("/bookings/").content.decode()
        assert "At 1" in page
        workers.submit()
        workers.poll()
        workers.sync()

        assert set(operator.requests) == sent
        assert dict(operator.bookings) == held
        assert set(BookingRequest.objects.values_list("pk", "status", "ampeco_request_id")) == {
            (row.pk, "approved", number)
            for row, number in zip((approved, pending, queued), sorted(sent), strict=False)
        }
        # What was asked for after the back-up is there as well, as if made elsewhere.
        found = Booking.objects.get(made_elsewhere=True)
        assert (found.start_at, found.driver) == (later.start_at, driver)
        assert sorted(statuses().values()) == [("accepted", False)] * 3 + [("accepted", True)]
        assert str(found.pk) in as_manager.get(f"/bookings/{found.pk}/").content.decode()

        # And it goes on.
        book(as_manager, driver, slot_of(evse, start + timedelta(hours=6)))
        workers.submit()
        assert len(operator.requests) == 5
