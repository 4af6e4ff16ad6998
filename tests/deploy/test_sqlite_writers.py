"""Several processes write to the demo's one file of SQLite at once, and none is turned away."""

import sqlite3

import pytest

from tests.deploy.own_database import start

WRITERS, ROUNDS = 4, 8
# What the demo's processes write, each at the same time as the others, without pause.
WRITE = f"""
import django; django.setup()
from datetime import timedelta
from django.utils import timezone
from sync.schedule import claim_due, schedule
from mirror.work import claim
from bookings.models import Booking, BookingRequest
from notifications.reminders import plan_due_reminders
from bookings.state.moves import move_request
from telemetry.sweeps import forget_notes, note_success
from tests.factories import BookingRequestFactory
import os
from tests import factories
for factory in vars(factories).values():
    if hasattr(factory, "reset_sequence") and factory.__module__ == factories.__name__:
        factory.reset_sequence(1000 * int(os.environ["WRITER"]), force=True)
soon = timezone.now() + timedelta(minutes=30)
for number in range({ROUNDS}):
    request = BookingRequestFactory()
    move_request(request, to="approved", actor="operator", ampeco_booking_id=None)
    Booking.objects.filter(pk=request.booking_id).update(
        reminder_at=timezone.now(), refresh_at=timezone.now(), start_at=soon
    )
    claim(BookingRequest.objects.all(), now=timezone.now(), seconds=1, limit=50)
    claim_due(Booking.objects.all(), now=timezone.now(), limit=50)
    schedule(Booking.objects.all(), timezone.now())
    plan_due_reminders()
    forget_notes()
    note_success("poll-requests", seconds=0.1)
"""
# The tables as the models have them, without the time that all migrations take.
MAKE = """
import django; django.setup()
from django.apps import apps
from django.conf import settings
from django.core.management import call_command
settings.MIGRATION_MODULES = {app.label: None for app in apps.get_app_configs()}
call_command("migrate", run_syncdb=True, verbosity=0)
"""


@pytest.fixture
def demo_database(tmp_path):
    url = f"sqlite:///{tmp_path / 'demo.sqlite3'}"
    made = start("-c", MAKE, database=url)
    said, _ = made.communicate(timeout=300)
    assert made.returncode == 0, said
    return url


def test_no_writer_finds_the_file_locked(demo_database):
    writers = [start("-c", WRITE, database=demo_database, WRITER=f"{n}") for n in range(WRITERS)]
    said = [writer.communicate(timeout=300)[0] for writer in writers]

    assert [writer.returncode for writer in writers] == [0] * WRITERS, said
    assert "locked" not in "".join(said)
    with sqlite3.connect(demo_database.removeprefix("sqlite:///")) as database:
        (settled,) = database.execute(
            "SELECT count(*) FROM bookings_bookingrequest WHERE status = 'approved'"
        ).fetchone()
    assert settled == WRITERS * ROUNDS
