"""A booking that runs at the small operator, and workers run by hand."""

import uuid
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db.models import F
from django.utils.timezone import now

from bookings.models import Actor, Booking
from drivers.models import Fleet
from remote import sending
from remote.actions import ask_charger
from remote.models import RemoteAction
from sandbox.world.world import World
from tests.faults.conftest import door  # noqa: F401 - the operator over HTTP
from tests.small_operator import *  # noqa: F403
from tests.small_operator import operator_world  # noqa: F401

PATHS = {"start": "/start", "stop": "/stop/", "unlock": "/unlock/"}


@pytest.fixture
def running(follow, operator) -> Booking:
    """A booking that began a while ago, whose driver has not plugged in by themselves."""
    operator.no_show_share = 1.0
    booking = follow(now() - timedelta(minutes=5), status="reserved")
    operator.set_booking_status(operator.bookings[booking.ampeco_booking_id], "reserved")
    return booking


@pytest.fixture
def tell(running, manager) -> Callable[..., RemoteAction]:
    """Ask the charger of the booking that runs for something, as a manager does."""

    def tell(kind: str = "start", **changes) -> RemoteAction:
        arguments = {"asked_by": Actor.MANAGER, "user": manager, "submission_key": uuid.uuid4()}
        return ask_charger(running, kind=kind, **(arguments | changes)).action

    return tell


@pytest.fixture
def send(ampeco_client) -> Callable[[], None]:
    """Let a worker do what is due."""

    def send() -> None:
        RemoteAction.objects.filter(status="unclear").update(next_attempt_at=now())
        sending.send_due(client=ampeco_client)

    return send


@pytest.fixture
def charging(tell, send, workers, running) -> Booking:
    """The booking, once its driver charges."""
    tell("start")
    send()
    workers.refresh()
    workers.read_sessions()
    running.refresh_from_db()
    return running


def let_drivers_start() -> None:
    Fleet.objects.update(drivers_may_start=True)


def let_pass(seconds: float) -> None:
    """Move what is open back in time, with the claims on it."""
    instants = ("created_at", "send_started_at", "lease_until", "next_attempt_at")
    RemoteAction.objects.filter(status__in=RemoteAction.OPEN).update(
        **{name: F(name) - timedelta(seconds=seconds) for name in instants}
    )


def was_told(operator: World, what: str) -> int:
    """Return how often chargers were told something, whatever came of it."""
    return sum(told.what == what for told in operator.told)


def states_of(action: RemoteAction) -> list[str]:
    """Return the history of an action."""
    return list(action.events.order_by("pk").values_list("to_status", flat=True))
