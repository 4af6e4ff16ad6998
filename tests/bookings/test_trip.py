"""The trip of a booking, from the form to both mails, passes few files."""

import os
import sys
import uuid

import pytest
from django.conf import settings
from django.core import mail
from django.urls import reverse

from bookings.models import Booking
from tests.small_operator import next_hour
from tools.trip import Trip

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.skipif(
        not settings.CACHE_URL.startswith("locmem"), reason="counted with a cache in memory"
    ),
]
# Limits, downtime, vehicles, series and the waiting list stand on the way, though this booking has
# none, prices and what chargers are told, and what answers other platforms; the connection is one
# for both platforms.
FILES = 73
# Of them four only where the booking begins or ends on another day at its site.
CHANGES = 411


def test_the_trip_of_a_booking(as_manager, operator, evse, driver, workers):
    start = next_hour()
    answers = {
        "site": evse.charge_point.location_id,
        "evse": evse.pk,
        "start": f"{start:%Y-%m-%dT%H:%M:%SZ}",
        "minutes": 60,
        "driver": driver.pk,
        "reference": "",
        "submission_key": uuid.uuid4(),
    }
    # What is read and compiled once in a process is no part of the trip.
    assert as_manager.get(reverse("bookings:new"), answers).status_code == 200
    trip = Trip()
    with trip.counted():
        response = as_manager.post(reverse("bookings:new"), answers)
        assert response.status_code == 302, response.content.decode()
        workers.submit()
    for asked in list(operator.requests.values()):
        operator.decide(asked)
    with trip.counted():
        workers.poll()
        workers.send_mails()

    assert Booking.objects.get().status == Booking.Status.ACCEPTED
    assert len(mail.outbox) == 2
    if os.environ.get("TRIP_REPORT"):
        sys.stdout.write(f"\n{trip.report()}\n")
    assert len(trip.files) <= FILES
    assert trip.changes <= CHANGES
