"""The staff's screen of links, through the client."""

import re

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from energy.links.refreshing import refresh_links
from energy.models import Link
from energy.selectors import walls
from tests.energy.factories import (
    NetworkFactory,
    RemoteChargePointFactory,
    RemoteConnectorFactory,
    RemoteVehicleFactory,
    link_vehicle,
)
from tests.factories import (
    ChargePointFactory,
    EvseFactory,
    FleetFactory,
    LocationFactory,
    UserFactory,
    VehicleFactory,
)

pytestmark = pytest.mark.django_db
SCREEN = "/back-office/energy/link/"
PICK = "/back-office/energy/link/pick/"
VIN = "WDB9634031L123456"


@pytest.fixture
def staff(client):
    person = UserFactory(staff=True)
    client.force_login(person)
    return client


def words(answer) -> str:
    text = re.sub(r"<[^>]+>", " ", answer.content.decode().partition("<h1")[2])
    return " ".join(text.split())


def only_with(*rights: str) -> Client:
    person = UserFactory(is_staff=True)
    person.user_permissions.set(Permission.objects.filter(codename__in=rights))
    client = Client()
    client.force_login(person)
    return client


def test_three_columns_say_what_is_linked_why_and_what_is_not(staff):
    link_vehicle(
        VehicleFactory(vin=VIN, number="Van 1", plate=""),
        RemoteVehicleFactory(vin=VIN, name="Sprinter"),
        evidence=["vin", "unique"],
    )
    VehicleFactory(number="Van 2", plate="", fleet__name="Hudson")
    RemoteVehicleFactory(customer_number="Van 2", name="Crafter")
    RemoteVehicleFactory(name="Transit", vin="", group="Leased")
    refresh_links()

    text = words(staff.get(SCREEN, {"kind": "vehicle"}))

    assert re.search(r"Sure \(1\).*Sprinter.*= Van 1 .*same VIN, there is no other like it", text)
    assert re.search(
        r"Proposed \(1\).*Crafter.*= Van 2 · Hudson.*the customer’s number there", text
    )
    assert re.search(r"Unmatched \(1\).*Here, 1 is linked with nothing.*Transit · Leased", text)
    assert "Vehicle · 1 proposed" in text


def test_a_proposal_is_confirmed_refused_and_taken_back(staff):
    vehicle = VehicleFactory(number="Van 2")
    RemoteVehicleFactory(customer_number="Van 2")
    refresh_links()
    link = Link.objects.get()

    answer = staff.post(SCREEN, {"kind": "vehicle", "confirm": link.pk, "q": "van"}, follow=True)
    assert "1 confirmed." in answer.content.decode()
    assert answer.redirect_chain[0][0] == f"{SCREEN}?kind=vehicle&q=van"
    assert walls.remote_ids_of(vehicle.fleet)
    assert str(UserFactory._meta.model.objects.get(is_superuser=True)) in words(answer)

    staff.post(SCREEN, {"kind": "vehicle", "undo": link.pk})
    assert not walls.remote_ids_of(vehicle.fleet)
    staff.post(SCREEN, {"kind": "vehicle", "refuse": link.pk})
    assert "Refused (1)" in words(staff.get(SCREEN, {"kind": "vehicle"}))
    assert LogEntry.objects.count() == 3


def test_the_others_of_a_group_follow_the_first_at_once(staff):
    fleet = FleetFactory()
    for n in range(3):
        VehicleFactory(fleet=fleet, vin=f"{VIN[:-1]}{n}")
        RemoteVehicleFactory(vin=f"{VIN[:-1]}{n}", group="Hudson vans")
    refresh_links()
    first = Link.objects.order_by("pk").first()
    text = words(staff.get(SCREEN, {"kind": "vehicle"}))
    assert "Proposed (3)" in text
    assert "same VIN, there is no other like it" in text

    staff.post(SCREEN, {"kind": "vehicle", "confirm": first.pk})
    assert "Sure (3)" in words(staff.get(SCREEN, {"kind": "vehicle"}))
    assert len(walls.remote_ids_of(fleet)) == 3

    staff.post(SCREEN, {"kind": "vehicle", "undo": first.pk})
    assert "Proposed (3)" in words(staff.get(SCREEN, {"kind": "vehicle"}))
    assert not walls.remote_ids_of(fleet)


def test_many_at_once(staff):
    for n in range(3):
        VehicleFactory(number=f"Van {n}")
        RemoteVehicleFactory(customer_number=f"van {n}")
    refresh_links()
    chosen = list(Link.objects.order_by("pk").values_list("pk", flat=True))[:2]

    data = {"kind": "vehicle", "confirm": "chosen", "row": chosen}
    assert "2 confirmed." in staff.post(SCREEN, data, follow=True).content.decode()
    assert Link.objects.filter(state="confirmed").count() == 2
    data = {"kind": "vehicle", "confirm": "chosen"}
    assert "Choose at least one" in staff.post(SCREEN, data, follow=True).content.decode()


def test_who_comes_second_is_told(staff):
    VehicleFactory(number="Van 2")
    RemoteVehicleFactory(customer_number="Van 2")
    refresh_links()
    data = {"kind": "vehicle", "refuse": Link.objects.get().pk}
    staff.post(SCREEN, data)
    assert "in the meantime: Refused." in staff.post(SCREEN, data, follow=True).content.decode()


