"""Matching what the mirrors have read: links come, stay, are doubted and end."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils.timezone import now

from drivers.models import IdTag
from energy.links import deciding
from energy.links.refreshing import refresh_links
from energy.models import Link, PastLink, RemoteRoute, RemoteTag
from energy.selectors import walls
from tests.energy.factories import (
    AlertFactory,
    NetworkFactory,
    RemoteChargePointFactory,
    RemoteConnectorFactory,
    RemoteVehicleFactory,
    SessionFactory,
    link_vehicle,
)
from tests.factories import (
    ChargePointFactory,
    DriverFactory,
    EvseFactory,
    FleetFactory,
    LocationFactory,
    UserFactory,
    VehicleFactory,
)
from vehicles.actions import bring_back, retire

pytestmark = pytest.mark.django_db
VIN = "WDB9634031L123456"
GROUP = "Hudson vans"


def linked_by_people(fleet, **remote):
    """Have people link a vehicle of a fleet, of a group in Ampcontrol."""
    return link_vehicle(
        VehicleFactory(fleet=fleet),
        RemoteVehicleFactory(**{"group": GROUP} | remote),
        decided_by=UserFactory(is_staff=True),
        decided_at=now(),
    )


@pytest.fixture
def fleet():
    """Return a fleet of which people have linked a vehicle of the group."""
    return linked_by_people(FleetFactory()).fleet


def entered(fleet=None, **remote):
    """Let a fleet enter a VIN that Ampcontrol knows; return its vehicle and Ampcontrol's."""
    more = {} if fleet is None else {"fleet": fleet}
    return VehicleFactory(vin=VIN, **more), RemoteVehicleFactory(
        **{"vin": VIN, "group": GROUP} | remote
    )


def states() -> dict[str, str]:
    return dict(Link.objects.values_list("kind", "state"))


def test_hardware_is_linked_without_asking_and_its_site_is_proposed():
    evse = EvseFactory(network_id="1", charge_point__ocpp_id="CP-1")
    connector = RemoteConnectorFactory(charge_point__ocpp_id="CP-1 ", number=1)

    result = refresh_links()

    assert (result.confirmed, result.proposed) == (2, 1)
    assert walls.connectors_of([evse.pk]) == {evse.pk: [connector.remote_id]}
    site = Link.objects.get(kind=Link.Kind.NETWORK)
    assert (site.location, site.state) == (evse.charge_point.location, "proposed")
    assert site.evidence == ["votes:1:1"]
    assert not walls.networks_of([site.location_id])


def test_a_vehicle_of_a_fleets_group_is_found_by_its_vin(fleet):
    vehicle, remote = entered(fleet)
    RemoteVehicleFactory(customer_number=VehicleFactory(number="Van 14").number)

    refresh_links()

    assert walls.remote_ids_of(fleet, [vehicle.pk]) == {vehicle.pk: remote.remote_id}
    link = Link.objects.get(vehicle=vehicle)
    assert (link.decided_by, link.decided_at, link.fleet) == (None, None, vehicle.fleet)
    assert Link.objects.get(vehicle__number="Van 14").state == "proposed"


def test_who_enters_the_vin_of_anybodys_vehicle_sees_nothing_of_it():
    vehicle, remote = entered()
    SessionFactory(vehicle_remote_id=remote.remote_id)
    RemoteRoute.objects.create(
        remote_id="trip", vehicle_remote_id=remote.remote_id, starts_at=now(), read_at=now()
    )
    AlertFactory(vehicle_remote_id=remote.remote_id)

    assert (refresh_links().confirmed, refresh_links().confirmed) == (0, 0)

    link = Link.objects.get()
    assert (link.state, link.evidence) == ("proposed", ["vin", "unique"])
    assert not walls.remote_ids_of(vehicle.fleet)
    assert not walls.linked_vehicles(vehicle.fleet)
    assert not walls.vehicles_by_remote_id()
    assert not walls.sessions_of(vehicle.fleet)
    assert not walls.routes_of(vehicle.fleet)
    assert not walls.alerts_of(vehicle.fleet)


