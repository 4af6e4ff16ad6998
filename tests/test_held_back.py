"""While no call would be sent no sweep takes anything up; one finds out when it is over."""

from datetime import timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.utils.timezone import now

from ampeco.client import AmpecoClient
from ampeco.connection import CIRCUIT_KEY, set_client
from bookings import tasks
from bookings.models import Booking, BookingRequest
from drivers.tasks import sync_drivers
from mirror.models import SyncRun
from series.tasks import ask_for_dates
from sites.tasks import sync_sites
from tests.small_operator import *  # noqa: F403 - a site of the operator, and workers by hand
from upstream.circuit_breaker import FAILURES_TO_OPEN, CacheCircuitBreaker

pytestmark = pytest.mark.django_db

SWEEPS = (
    tasks.sweep_queued,
    tasks.poll_requests,
    tasks.refresh_bookings,
    tasks.refresh_sessions,
    tasks.sync_bookings,
    sync_sites,
    sync_drivers,
    ask_for_dates,
)


class HeldBack:
    """A client that may send nothing; whoever tries fails the test."""

    def held_back_for(self) -> float:
        return 5.0

    def __getattr__(self, name: str) -> Any:
        raise AssertionError(f"{name} was asked for.")


def rows(model: type[Any]) -> list[dict[str, Any]]:
    return list(model.objects.order_by("pk").values())


@pytest.mark.parametrize("sweep", SWEEPS, ids=lambda sweep: sweep.name)
def test_nothing_is_taken_up(sweep, ask, slot, confirmed):
    ask(slot)
    BookingRequest.objects.update(next_attempt_at=now() - timedelta(minutes=1))
    Booking.objects.update(refresh_at=now() - timedelta(minutes=1))
    before = [rows(model) for model in (BookingRequest, Booking, SyncRun)]
    set_client(HeldBack())  # type: ignore[arg-type]
    sweep()
    assert [rows(model) for model in (BookingRequest, Booking, SyncRun)] == before


@pytest.fixture
def circuit(ampeco_client, wire, settings) -> CacheCircuitBreaker:
    """The circuit of the portal's client, which is closed."""
    circuit = CacheCircuitBreaker(cache, CIRCUIT_KEY)
    set_client(
        AmpecoClient(
            base_url=settings.AMPECO_BASE_URL,
            token=settings.AMPECO_API_TOKEN,
            transport=wire,
            circuit=circuit,
        )
    )
    return circuit


def open_it(circuit: CacheCircuitBreaker) -> None:
    for _ in range(FAILURES_TO_OPEN):
        circuit.note_failure("no answer")


def test_a_request_waits_and_says_why_when_its_message_comes(circuit, request_row, wire):
    open_it(circuit)
    before = len(wire.sent)
    tasks.submit_requests()
    request_row.refresh_from_db()
    assert (request_row.status, request_row.trouble) == ("queued", "unreachable")
    assert request_row.send_started_at is None
    assert len(wire.sent) == before


def test_a_silent_operator_is_asked_again_though_there_is_nothing_to_ask(
    circuit, operator, wire, time_machine
):
    time_machine.move_to(now(), tick=False)
    open_it(circuit)
    operator.faults.add("server-error")
    tasks.sweep_queued()
    assert wire.sent == []

    time_machine.shift(10)
    tasks.sweep_queued()
    tasks.sweep_queued()
    assert len(wire.sent) == 1
    assert circuit.state().opened_at is not None

    operator.faults.clear()
    time_machine.shift(30)
    tasks.sweep_queued()
    assert circuit.state().opened_at is None
    sent = len(wire.sent)
    tasks.sweep_queued()
    assert len(wire.sent) == sent
