"""From what both simulated platforms tell to what a fleet may see: by the real mirrors."""

import pytest

from ampcontrol.client import AmpcontrolClient
from drivers.id_tags import store_tags
from drivers.sync import sync_fleet_drivers
from energy.links import deciding
from energy.links.refreshing import refresh_links
from energy.mirroring import run as running
from energy.mirroring.run import sync_energy
from energy.models import Link
from energy.selectors import walls
from sandbox.energy.cast import VINS
from sites.mirroring.full_walk import sync_sites
from tests.factories import FleetFactory, UserFactory, VehicleFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def ampcontrol(wire, settings):
    settings.AMPCONTROL_API_TOKEN = "ampcontrol-token"
    client = AmpcontrolClient(
        base_url="http://operator.test/ampcontrol",
        token="ampcontrol-token",
        transport=wire,
    )
    yield client
    client.close()


def test_chargers_and_vehicles_are_linked_and_sites_are_proposed(
    ampeco_client, ampcontrol, monkeypatch
):
    monkeypatch.setattr(running, "MOST_A_MINUTE", 1000)
    hudson = FleetFactory(ampeco_partner_id=501)
    for number, vin in VINS.items():
        VehicleFactory(fleet=hudson, number=number, vin=vin, plate="")
    by_number = VehicleFactory(fleet=hudson, number="Van 24", plate="")
    sync_sites(client=ampeco_client, full=True)
    sync_fleet_drivers(hudson, client=ampeco_client)
    driver = hudson.drivers.order_by("pk").exclude(ampeco_user_id=7003).first()
    store_tags(driver, ampeco_client.id_tags_of(driver.ampeco_user_id), now=driver.synced_at)

    assert sync_energy(client=ampcontrol).state == "finished"

    states = {kind: set() for kind in Link.Kind.values}
    for kind, state in Link.objects.values_list("kind", "state"):
        states[kind].add(state)
    assert "confirmed" in states["charge-point"]
    assert "confirmed" in states["connector"]
    assert states["tag"] == {"confirmed"}
    assert states["network"] == {"proposed"}
    assert states["vehicle"] == {"proposed"}
    assert not walls.remote_ids_of(hudson)
    staff = UserFactory(staff=True)
    # One of each group in Ampcontrol; the others of the group follow.
    for number in ("Van 7", "Truck 1", "Camion 5"):
        deciding.confirm(Link.objects.get(vehicle__number=number).pk, by=staff)
    refresh_links()
    assert set(walls.linked_vehicles(hudson).values_list("number", flat=True)) == set(VINS)
    assert Link.objects.get(vehicle=by_number).state == "proposed"
    assert not walls.remote_ids_of(FleetFactory())
    assert not Link.objects.exclude(doubt="").exists()
    votes = Link.objects.filter(kind="network").order_by("pk")
    assert all(link.evidence[0].startswith("votes:") for link in votes)
