"""What of Ampcontrol the demo's staff have confirmed by the time it begins."""

import pytest

from drivers.models import Fleet
from energy.models import Link
from sandbox.energy.attach import physics_of
from sandbox.management.commands import seed_demo
from sandbox.management.first_links import LEFT_OPEN, confirm_first_links
from sandbox.management.first_vehicles import FLEETS, make_first_vehicles
from sandbox.world.build import build_world
from sandbox.world.cast import HUDSON, RHONE
from tests.factories import LocationFactory, UserFactory
from vehicles.models import Vehicle


@pytest.fixture
def staff(db):
    for name in ("Hudson Parcel Depot, Red Hook", "DES - Delancey and Essex Garage"):
        LocationFactory(name=name)
    seed_demo.make_people()
    for fleet in Fleet.objects.all():
        make_first_vehicles(fleet)
    return UserFactory(is_staff=True)


def test_confirms_sites_and_most_vehicles(staff):
    made = confirm_first_links(staff)
    links = Link.objects.filter(state=Link.State.CONFIRMED, decided_by=staff)
    assert made == links.count()
    assert links.filter(kind=Link.Kind.NETWORK).count() == 2
    depots = physics_of(build_world()).depots
    for link in links.filter(kind=Link.Kind.VEHICLE):
        remote = depots.vehicles[link.remote_id]
        assert link.fleet == link.vehicle.fleet
        assert remote.car.name.split()[-1].strip("#") == link.vehicle.number.split()[-1]
        # Where both have a VIN, it is the same.
        assert not (remote.car.vin and link.vehicle.vin) or remote.car.vin == link.vehicle.vin
    fleets = {link.fleet.ampeco_partner_id for link in links.filter(kind=Link.Kind.VEHICLE)}
    assert fleets == {HUDSON, RHONE}
    assert not links.filter(vehicle__number__in=LEFT_OPEN).exists()
    assert Vehicle.objects.exclude(vin="").count() >= 10


def test_again_it_confirms_nothing_twice_and_leaves_what_staff_have_decided(staff):
    confirm_first_links(staff)
    first, second = Link.objects.filter(kind=Link.Kind.VEHICLE)[:2]
    first.state = Link.State.REFUSED
    first.save()
    second.delete()
    assert confirm_first_links(staff) == 1
    first.refresh_from_db()
    assert first.state == Link.State.REFUSED


def test_what_was_proposed_meanwhile_is_confirmed(staff):
    van = Vehicle.objects.get(number="Van 14")
    remote = physics_of(build_world()).depots.vehicle_of["van-14"]
    Link.objects.create(
        kind=Link.Kind.VEHICLE, remote_id=remote.id, vehicle=van, state=Link.State.PROPOSED
    )
    confirm_first_links(staff)
    link = Link.objects.get(vehicle=van)
    assert (link.state, link.decided_by, link.fleet) == ("confirmed", staff, van.fleet)


def test_of_what_staff_have_linked_with_another_nothing_is_taken(staff):
    van, other = Vehicle.objects.get(number="Van 14"), Vehicle.objects.get(number="Van 40")
    remote = physics_of(build_world()).depots.vehicle_of["van-14"]
    Link.objects.create(
        kind=Link.Kind.VEHICLE, remote_id=remote.id, vehicle=other, state=Link.State.CONFIRMED
    )
    confirm_first_links(staff)
    assert not Link.objects.filter(vehicle=van, state=Link.State.CONFIRMED).exists()
    assert {seed.number for seed in FLEETS[HUDSON]} >= {van.number, other.number}
