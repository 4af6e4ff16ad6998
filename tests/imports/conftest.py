"""A small operator, mirrored, and a van whose driver books at its site."""

import pytest
from django.urls import reverse

from tests.factories import VehicleFactory
from tests.small_operator import *  # noqa: F403
from tests.small_operator import operator_world  # noqa: F401


@pytest.fixture
def site(evse):
    return evse.charge_point.location


@pytest.fixture
def van(fleet, driver, site):
    return VehicleFactory(
        fleet=fleet,
        number="Van 1",
        plate="HPF 1",
        usual_driver=driver,
        home_site=site,
        plugs=[],
        dc_kw=None,
    )


@pytest.fixture
def send(as_manager, fleet):
    """Return a function that sends a form to one of the pages that take a file."""

    def send(kind, **data):
        return as_manager.post(reverse(f"imports:{kind}"), {"fleet": fleet.pk, **data})

    return send
