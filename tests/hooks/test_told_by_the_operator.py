"""From a plug at the operator's charger to the portal's page, over HTTP both ways."""

import threading
from datetime import timedelta

import pytest
import time_machine
from django.core.handlers.wsgi import WSGIHandler
from django.core.management import call_command
from django.utils.timezone import now
from werkzeug.serving import make_server

from bookings.models import Booking
from config.celery import app
from sandbox.notices.delivery import notifier_of
from sandbox.server import QuietHandler
from tests.hooks.conftest import take_messages
from tests.hooks.test_readings import work
from tests.small_operator import *  # noqa: F403
from tests.small_operator import let_a_minute_pass, operator_world  # noqa: F401

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("messages", "still")]

MINUTE = timedelta(minutes=1)


@pytest.fixture
def portal(settings):
    """The portal as a web server of its own, which the operator can reach."""
    server = make_server("127.0.0.1", 0, WSGIHandler(), request_handler=QuietHandler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    settings.SITE_URL = f"http://127.0.0.1:{server.port}"
    yield settings.SITE_URL
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def pass_time(operator):
    """Let time pass here and there, in which the sweeps of the portal do what is due."""
    with time_machine.travel(now().timestamp(), tick=False) as clock:
        app.loader.import_default_modules()

        def pass_time(length: timedelta) -> None:
            clock.shift(length)
            operator.clock.freeze(now())
            app.tasks["bookings.tasks.refresh_bookings"]()
            app.tasks["bookings.tasks.refresh_sessions"]()
            take_messages()
            let_a_minute_pass()

        yield pass_time


def test_a_booking_is_read_when_its_driver_plugs_in_and_when_the_charge_ends(
    portal, follow, operator, pass_time
):
    operator.no_show_share = 0.0
    booking = follow(now() - 2 * MINUTE, length=timedelta(minutes=40))
    call_command("ampeco_notifications", "subscribe")
    notifier = notifier_of(operator)
    notifier.work()
    pass_time(timedelta(0))
    booking.refresh_from_db()
    assert booking.refresh_at > now() + 45 * timedelta(seconds=1)

    # Plugged in, a few seconds after the portal looked: it will look again in a minute.
    operator.clock.freeze(booking.start_at + 3 * MINUTE)
    with time_machine.travel(booking.refresh_at - timedelta(seconds=20), tick=False):
        operator.start_session(operator.bookings[booking.ampeco_booking_id])
        app.tasks["bookings.tasks.refresh_bookings"]()
        booking.refresh_from_db()
        assert booking.status in Booking.CONFIRMED
        assert notifier.work() == 1
        work()
    booking.refresh_from_db()
    assert booking.status == Booking.Status.COMPLETED
    session = booking.charging_session

    for _ in range(3):
        pass_time(MINUTE)
    session.refresh_from_db()
    assert session.status == "active"
    sooner = session.refresh_at - timedelta(seconds=20)
    operator.sessions[int(session.ampeco_session_id)].stops_at = sooner
    operator.clock.freeze(sooner)
    with time_machine.travel(sooner, tick=False):
        app.tasks["bookings.tasks.refresh_sessions"]()
        session.refresh_from_db()
        assert session.status == "active"
        assert notifier.work() == 1
        work()
    session.refresh_from_db()
    assert session.status == "finished"
    assert [each.status for each in notifier.deliveries] == [202, 202]
