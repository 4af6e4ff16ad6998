import pytest

from mirror.operator_status import note_accepted, note_refused

pytestmark = pytest.mark.django_db


def test_managers_and_staff_see_that_the_operator_refuses_us(client, manager, staff):
    client.force_login(manager)
    assert "temporarily not possible" not in client.get("/bookings/").content.decode()
    note_refused()
    assert "Booking is temporarily not possible" in client.get("/bookings/").content.decode()
    client.force_login(staff)
    assert "refuses the portal" in client.get("/back-office/").content.decode()
    note_accepted()
    assert "refuses the portal" not in client.get("/back-office/").content.decode()
