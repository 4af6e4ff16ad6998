"""What one POST of the booking form costs the database: each thing is read once."""

import uuid

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from bookings.models import Booking
from sites.models import ChargePoint
from tests.small_operator import next_hour

pytestmark = pytest.mark.django_db
# Who asks, chargers with their site, driver, the same form, what overlaps, and the
# three rows that are written in one transaction, whose begin and end count, too.
MOST_QUERIES = 11


@pytest.mark.parametrize(("kind", "more"), [("charger", 0), ("any", 0), ("private", 1)])
def test_a_post_reads_each_thing_once(as_manager, fleet, evse, driver, kind, more):
    if kind == "private":
        evse.charge_point.type = ChargePoint.Type.PRIVATE
        evse.charge_point.ampeco_partner_id = fleet.ampeco_partner_id
        evse.charge_point.save()
        driver.private_access.get_or_create(ampeco_partner_id=fleet.ampeco_partner_id)
    start = next_hour()
    answers = {
        "site": evse.charge_point.location_id,
        **({"any": 1, "current": "dc"} if kind == "any" else {"evse": evse.pk}),
        "start": f"{start:%Y-%m-%dT%H:%M:%SZ}",
        "minutes": 60,
        "driver": driver.pk,
        "reference": "",
        "submission_key": uuid.uuid4(),
    }
    as_manager.get(reverse("bookings:new"), answers)
    with CaptureQueriesContext(connection) as captured:
        response = as_manager.post(reverse("bookings:new"), answers)
    assert response.status_code == 302
    assert Booking.objects.count() == 1
    asked = [each["sql"] for each in captured]
    assert len(asked) <= MOST_QUERIES + more, "\n".join(asked)
