"""What the first screen says of plugs and chargers."""

from datetime import timedelta
from html import unescape

import pytest
from django.utils.timezone import now

from energy.models import Alert, VehicleNow
from tests.energy.factories import (
    AlertFactory,
    RemoteConnectorFactory,
    RemoteVehicleFactory,
    SessionFactory,
    VehicleNowFactory,
    link_evse,
    link_vehicle,
)
from tests.factories import BookingFactory, EvseFactory, VehicleFactory

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("still", "_ampcontrol")]

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
SECTION = 'id="troubles-title"'
NOT_PLUGGED_IN = "is not plugged in, though it is booked since"


@pytest.fixture
def _ampcontrol(settings):
    settings.AMPCONTROL_BASE_URL = "https://ampcontrol.example"
    settings.AMPCONTROL_API_TOKEN = "token"


@pytest.fixture
def van(fleet):
    return VehicleFactory(fleet=fleet, number="Van 14")


@pytest.fixture
def connector():
    return RemoteConnectorFactory()


@pytest.fixture
def evse(connector):
    evse = EvseFactory(label="Bay 3", physical_reference="", charge_point__location__name="Pier 40")
    link_evse(evse, connector)
    return evse


@pytest.fixture
def booking(fleet, van, evse):
    """A booking of the van that has been running for 20 minutes."""
    return BookingFactory(
        fleet=fleet,
        vehicle=van,
        evse=evse,
        accepted=True,
        start_at=now() - 20 * MINUTE,
        end_at=now() + 2 * HOUR,
    )


@pytest.fixture
def remote(van):
    remote = RemoteVehicleFactory()
    link_vehicle(van, remote)
    return remote


@pytest.fixture
def told(van, remote):
    """It was told two minutes ago that the van is not plugged in."""
    return VehicleNowFactory(vehicle=van, plugged_in=False, plugged_in_at=now() - 2 * MINUTE)


def page_of(client) -> str:
    answer = client.get("/")
    assert answer.status_code == 200
    return unescape(answer.content.decode())


def part_of(client) -> str:
    """Return what the first screen says of plugs and chargers; "" where it says nothing."""
    page = page_of(client)
    return page.split(SECTION)[1].split("</section>")[0] if SECTION in page else ""


def test_who_is_booked_and_not_plugged_in_is_named(as_manager, booking, told):
    part = part_of(as_manager)
    assert f"Van 14 {NOT_PLUGGED_IN}" in part
    assert "Bay 3 · Pier 40" in part
    assert "2 min ago" in part
    assert f'href="/bookings/{booking.pk}/"' in part
    assert "Nothing needs your attention" not in page_of(as_manager)


@pytest.mark.parametrize(
    "changes",
    [
        {"start_at": timedelta(minutes=-9)},
        {"start_at": timedelta(hours=1)},
        {"start_at": timedelta(hours=-3), "end_at": timedelta(minutes=-5)},
        {"status": "requested", "ampeco_booking_id": None},
        {"status": "completed"},
        {"status": "cancelled"},
        {"vehicle": None},
    ],
    ids=str,
)
def test_it_is_too_early_too_late_or_no_matter(as_manager, booking, told, changes):
    for name, value in changes.items():
        setattr(booking, name, now() + value if isinstance(value, timedelta) else value)
    booking.save()
    assert part_of(as_manager) == ""


@pytest.mark.parametrize(
    "changes",
    [
        {"plugged_in": True},
        {"plugged_in": None},
        {"plugged_in_at": None},
        {"plugged_in_at": timedelta(hours=-3)},
    ],
    ids=str,
)
def test_nothing_is_said_of_what_is_not_known(as_manager, booking, told, changes):
    values = {
        name: now() + value if isinstance(value, timedelta) else value
        for name, value in changes.items()
    }
    VehicleNow.objects.update(**values)
    assert part_of(as_manager) == ""


def test_a_session_at_the_booked_charger_counts_for_more_than_telematics(
    as_manager, booking, told, connector, remote
):
    SessionFactory(connector_remote_id=connector.remote_id, vehicle_remote_id=remote.remote_id)
    assert part_of(as_manager) == ""


def test_another_charger_than_the_booked_one_is_said(as_manager, booking, told, remote):
    VehicleNow.objects.update(plugged_in=True)
    other = RemoteConnectorFactory()
    link_evse(EvseFactory(), other)
    SessionFactory(connector_remote_id=other.remote_id, vehicle_remote_id=remote.remote_id)
    assert "Van 14 is plugged in at another charger than the one booked for it." in part_of(
        as_manager
    )


