import pytest
from django.core.cache import cache

from ampcontrol.connection import PLATFORM as AMPCONTROL
from ampeco.connection import CIRCUIT_KEY, note_accepted, note_refused
from upstream.circuit_breaker import FAILURES_TO_OPEN, CacheCircuitBreaker

pytestmark = pytest.mark.django_db


def test_managers_and_staff_see_that_the_operator_refuses_us(client, manager, staff):
    client.force_login(manager)
    assert "temporarily unavailable" not in client.get("/bookings/").content.decode()
    note_refused()
    assert "Booking is temporarily unavailable" in client.get("/bookings/").content.decode()
    client.force_login(staff)
    assert "refuses the portal" in client.get("/back-office/").content.decode()
    note_accepted()
    assert "refuses the portal" not in client.get("/back-office/").content.decode()


def test_managers_and_staff_see_that_the_operator_does_not_answer(client, manager, staff):
    circuit = CacheCircuitBreaker(cache, CIRCUIT_KEY)
    for _ in range(FAILURES_TO_OPEN):
        circuit.note_failure("answers 503")
    client.force_login(manager)
    assert "is not responding at the moment" in client.get("/sites/").content.decode()
    client.force_login(staff)
    assert "AMPECO does not work (answers 503): calls are held back since" in (
        client.get("/back-office/").content.decode()
    )
    circuit.note_answer()
    assert "calls are held back" not in client.get("/back-office/").content.decode()


def test_staff_alone_see_that_ampcontrol_does_not_work(client, manager, staff, settings):
    settings.AMPCONTROL_BASE_URL = "https://api.ampcontrol.example"
    settings.AMPCONTROL_API_TOKEN = "token"
    for _ in range(FAILURES_TO_OPEN):
        AMPCONTROL.circuit().note_failure("answers 503")
    client.force_login(manager)
    assert "not responding" not in client.get("/sites/").content.decode()
    client.force_login(staff)
    assert "Ampcontrol does not work (answers 503)" in client.get("/back-office/").content.decode()
    # What bookings depend on goes first.
    note_refused()
    assert "AMPECO refuses the portal" in client.get("/back-office/").content.decode()