def test_a_charge_point_brings_its_connectors_and_its_site(staff):
    evse = EvseFactory(network_id="1", charge_point__ocpp_id="CP-1")
    RemoteConnectorFactory(charge_point__ocpp_id="cp-1")
    refresh_links()
    assert not walls.connectors_of([evse.pk])

    staff.post(SCREEN, {"kind": "charge-point", "confirm": Link.objects.get().pk})

    assert walls.connectors_of([evse.pk])
    text = words(staff.get(SCREEN, {"kind": "network"}))
    assert "1 of its 1 linked charge points stand at this site" in text


def test_what_nothing_proposes_is_linked_by_hand(staff):
    vehicle, remote = VehicleFactory(number="Van 2"), RemoteVehicleFactory(name="Crafter")
    other = VehicleFactory(number="Truck 9")
    asked = {"kind": "vehicle", "remote_id": remote.remote_id}

    page = words(staff.get(PICK, asked | {"q": "van"}))
    assert "Crafter" in page
    assert "Van 2" in page
    assert other.number not in page
    again = staff.post(PICK, asked)
    assert "Choose one of them." in words(again)
    staff.post(PICK, asked | {"here": vehicle.pk})
    assert walls.remote_ids_of(vehicle.fleet) == {vehicle.pk: remote.remote_id}


def test_what_is_refused_by_hand_is_said_beside_the_choice(staff):
    vehicle, remote = VehicleFactory(), RemoteVehicleFactory()
    asked = {"kind": "vehicle", "remote_id": remote.remote_id, "here": vehicle.pk}
    staff.post(PICK, asked)
    other = RemoteVehicleFactory()
    answer = staff.post(PICK, asked | {"remote_id": other.remote_id})
    assert answer.status_code == 200
    assert "One of the two is linked already" in words(answer)


@pytest.mark.parametrize(
    "kind", ["network", "charge-point", "connector", "vehicle", "tag", "lines"]
)
def test_each_kind_has_a_page_and_is_looked_through(staff, kind):
    EvseFactory(network_id="1", charge_point__ocpp_id="CP-1")
    RemoteConnectorFactory(charge_point__ocpp_id="CP-1")
    refresh_links()
    assert staff.get(SCREEN, {"kind": kind}).status_code == 200
    assert (
        "Nothing is linked yet"
        in words(staff.get(SCREEN, {"kind": kind, "q": "nowhere to be found"}))
        or kind == "lines"
    )


def test_words_are_looked_for_on_both_sides(staff):
    ChargePointFactory(ocpp_id="CP-1", location__name="Harbour")
    RemoteChargePointFactory(ocpp_id="CP-1", name="Quay 7")
    refresh_links()
    for q in ("harbour", "quay", "cp-1 harbour"):
        assert "Sure (1)" in words(staff.get(SCREEN, {"kind": "charge-point", "q": q}))
    assert "Sure (0)" in words(staff.get(SCREEN, {"kind": "charge-point", "q": "inland"}))


def test_long_lists_have_pages_and_cost_no_more_queries(staff):
    def count(kind: str) -> int:
        with CaptureQueriesContext(connection) as queries:
            assert staff.get(SCREEN, {"kind": kind}).status_code == 200
        return len(queries)

    def make(numbers: range) -> None:
        site, network = LocationFactory(), NetworkFactory()
        for n in numbers:
            charge_point = ChargePointFactory(location=site, ocpp_id=f"CP-{n}")
            EvseFactory(charge_point=charge_point, network_id="1")
            remote = RemoteChargePointFactory(network=network, ocpp_id=f"CP-{n}")
            RemoteConnectorFactory(charge_point=remote)
            VehicleFactory(number=f"Van {n}")
            RemoteVehicleFactory(customer_number=f"Van {n}")
            RemoteVehicleFactory(name=f"Alone {n}")
        refresh_links()

    make(range(2))
    kinds = ["network", "charge-point", "connector", "vehicle"]
    before = {kind: count(kind) for kind in kinds}
    make(range(100, 140))
    assert {kind: count(kind) for kind in kinds} == before
    assert "Page 2 of 2" in words(staff.get(SCREEN, {"kind": "vehicle", "proposed": "2"}))
    assert "Page 2 of 2" in words(staff.get(SCREEN, {"kind": "vehicle", "unmatched": "99"}))


def test_who_may_only_look_decides_nothing():
    VehicleFactory(number="Van 2")
    remote = RemoteVehicleFactory(customer_number="Van 2")
    refresh_links()
    looking = only_with("view_link")

    page = looking.get(SCREEN, {"kind": "vehicle"})
    assert page.status_code == 200
    assert '<button type="submit" name="confirm"' not in page.content.decode()
    data = {"kind": "vehicle", "confirm": Link.objects.get().pk}
    assert looking.post(SCREEN, data).status_code == 403
    asked = {"kind": "vehicle", "remote_id": remote.remote_id}
    assert looking.get(PICK, asked).status_code == 403
    assert Link.objects.get().state == "proposed"
    assert only_with("view_fleet").get(SCREEN).status_code == 403
    assert only_with("view_link", "change_link").post(SCREEN, data).status_code == 302


def test_what_there_is_not_is_not_found(staff):
    assert staff.get(SCREEN, {"kind": "teapot"}).status_code == 404
    assert staff.get(PICK, {"kind": "vehicle", "remote_id": "x"}).status_code == 404
    assert staff.get(PICK).status_code == 404
    assert staff.post(SCREEN, {"kind": "vehicle", "confirm": "9" * 30}).status_code == 302