def test_a_vin_of_another_fleets_group_is_proposed_only(fleet):
    vehicle, _remote = entered(FleetFactory())
    refresh_links()
    assert Link.objects.get(vehicle=vehicle).state == "proposed"
    assert not walls.remote_ids_of(vehicle.fleet)


def test_what_has_no_group_is_always_asked(fleet):
    linked_by_people(fleet, group="")
    vehicle, _remote = entered(fleet, group="")
    refresh_links()
    assert Link.objects.get(vehicle=vehicle).state == "proposed"


@pytest.mark.parametrize("by_people", [True, False])
def test_a_group_of_two_fleets_tells_of_neither_whose_it_is(fleet, by_people):
    other = linked_by_people(FleetFactory())
    if not by_people:
        Link.objects.filter(pk=other.pk).update(decided_by=None, decided_at=None)
    vehicle, _remote = entered(fleet)
    refresh_links()
    assert Link.objects.get(vehicle=vehicle).state == "proposed"


def test_what_was_linked_without_asking_vouches_for_no_other():
    alone = link_vehicle(VehicleFactory(), RemoteVehicleFactory(group=GROUP))
    vehicle, _remote = entered(alone.fleet)
    refresh_links()
    assert Link.objects.get(vehicle=vehicle).state == "proposed"


def test_what_people_said_holds_when_they_have_left(fleet):
    Link.objects.get().decided_by.delete()
    vehicle, _remote = entered(fleet)
    refresh_links()
    assert Link.objects.get(vehicle=vehicle).state == "confirmed"


def test_a_group_of_which_another_fleet_had_a_vehicle_tells_nothing(fleet):
    sold = linked_by_people(FleetFactory())
    retire(sold.vehicle)
    vehicle, _remote = entered(fleet)
    refresh_links()
    assert Link.objects.get(vehicle=vehicle).state == "proposed"

    # Whose it is now, people say.
    bought = VehicleFactory(fleet=fleet)
    Link.objects.create(
        kind=Link.Kind.VEHICLE,
        remote_id=sold.remote_id,
        vehicle=bought,
        fleet=fleet,
        state="confirmed",
        decided_at=now(),
    )
    refresh_links()
    assert Link.objects.get(vehicle=vehicle).state == "confirmed"


def test_a_vin_that_another_fleet_enters_later_is_flagged_and_takes_nothing(fleet):
    vehicle, remote = entered(fleet)
    refresh_links()
    other = VehicleFactory(vin=VIN)
    refresh_links()

    link = Link.objects.get(vehicle=vehicle)
    assert walls.remote_ids_of(fleet, [vehicle.pk]) == {vehicle.pk: remote.remote_id}
    assert not walls.remote_ids_of(other.fleet)
    assert link.doubt == "not-exact"
    retire(other)
    refresh_links()
    link.refresh_from_db()
    assert link.doubt == ""


def test_a_tag_is_linked_by_its_key():
    tag = IdTag.objects.create(
        driver=DriverFactory(), ampeco_id=1, type="rfid", status="enabled", uid_key="k"
    )
    RemoteTag.objects.create(remote_id="t", key="k", read_at=now())
    refresh_links()
    assert (Link.objects.get().tag, Link.objects.get().state) == (tag, "confirmed")


def test_a_second_time_changes_nothing():
    EvseFactory(network_id="1", charge_point__ocpp_id="CP-1")
    RemoteConnectorFactory(charge_point__ocpp_id="CP-1")
    refresh_links()
    before = list(Link.objects.order_by("pk").values())
    result = refresh_links()
    assert (result.confirmed, result.proposed, result.dropped) == (0, 0, 0)
    assert list(Link.objects.order_by("pk").values()) == before


def test_without_ampcontrol_nothing_is_read_of_ours():
    VehicleFactory(vin=VIN)
    with CaptureQueriesContext(
        connection,
    ) as queries:
        refresh_links()
    assert not any('FROM "vehicles_vehicle"' in each["sql"] for each in queries)
    assert not Link.objects.exists()


def test_a_proposal_whose_reason_is_gone_goes():
    vehicle = VehicleFactory(number="Van 14")
    remote = RemoteVehicleFactory(customer_number="Van 14")
    refresh_links()
    remote.customer_number = ""
    remote.save()
    refresh_links()
    assert not Link.objects.filter(vehicle=vehicle).exists()


