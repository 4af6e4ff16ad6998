"""A small operator, mirrored, and a series of nights at its site."""

from datetime import time, timedelta

import pytest
from django.utils.timezone import now

from bookings.models import Booking
from series.changing import begin_series
from series.models import Series
from tests.factories import VehicleFactory
from tests.small_operator import *  # noqa: F403
from tests.small_operator import (
    decide_all,
    forget_free_times,
    operator_world,  # noqa: F401
)


@pytest.fixture
def site(evse):
    return evse.charge_point.location


@pytest.fixture
def van(fleet, driver):
    return VehicleFactory(fleet=fleet, number="Van 1", usual_driver=driver, plugs=[], dc_kw=None)


@pytest.fixture
def tomorrow(site):
    return now().astimezone(site.zone).date() + timedelta(days=1)


@pytest.fixture
def nights(fleet, driver, site, evse, tomorrow):
    """Return a function that makes a series of nights, not saved, unless said otherwise."""

    def nights(count=3, **changes) -> Series:
        values = {
            "fleet": fleet,
            "weekdays": list(range(7)),
            "start_time": time(20),
            "end_time": time(4),
            "first_day": tomorrow,
            "last_day": tomorrow + timedelta(days=count - 1),
            "driver": driver,
            "location": site,
            "evse": evse,
        }
        return Series(**(values | changes))

    return nights


@pytest.fixture
def begun(nights, manager, workers, operator) -> Series:
    """A series of four nights, approved by the operator."""
    series = nights(4)
    begin_series(series, user=manager)
    decide_all(operator, workers)
    assert set(Booking.objects.values_list("status", flat=True)) == {"accepted"}
    forget_free_times()
    return series
