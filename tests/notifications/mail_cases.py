"""What mails are written about; a test module gets it by `pytest_plugins`."""

import pytest
import time_machine

from tests.factories import (
    BookingFactory,
    BookingRequestFactory,
    DriverFactory,
    EvseFactory,
    LocationFactory,
)
from tests.notifications.mail_situations import FRIDAY, OVERNIGHT, Stage


@pytest.fixture
def friday():
    """It is the Friday before the overnight, and time goes on."""
    with time_machine.travel(FRIDAY.timestamp(), tick=True):
        yield


@pytest.fixture
def dana(fleet):
    return DriverFactory(email="dana@hudson.example", last_name="Reyes", fleet=fleet)


@pytest.fixture
def brooklyn():
    return LocationFactory(
        name="Depot Brooklyn",
        address="12 Wallabout St, Brooklyn, NY 11249",
        how_to_get_in="Gate on the north side.\nPIN at the intercom.",
        access_methods=["INTERCOM", "ACCESS_CODE"],
        always_open=False,
        opening_hours={"monday": [["06:00", "23:00"]], "tuesday": [["05:00", "23:00"]]},
    )


@pytest.fixture
def bay(brooklyn):
    return EvseFactory(charge_point__location=brooklyn, label="A-12", physical_reference="BK-0012")


@pytest.fixture
def asked(friday, fleet, manager, dana, bay):
    """A request that the operator has, for an overnight stay at a certain charger."""
    manager.name = "Maria Okafor"
    manager.save()
    start, end = OVERNIGHT
    booking = BookingFactory(
        fleet=fleet,
        driver=dana,
        evse=bay,
        start_at=start,
        end_at=end,
        reference="Tour 7 & 8",
        created_by=manager,
    )
    return BookingRequestFactory(pending=True, booking=booking, created_by=manager)


@pytest.fixture
def stage(friday, fleet, manager, dana, bay) -> Stage:
    manager.name = "Maria Okafor"
    manager.save()
    start, end = OVERNIGHT
    booking = BookingFactory(
        accepted=True,
        fleet=fleet,
        driver=dana,
        evse=bay,
        start_at=start,
        end_at=end,
        reference="Tour 7 & 8",
        created_by=manager,
    )
    return Stage(
        booking=booking,
        manager=manager,
        dana=dana,
        ben=DriverFactory(
            email="ben@hudson.example", first_name="Ben", last_name="Ito", fleet=fleet
        ),
        bay=bay,
        other_bay=EvseFactory(
            charge_point__location=bay.charge_point.location,
            label="B-2",
            physical_reference="BK-0020",
        ),
    )
