"""A vehicle that Ampcontrol knows, and what may be written there."""

import pytest

from ampcontrol.switches import Switch
from tests.energy.departures.pretend import Ampcontrol
from tests.energy.factories import RemoteVehicleFactory, link_vehicle
from tests.factories import LocationFactory, VehicleFactory


@pytest.fixture(autouse=True)
def _on(settings):
    settings.AMPCONTROL_BASE_URL = "https://ampcontrol.example"
    settings.AMPCONTROL_API_TOKEN = "test"
    settings.AMPCONTROL_WRITES = [each.value for each in Switch]


@pytest.fixture
def ampcontrol() -> Ampcontrol:
    return Ampcontrol()


@pytest.fixture
def vehicle(fleet):
    site = LocationFactory(name="Pier 9", timezone="America/New_York")
    return VehicleFactory(fleet=fleet, number="Van 14", plate="", home_site=site)


@pytest.fixture
def link(vehicle, ampcontrol):
    remote = RemoteVehicleFactory(remote_id="rv-14")
    ampcontrol.add("rv-14")
    return link_vehicle(vehicle, remote)
