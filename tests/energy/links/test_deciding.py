"""What staff decide, and what comes of two who decide at once."""

import threading

import pytest
from django.contrib.admin.models import LogEntry
from django.db import connection
from django.utils.timezone import now

from energy.links import deciding
from energy.links.deciding import NotDecided
from energy.links.refreshing import refresh_links
from energy.models import Link
from energy.selectors import walls
from tests.energy.factories import (
    NetworkFactory,
    RemoteConnectorFactory,
    RemoteVehicleFactory,
    link_vehicle,
)
from tests.factories import EvseFactory, FleetFactory, LocationFactory, UserFactory, VehicleFactory
from vehicles.actions import retire

pytestmark = pytest.mark.django_db
VIN = "WDB9634031L123456"


@pytest.fixture
def staff():
    return UserFactory(email="staff@operator.example", is_staff=True)


@pytest.fixture
def proposal():
    """Two vehicles of two fleets may be one of Ampcontrol's."""
    RemoteVehicleFactory(remote_id="r", customer_number="14")
    VehicleFactory(number="14"), VehicleFactory(number="14")
    refresh_links()
    return Link.objects.order_by("pk").first()


def audit() -> list[tuple[str, str]]:
    return list(LogEntry.objects.order_by("pk").values_list("user__email", "change_message"))


def test_confirming_makes_a_link_and_drops_its_rivals(proposal, staff):
    deciding.confirm(proposal.pk, by=staff)

    link = Link.objects.get()
    assert (link.state, link.decided_by, link.fleet) == ("confirmed", staff, link.vehicle.fleet)
    assert link.decided_at
    assert walls.remote_ids_of(link.fleet) == {link.vehicle_id: "r"}
    assert audit() == [(staff.email, "Confirmed.")]
    refresh_links()
    assert Link.objects.get().doubt == ""


def test_what_was_refused_never_comes_again(proposal, staff):
    deciding.refuse(proposal.pk, by=staff)
    refresh_links()

    assert sorted(Link.objects.values_list("state", flat=True)) == ["proposed", "refused"]
    assert audit() == [(staff.email, "Refused.")]


@pytest.fixture
def group():
    """Return the proposals of three vehicles of a fleet, known by VIN, of one group."""
    fleet = FleetFactory()
    for n in range(3):
        VehicleFactory(fleet=fleet, vin=f"{VIN[:-1]}{n}")
        RemoteVehicleFactory(vin=f"{VIN[:-1]}{n}", group="Hudson vans")
    refresh_links()
    assert set(Link.objects.values_list("state", flat=True)) == {"proposed"}
    return list(Link.objects.order_by("vehicle"))


def test_the_first_of_a_group_is_asked_about_and_the_others_follow(group, staff):
    deciding.confirm(group[0].pk, by=staff)
    assert refresh_links().confirmed == 2
    assert len(walls.remote_ids_of(group[0].vehicle.fleet)) == 3
    assert Link.objects.filter(decided_by=staff).count() == 1
    assert not Link.objects.exclude(doubt="").exists()


def test_who_takes_the_first_of_a_group_back_takes_the_others_back(group, staff):
    deciding.confirm(group[0].pk, by=staff)
    refresh_links()
    another = link_vehicle(remote=RemoteVehicleFactory(group="Rhône"))

    deciding.undo(group[0].pk, by=staff)

    assert not walls.remote_ids_of(group[0].vehicle.fleet)
    refresh_links()
    assert list(Link.objects.filter(state="confirmed")) == [another]
    assert Link.objects.filter(state="proposed").count() == 3


def test_the_others_stay_where_people_have_linked_another_of_the_group(group, staff):
    for link in group[:2]:
        deciding.confirm(link.pk, by=staff)
    refresh_links()
    deciding.undo(group[0].pk, by=staff)
    refresh_links()
    assert set(walls.remote_ids_of(group[0].vehicle.fleet)) == {
        link.vehicle_id for link in group[1:]
    }


def test_what_was_linked_without_asking_and_taken_back_is_for_people(group, staff):
    deciding.confirm(group[0].pk, by=staff)
    refresh_links()
    link = Link.objects.get(vehicle=group[1].vehicle)
    assert (link.state, link.decided_at) == ("confirmed", None)

    deciding.undo(link.pk, by=staff)
    refresh_links()

    link.refresh_from_db()
    assert (link.state, link.decided_by) == ("proposed", staff)
    assert set(walls.vehicles_by_remote_id().values()) == {
        group[0].vehicle_id,
        group[2].vehicle_id,
    }
    deciding.confirm(link.pk, by=staff)
    said = [message for _by, message in audit()]
    assert said == ["Confirmed.", "Undone: it was confirmed.", "Confirmed."]


def test_a_refusal_can_be_undone(proposal, staff):
    deciding.refuse(proposal.pk, by=staff)
    deciding.undo(proposal.pk, by=staff)
    proposal.refresh_from_db()
    assert proposal.state == "proposed"
    with pytest.raises(NotDecided, match="in the meantime: Proposed"):
        deciding.undo(proposal.pk, by=staff)


def test_with_a_charge_point_its_connectors_go(staff):
    evse = EvseFactory(network_id="1", charge_point__ocpp_id="CP-1")
    RemoteConnectorFactory(charge_point__ocpp_id="CP-1")
    refresh_links()
    link = Link.objects.get(kind=Link.Kind.CHARGE_POINT)

    deciding.undo(link.pk, by=staff)

    assert not walls.connectors_of([evse.pk])
    refresh_links()
    assert not walls.connectors_of([evse.pk])


