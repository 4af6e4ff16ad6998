"""Batteries and plugs in the list of vehicles."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils.timezone import now

from tests.energy.factories import SessionFactory, VehicleNowFactory, link_vehicle
from tests.factories import VehicleFactory

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("still")]


def page_of(client, **params) -> str:
    answer = client.get("/vehicles/", params)
    assert answer.status_code == 200
    return answer.content.decode()


def test_each_has_what_is_in_its_battery_and_its_plug(as_manager, fleet):
    van = VehicleFactory(fleet=fleet, number="Van 1")
    link = link_vehicle(van)
    at = now() - timedelta(minutes=4)
    row = VehicleNowFactory(vehicle=van, state_of_charge_at=at, plugged_in=False, plugged_in_at=at)
    VehicleFactory(fleet=fleet, number="Van 2")
    page = page_of(as_manager)
    assert "telematics, 4 min ago" in page
    assert "not plugged in" in page
    assert page.count('data-label="Battery"') == 2
    SessionFactory(vehicle_remote_id=link.remote_id, power_kw=Decimal(11))
    row.plugged_in = True
    row.save()
    assert "charging, 11 kW" in page_of(as_manager)


def test_the_emptiest_come_first_and_the_unknown_last(as_manager, fleet):
    for number, share in (("Van 1", 80), ("Van 2", None), ("Van 3", 15), ("Van 4", 40)):
        VehicleNowFactory(vehicle=VehicleFactory(fleet=fleet, number=number), state_of_charge=share)
    VehicleFactory(fleet=fleet, number="Van 5")
    page = page_of(as_manager, sort="charge")
    places = [page.index(f">Van {number}</a>") for number in (3, 4, 1, 2, 5)]
    assert places == sorted(places)


def test_a_fleet_of_which_nothing_is_known_has_no_such_columns(as_manager, fleet):
    VehicleFactory(fleet=fleet)
    # Another fleet's.
    VehicleNowFactory()
    page = page_of(as_manager, sort="charge")
    assert "Battery" not in page
    assert "Plug<" not in page


def test_retired_ones_have_none(as_manager, fleet):
    VehicleNowFactory(vehicle=VehicleFactory(fleet=fleet))
    VehicleNowFactory(vehicle=VehicleFactory(fleet=fleet, retired_at=now()))
    assert "Battery" not in page_of(as_manager, retired="on")


def test_two_hundred_cost_what_a_few_do(as_manager, fleet, django_assert_max_num_queries):
    def add(count: int) -> None:
        for _ in range(count):
            van = VehicleFactory(fleet=fleet)
            VehicleNowFactory(vehicle=van)
            SessionFactory(vehicle_remote_id=link_vehicle(van).remote_id)

    add(2)
    as_manager.get("/vehicles/")
    with django_assert_max_num_queries(14) as first:
        page_of(as_manager, sort="charge")
    add(198)
    with django_assert_max_num_queries(len(first)):
        page = page_of(as_manager, sort="charge")
    assert page.count("charging") + page.count("plugged in") >= 50
