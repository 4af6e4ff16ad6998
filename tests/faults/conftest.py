"""The operator's site with workers run by hand, and three books to compare when it is over."""

import json
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

import httpx
import pytest
import time_machine
from django.db.models import F
from django.utils.timezone import now

from bookings.models import Booking, BookingRequest
from notifications.models import Notification
from sandbox.world.world import World
from tests.faults.killed import Door, serve
from tests.operator_fixture import Wire
from tests.small_operator import *  # noqa: F403 - a site of the operator, and workers by hand
from tests.small_operator import operator_world  # noqa: F401

PATH = "/resources/booking-requests/v1.0"
# What the operator's own rules call an end of a booking.
OVER = frozenset({"cancelled", "failed", "no-show"})


def is_post(request: httpx.Request) -> bool:
    """Whether a call asks for a booking, a change or a cancellation."""
    return request.method == "POST" and request.url.path.endswith(PATH)


def is_search(request: httpx.Request) -> bool:
    """Whether a call looks requests up."""
    return request.method == "GET" and request.url.path.endswith(PATH)


class Slow:
    """A way to the operator on which the next asks get stuck: the caller's patience ends first.

    They arrive when the test lets them, as with a proxy that goes on holding what it has taken.
    """

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self._stuck: list[httpx.Request] = []
        self._catch = 0
        wire.intercept = self._take

    def catch(self, count: int = 1) -> None:
        """Let the next asks get stuck."""
        self._catch += count

    def _take(self, request: httpx.Request) -> httpx.Response | None:
        if self._catch and is_post(request):
            self._catch -= 1
            self._stuck.append(request)
            raise httpx.ReadTimeout("No answer in time.", request=request)
        return None

    def arrive(self) -> None:
        """Let what is stuck arrive; nobody waits for the answer any more."""
        intercept, self._wire.intercept = self._wire.intercept, None
        for request in self._stuck:
            self._wire.handle_request(request)
        self._stuck.clear()
        self._wire.intercept = intercept

    def before(self, part: str, *, method: str = "GET") -> None:
        """Let what is stuck arrive right before the next call whose path contains `part`."""
        passed = self._wire.intercept

        def look(request: httpx.Request) -> httpx.Response | None:
            if part in request.url.path and request.method == method:
                self._wire.intercept = passed
                self.arrive()
            return passed(request) if passed else None

        self._wire.intercept = look


@pytest.fixture
def slow(wire: Wire) -> Slow:
    return Slow(wire)


@pytest.fixture
def door(operator: World, settings) -> Iterator[Door]:
    """The operator over HTTP, for workers in processes of their own."""
    with serve(operator, token=settings.AMPECO_API_TOKEN) as door:
        yield door


@contextmanager
def later(**length: float) -> Iterator[datetime]:
    """Be some time ahead, with a clock that stands still."""
    at = now() + timedelta(**length)
    with time_machine.travel(at, tick=False):
        yield at


def let_pass(seconds: float) -> None:
    """Move all that the workers wait for into the past, as if so much time had gone by.

    For tests with other processes, whose clocks cannot be turned.
    """
    ago = timedelta(seconds=seconds)
    BookingRequest.objects.update(
        **{
            name: F(name) - ago
            for name in ("next_attempt_at", "lease_until", "send_started_at", "created_at")
        }
    )
    Notification.objects.update(
        next_attempt_at=F("next_attempt_at") - ago, lease_until=F("lease_until") - ago
    )
    Booking.objects.update(changed_at=F("changed_at") - ago)


def live_upstream(operator: World) -> list:
    """Return the bookings that the operator holds for somebody."""
    return [each for each in operator.bookings.values() if each.status not in OVER]


def reconcile(operator: World) -> None:
    """Compare what the portal says with what the operator holds; fail on any difference.

    Every request is settled, every booking that stands here is held there as it is here, and none
    is held there that does not stand here. Nobody is told anything twice.
    """
    undecided = BookingRequest.objects.exclude(status__in=BookingRequest.SETTLED)
    assert not undecided.exists(), list(undecided.values_list("pk", "kind", "status", "trouble"))
    ours = {
        booking.ampeco_booking_id: (
            booking.driver.ampeco_user_id,
            booking.start_at,
            booking.end_at,
            booking.status,
        )
        for booking in Booking.objects.filter(status__in=Booking.CONFIRMED).select_related("driver")
    }
    theirs = {
        each.id: (each.user_id, each.start_at, each.end_at, each.status)
        for each in live_upstream(operator)
    }
    assert ours == theirs
    assert not Booking.objects.exclude(open_change="").exists()
    told = Counter(
        Notification.objects.values_list("booking", "kind", "recipient_email", "request", "event")
    )
    assert [each for each, count in told.items() if count > 1] == []


def body_of(request: httpx.Request) -> dict:
    """Return what a call sends."""
    return json.loads(request.content)