def test_by_hand(staff):
    vehicle, remote = VehicleFactory(), RemoteVehicleFactory()
    link = deciding.link_by_hand(Link.Kind.VEHICLE, remote.remote_id, vehicle.pk, by=staff)

    assert walls.remote_ids_of(vehicle.fleet) == {vehicle.pk: remote.remote_id}
    refresh_links()
    link.refresh_from_db()
    assert (link.state, link.doubt, link.evidence) == ("confirmed", "", ["by-hand"])
    deciding.undo(link.pk, by=staff)
    assert not Link.objects.exists()
    assert [message for _by, message in audit()] == ["Linked by hand.", "Undone: it was confirmed."]


def test_by_hand_also_what_was_refused(proposal, staff):
    deciding.refuse(proposal.pk, by=staff)
    deciding.link_by_hand(Link.Kind.VEHICLE, "r", proposal.vehicle_id, by=staff)
    assert Link.objects.get().state == "confirmed"


def test_one_thing_is_not_linked_twice(staff):
    link, remote = link_vehicle(), RemoteVehicleFactory()
    with pytest.raises(NotDecided, match="linked already"):
        deciding.link_by_hand(Link.Kind.VEHICLE, remote.remote_id, link.vehicle_id, by=staff)
    with pytest.raises(NotDecided, match="linked already"):
        deciding.link_by_hand(Link.Kind.VEHICLE, link.remote_id, VehicleFactory().pk, by=staff)
    assert Link.objects.count() == 1
    assert not LogEntry.objects.exists()


def test_a_network_may_be_several_sites(staff):
    network, sites = NetworkFactory(), [LocationFactory(), LocationFactory()]
    for site in sites:
        deciding.link_by_hand(Link.Kind.NETWORK, network.remote_id, site.pk, by=staff)
    ids = [site.pk for site in sites]
    assert walls.networks_of(ids) == dict.fromkeys(ids, network.remote_id)
    with pytest.raises(NotDecided, match="linked already"):
        deciding.link_by_hand(Link.Kind.NETWORK, NetworkFactory().remote_id, ids[0], by=staff)


def test_what_is_gone_is_not_linked(proposal, staff):
    retire(proposal.vehicle)
    with pytest.raises(NotDecided, match="retired"):
        deciding.confirm(proposal.pk, by=staff)
    with pytest.raises(NotDecided, match="Ampcontrol no longer"):
        deciding.link_by_hand(Link.Kind.VEHICLE, "nothing", VehicleFactory().pk, by=staff)
    with pytest.raises(NotDecided, match="no longer proposed"):
        deciding.confirm(0, by=staff)


def test_the_second_is_told_of_the_first(proposal, staff):
    other = UserFactory(email="other@operator.example", is_staff=True)
    deciding.confirm(proposal.pk, by=staff)
    for decide in (deciding.confirm, deciding.refuse):
        with pytest.raises(NotDecided, match="has decided this in the meantime: Confirmed"):
            decide(proposal.pk, by=other)
    assert len(audit()) == 1


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif("connection.vendor != 'postgresql'", reason="needs PostgreSQL")
class TestRaces:
    def at_once(self, *works):
        """Run works at the same moment; return what each was told."""
        together, told = threading.Barrier(len(works)), []

        def run(work) -> None:
            try:
                together.wait(timeout=10)
                work()
                told.append("")
            except NotDecided as refusal:
                told.append(refusal.message)
            finally:
                connection.close()

        threads = [threading.Thread(target=run, args=[work]) for work in works]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(timeout=30)
        return told

    def test_two_confirm_rivals(self, proposal, staff):
        ids = list(Link.objects.values_list("pk", flat=True))
        told = self.at_once(*(lambda pk=pk: deciding.confirm(pk, by=staff) for pk in ids))

        assert told.count("") == 1
        assert Link.objects.filter(state="confirmed").count() == 1
        assert len(audit()) == 1

    def test_one_confirms_and_one_refuses(self, proposal, staff):
        told = self.at_once(
            lambda: deciding.confirm(proposal.pk, by=staff),
            lambda: deciding.refuse(proposal.pk, by=staff),
        )
        assert told.count("") == 1
        assert len(audit()) == 1

    def test_two_link_one_vehicle_by_hand(self, staff):
        vehicle = VehicleFactory()
        remotes = [RemoteVehicleFactory().remote_id for _ in range(2)]
        told = self.at_once(
            *(
                lambda remote=remote: deciding.link_by_hand(
                    Link.Kind.VEHICLE, remote, vehicle.pk, by=staff
                )
                for remote in remotes
            )
        )
        assert told.count("") == 1
        assert Link.objects.filter(state="confirmed").count() == 1

    def test_two_runs_of_the_mirror(self):
        remote = RemoteVehicleFactory(group="Hudson vans")
        fleet = link_vehicle(remote=remote, decided_at=now()).fleet
        for n in range(20):
            VehicleFactory(fleet=fleet, vin=f"WDB9634031L{n:06}", number=f"{n}")
            RemoteVehicleFactory(
                vin=f"WDB9634031L{n:06}", customer_number=f"{n + 1}", group="Hudson vans"
            )
        assert self.at_once(refresh_links, refresh_links) == ["", ""]
        assert Link.objects.filter(state="confirmed").count() == 21

    def test_the_mirror_and_somebody_who_decides(self, proposal, staff):
        self.at_once(refresh_links, lambda: deciding.refuse(proposal.pk, by=staff))
        proposal.refresh_from_db()
        assert proposal.state == "refused"