def test_what_vanished_at_ampcontrol_is_flagged():
    ChargePointFactory(ocpp_id="CP-1")
    remote = RemoteChargePointFactory(ocpp_id="CP-1")
    refresh_links()
    remote.retired_at = now()
    remote.save()
    refresh_links()
    assert Link.objects.get(kind=Link.Kind.CHARGE_POINT).doubt == "gone-there"


def test_a_retired_vehicles_link_goes_and_its_history_stays(fleet):
    vehicle, remote = entered(fleet)
    refresh_links()
    session = SessionFactory(vehicle_remote_id=remote.remote_id)
    retire(vehicle)

    assert refresh_links().dropped == 1

    vehicle.refresh_from_db()
    past = PastLink.objects.get()
    assert (past.vehicle, past.fleet, past.ended_at) == (vehicle, fleet, vehicle.retired_at)
    assert not Link.objects.filter(vehicle=vehicle).exists()
    assert list(walls.sessions_of(fleet)) == [session]

    bring_back(vehicle)
    refresh_links()
    assert walls.remote_ids_of(fleet, [vehicle.pk]) == {vehicle.pk: remote.remote_id}
    assert Link.objects.get(vehicle=vehicle).counts_from is None


def test_a_vehicle_that_was_sold_shows_its_new_fleet_nothing_of_before():
    vehicle, remote = entered()
    link_vehicle(vehicle, remote)
    before = SessionFactory(vehicle_remote_id=remote.remote_id)
    retire(vehicle)
    bought = VehicleFactory(vin=VIN)
    refresh_links()
    link = Link.objects.get()
    assert (link.vehicle, link.state) == (bought, "proposed")
    deciding.confirm(link.pk, by=UserFactory(is_staff=True))
    after = SessionFactory(
        vehicle_remote_id=remote.remote_id, started_at=now() + timedelta(minutes=1)
    )

    assert walls.remote_ids_of(bought.fleet) == {bought.pk: remote.remote_id}
    assert list(walls.sessions_of(bought.fleet)) == [after]
    assert list(walls.sessions_of(vehicle.fleet)) == [before]


def test_a_vehicle_that_was_given_to_another_fleet_is_linked_anew_by_people():
    link = link_vehicle(*entered())
    before = SessionFactory(vehicle_remote_id=link.remote_id)
    old, vehicle = link.fleet, link.vehicle
    vehicle.fleet = FleetFactory()
    vehicle.save()

    refresh_links()

    assert not walls.remote_ids_of(vehicle.fleet)
    deciding.confirm(Link.objects.get().pk, by=UserFactory(is_staff=True))
    assert walls.remote_ids_of(vehicle.fleet) == {vehicle.pk: link.remote_id}
    assert not walls.sessions_of(vehicle.fleet)
    assert list(walls.sessions_of(old)) == [before]


def test_many_rows_cost_no_more_queries(fleet):
    def make(start: int, number: int) -> None:
        network, site = NetworkFactory(), LocationFactory()
        for n in range(start, start + number):
            charge_point = ChargePointFactory(location=site, ocpp_id=f"CP-{n}")
            EvseFactory(charge_point=charge_point, network_id="1")
            RemoteConnectorFactory(
                charge_point__network=network, charge_point__ocpp_id=f"CP-{n}", number=1
            )
            # No number that the factory gives as well.
            VehicleFactory(fleet=fleet, vin=f"WDB9634031L{n:06}", number=f"Parcel {n}")
            RemoteVehicleFactory(vin=f"WDB9634031L{n:06}", group=GROUP)
            VehicleFactory(number=f"Truck {n}")
            RemoteVehicleFactory(customer_number=f"Truck {n}")

    make(0, 2)
    with CaptureQueriesContext(connection) as few:
        assert refresh_links().confirmed == 6
    make(100, 20)
    with CaptureQueriesContext(connection) as many:
        assert refresh_links().confirmed == 60
    # The first network was proposed already: its words may be other ones now.
    assert len(many) <= len(few) + 1
