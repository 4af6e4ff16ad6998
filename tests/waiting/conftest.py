"""A small operator, mirrored, a slot that is taken, and fleets that wait for it."""

from dataclasses import replace
from datetime import timedelta

import pytest
from django.utils.timezone import now

from bookings.actions.change import request_cancellation
from bookings.models import Actor, Booking
from drivers.permissions import current_drivers
from sites.models import Evse
from sites.selectors import Criteria
from tests.factories import DriverFactory
from tests.small_operator import *  # noqa: F403
from tests.small_operator import (
    decide_all,
    forget_free_times,
    operator_world,  # noqa: F401
)
from waiting.actions import Wanted, put_on_list
from waiting.looking import look_at_site
from waiting.models import Wish

HOUR = timedelta(hours=1)


@pytest.fixture
def wanted(evse, confirmed, driver):
    """What the fleet has booked already, wanted once more for somebody else."""
    return Wanted(
        location=evse.charge_point.location,
        evse=evse,
        criteria=Criteria(),
        radius_km=0,
        window_start=confirmed.start_at,
        window_end=confirmed.end_at,
        minutes=60,
        earliest_clock=None,
        latest_clock=None,
        vehicle=None,
        driver=None,
        by_itself=False,
        reference="Tour 7",
    )


@pytest.fixture
def wait(fleet, manager, driver, wanted):
    """Put on a list what is taken, for another driver each time."""
    known = current_drivers(fleet).filter(status="enabled")
    others = iter(known.exclude(pk=driver.pk).order_by("pk"))

    def wait(of=fleet, user=manager, **changes) -> Wish:
        if "driver" not in changes:
            changes["driver"] = next(others) if of == fleet else DriverFactory(fleet=of)
        return put_on_list(of, replace(wanted, **changes), user=user)

    return wait


@pytest.fixture
def cancel(confirmed, workers, operator, manager):
    """Cancel what is booked, and let the operator agree."""

    def cancel() -> None:
        booking = Booking.objects.get(pk=confirmed.pk)
        request_cancellation(booking=booking, asked_by=Actor.MANAGER, user=manager)
        decide(operator, workers)

    return cancel


def decide(operator, workers) -> None:
    """Send what is queued and let the operator decide all of it."""
    decide_all(operator, workers)
    forget_free_times()


def look(evse: Evse, **at) -> bool:
    """Look at the site as a worker does that was told of something."""
    return look_at_site(evse.charge_point.location_id, freed=True, **at)


def state_of(wish: Wish) -> str:
    wish.refresh_from_db()
    return wish.state


def history_of(wish: Wish) -> list[str]:
    return list(wish.events.values_list("what", flat=True))


def soon(**later: int):
    return now() + timedelta(**later)