def test_an_alert_on_a_booked_charger_leads_to_the_booking_in_words(
    as_manager, booking, connector, fleet, evse
):
    BookingFactory(fleet=fleet, evse=evse, accepted=True, start_at=now() + 5 * HOUR)
    AlertFactory(
        name="GROUND_FAILURE",
        connector_remote_id=connector.remote_id,
        raised_at=now() - 3 * MINUTE,
    )
    part = part_of(as_manager)
    assert "protection against earth faults has tripped" in part
    assert "GROUND_FAILURE" not in part
    assert "3 min ago" in part
    assert part.count(f'href="/bookings/{booking.pk}/"') == part.count("<li") == 1


def test_an_alert_on_a_charge_point_concerns_its_chargers(as_manager, booking, connector):
    AlertFactory(charge_point_remote_id=connector.charge_point.remote_id)
    assert f'href="/bookings/{booking.pk}/"' in part_of(as_manager)


@pytest.mark.parametrize("booked", [True, False])
def test_an_alert_on_an_own_vehicle_leads_to_its_booking_or_its_page(
    as_manager, request, van, remote, booked
):
    page = f"/vehicles/{van.pk}/"
    if booked:
        page = f"/bookings/{request.getfixturevalue('booking').pk}/"
    else:
        BookingFactory(fleet=van.fleet)
    AlertFactory(name="SOMETHING_NEW", vehicle_remote_id=remote.remote_id)
    part = part_of(as_manager)
    assert "Van 14" in part
    assert "says that something wants attention" in part
    assert f'href="{page}"' in part


@pytest.mark.parametrize(
    "changes",
    [
        {"status": "Resolved"},
        {"raised_at": timedelta(days=-8)},
        {"retired_at": timedelta()},
    ],
    ids=str,
)
def test_what_is_over_is_not_said(as_manager, booking, connector, changes):
    AlertFactory(connector_remote_id=connector.remote_id)
    assert part_of(as_manager)
    values = {
        name: now() + value if isinstance(value, timedelta) else value
        for name, value in changes.items()
    }
    Alert.objects.update(**values)
    assert part_of(as_manager) == ""


def test_nothing_is_said_of_alerts_once_ampcontrol_is_switched_off(
    as_manager, booking, connector, settings
):
    AlertFactory(connector_remote_id=connector.remote_id)
    settings.AMPCONTROL_BASE_URL = ""
    assert part_of(as_manager) == ""


def test_each_thing_is_said_once_and_the_most_urgent_first(as_manager, booking, connector):
    for urgency, name in (("Low", "WEAK_SIGNAL"), ("Very High", "FAULTED"), ("High", "FAULTED")):
        AlertFactory(name=name, urgency=urgency, connector_remote_id=connector.remote_id)
    part = part_of(as_manager)
    assert part.count("reports a fault") == 1
    assert part.index("reports a fault") < part.index("connection to the network is weak")


def test_nothing_of_another_fleet_is_said(as_manager, other_fleet, booking, connector, fleet):
    theirs = RemoteVehicleFactory()
    link_vehicle(VehicleFactory(fleet=other_fleet, number="Theirs"), theirs)
    AlertFactory(vehicle_remote_id=theirs.remote_id)
    # At our charger, and about their vehicle.
    AlertFactory(vehicle_remote_id=theirs.remote_id, connector_remote_id=connector.remote_id)
    # At a charger that nobody of ours has booked.
    other = RemoteConnectorFactory()
    link_evse(EvseFactory(), other)
    AlertFactory(connector_remote_id=other.remote_id)
    assert part_of(as_manager) == ""


def test_more_vehicles_and_alerts_cost_no_more_queries(
    as_manager, fleet, django_assert_max_num_queries
):
    def fill() -> None:
        connector, remote, van = (
            RemoteConnectorFactory(),
            RemoteVehicleFactory(),
            VehicleFactory(fleet=fleet),
        )
        evse = EvseFactory()
        link_evse(evse, connector)
        link_vehicle(van, remote)
        VehicleNowFactory(vehicle=van, plugged_in=False, plugged_in_at=now())
        AlertFactory(connector_remote_id=connector.remote_id)
        BookingFactory(
            fleet=fleet,
            vehicle=van,
            evse=evse,
            accepted=True,
            start_at=now() - HOUR,
            end_at=now() + HOUR,
        )

    fill()
    as_manager.get("/")
    with django_assert_max_num_queries(17) as first:
        as_manager.get("/")
    for _ in range(4):
        fill()
    with django_assert_max_num_queries(len(first)):
        assert NOT_PLUGGED_IN in page_of(as_manager)
