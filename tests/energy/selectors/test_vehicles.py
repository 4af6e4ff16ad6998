"""What pages are told of vehicles."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils.timezone import now

from energy.models import Network
from energy.selectors.sites import site_facts
from energy.selectors.vehicles import last_sessions, vehicle_facts
from tests.energy.factories import (
    DepartureFactory,
    NetworkFactory,
    RemoteConnectorFactory,
    SessionFactory,
    VehicleNowFactory,
    link_evse,
    link_vehicle,
)
from tests.factories import VehicleFactory

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("still")]


def test_of_a_vehicle_that_nobody_knows_nothing_is_told():
    vehicle = VehicleFactory()

    facts = vehicle_facts([vehicle])[vehicle.pk]

    assert facts.state_of_charge.percent is None and not facts.state_of_charge.is_known
    assert (facts.is_linked, facts.plugged_in, facts.whereabouts, facts.charging) == (
        False,
        None,
        None,
        None,
    )


def test_a_state_of_charge_is_counted_on_for_two_hours():
    fresh = VehicleNowFactory(state_of_charge_at=now() - timedelta(minutes=119))
    stale = VehicleNowFactory(state_of_charge_at=now() - timedelta(minutes=121))

    facts = vehicle_facts([fresh.vehicle, stale.vehicle])

    assert facts[fresh.vehicle_id].state_of_charge.is_known
    old = facts[stale.vehicle_id].state_of_charge
    assert not old.is_known and old.percent == 62 and old.at == stale.state_of_charge_at


def test_a_charging_vehicle_has_its_session_power_and_charger():
    connector = RemoteConnectorFactory()
    evse = link_evse(connector=connector).evse
    link = link_vehicle()
    session = SessionFactory(
        vehicle_remote_id=link.remote_id,
        connector_remote_id=connector.remote_id,
        power_kw=Decimal(22),
        energy_kwh=Decimal(11),
    )
    SessionFactory(vehicle_remote_id="somebody else's")

    charging = vehicle_facts([link.vehicle])[link.vehicle_id].charging

    assert (charging.session, charging.evse) == (session, evse)
    assert (charging.kw, charging.kwh) == (22, 11)


def test_power_that_the_vehicle_just_told_is_shown_before_the_plan():
    link = link_vehicle()
    row = VehicleNowFactory(vehicle=link.vehicle, charging_kw=Decimal(17), told_at=now())
    SessionFactory(vehicle_remote_id=link.remote_id, power_kw=Decimal(22))
    assert vehicle_facts([link.vehicle])[link.vehicle_id].charging.kw == 17

    row.told_at = now() - timedelta(minutes=6)
    row.save()
    assert vehicle_facts([link.vehicle])[link.vehicle_id].charging.kw == 22


def test_a_session_that_was_read_long_ago_tells_no_power_and_no_end():
    link = link_vehicle()
    session = SessionFactory(
        vehicle_remote_id=link.remote_id,
        power_kw=Decimal(22),
        energy_kwh=Decimal(11),
        expected_end_at=now() + timedelta(hours=1),
        read_at=now() - timedelta(minutes=121),
    )
    charging = vehicle_facts([link.vehicle])[link.vehicle_id].charging
    assert (charging.kw, charging.kwh, charging.expected_end_at) == (None, 11, None)
    assert not charging.is_known

    # What the vehicle itself has just told counts all the same.
    VehicleNowFactory(vehicle=link.vehicle, charging_kw=Decimal(17), told_at=now())
    assert vehicle_facts([link.vehicle])[link.vehicle_id].charging.kw == 17

    session.read_at = now() - timedelta(minutes=119)
    session.save()
    charging = vehicle_facts([link.vehicle])[link.vehicle_id].charging
    assert charging.is_known and charging.expected_end_at == session.expected_end_at


def test_a_vehicle_that_was_unplugged_since_its_session_was_read_long_ago_does_not_charge():
    link = link_vehicle()
    session = SessionFactory(vehicle_remote_id=link.remote_id, read_at=now() - timedelta(hours=3))
    row = VehicleNowFactory(
        vehicle=link.vehicle, plugged_in=False, plugged_in_at=now() - timedelta(hours=2)
    )
    assert vehicle_facts([link.vehicle])[link.vehicle_id].charging is None

    row.plugged_in_at = session.read_at - timedelta(minutes=1)
    row.save()
    assert vehicle_facts([link.vehicle])[link.vehicle_id].charging is not None


def test_what_was_charged_before_it_was_theirs_is_not_shown():
    link = link_vehicle(counts_from=now() - timedelta(hours=1))
    before = {"started_at": now() - timedelta(hours=2), "vehicle_remote_id": link.remote_id}
    SessionFactory(**before)
    SessionFactory(**before, active=False, ended_at=now() - timedelta(hours=1))
    own = SessionFactory(
        vehicle_remote_id=link.remote_id, active=False, started_at=now() - timedelta(minutes=50)
    )

    assert vehicle_facts([link.vehicle])[link.vehicle_id].charging is None
    assert last_sessions(link.vehicle) == [own]


def test_it_stands_at_the_site_of_its_network_or_at_none():
    connector = RemoteConnectorFactory()
    network = connector.charge_point.network
    site = link_evse(connector=connector).evse.charge_point.location
    here = VehicleNowFactory(network=network, network_at=now())
    away = VehicleNowFactory(network=None, network_at=now())
    unlinked = VehicleNowFactory(network=NetworkFactory(), network_at=now())
    unheard = VehicleNowFactory()

    facts = vehicle_facts([row.vehicle for row in (here, away, unlinked, unheard)])

    assert facts[here.vehicle_id].whereabouts.site == site
    assert facts[away.vehicle_id].whereabouts.site is None
    assert facts[unlinked.vehicle_id].whereabouts.site is None
    assert facts[unheard.vehicle_id].whereabouts is None


def test_it_takes_as_many_queries_for_any_number(django_assert_max_num_queries):
    connector = RemoteConnectorFactory()
    link_evse(connector=connector)
    vehicles = []
    for _number in range(12):
        link = link_vehicle()
        VehicleNowFactory(
            vehicle=link.vehicle, network=connector.charge_point.network, network_at=now()
        )
        SessionFactory(vehicle_remote_id=link.remote_id, connector_remote_id=connector.remote_id)
        DepartureFactory(vehicle=link.vehicle)
        vehicles.append(link.vehicle)

    with django_assert_max_num_queries(6):
        facts = vehicle_facts(vehicles)

    assert all(each.charging and each.next_departure for each in facts.values())


def test_a_site_has_figures_or_is_as_if_there_were_none():
    connector = RemoteConnectorFactory()
    site = link_evse(connector=connector).evse.charge_point.location
    assert site_facts(site).network == connector.charge_point.network
    assert site_facts(site)

    Network.objects.update(retired_at=now())
    assert not site_facts(site)
