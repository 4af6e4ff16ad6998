"""What staff tell Ampcontrol in the back office."""

import pytest

from energy.models import Telling
from privacy.models import AuditEntry
from tests.energy.factories import AlertFactory
from tests.factories import VehicleFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def as_staff(client, staff):
    client.force_login(staff)
    return client


def act(client, model: str, action: str, *rows):
    chosen = {"action": action, "_selected_action": [row.pk for row in rows]}
    return client.post(f"/back-office/{model}/", chosen, follow=True).content.decode()


def test_an_alert_is_acknowledged_once(as_staff, staff):
    alert, over = AlertFactory(), AlertFactory(status="Resolved")
    shown = act(as_staff, "energy/alert", "acknowledge", alert, over)
    assert "Not sent yet: 1" in shown
    act(as_staff, "energy/alert", "acknowledge", alert)
    told = Telling.objects.get()
    assert (told.remote_id, told.created_by, told.kind) == (alert.remote_id, staff, "alert")
    assert AuditEntry.objects.filter(action="acted", name="acknowledge").exists()


def test_a_vehicle_is_created_once_and_no_linked_one(as_staff, staff, vehicle, link):
    new = VehicleFactory(fleet=vehicle.fleet)
    shown = act(as_staff, "vehicles/vehicle", "create_vehicles", vehicle, new)
    assert "Not sent yet: 1" in shown
    act(as_staff, "vehicles/vehicle", "create_vehicles", new)
    assert Telling.objects.get().vehicle == new
    assert AuditEntry.objects.filter(action="acted", name="create_vehicles").exists()


def test_switched_off_it_says_so(as_staff, settings):
    settings.AMPCONTROL_WRITES = []
    shown = act(as_staff, "energy/alert", "acknowledge", AlertFactory())
    assert "Not passed on: this is not switched on: 1" in shown


def test_without_ampcontrol_no_vehicle_is_created(as_staff, settings):
    settings.AMPCONTROL_BASE_URL = ""
    act(as_staff, "vehicles/vehicle", "create_vehicles", VehicleFactory())
    assert not Telling.objects.exists()


@pytest.mark.parametrize("model", ["departure", "passedon", "telling", "alert"])
def test_the_lists_are_there(as_staff, model, vehicle, link):
    assert as_staff.get(f"/back-office/energy/{model}/").status_code == 200
