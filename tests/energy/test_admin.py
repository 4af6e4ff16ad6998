"""What staff see of Ampcontrol in the back office."""

import pytest
from django.urls import reverse
from django.utils.timezone import now

from energy.models import Reading
from tests.energy.factories import (
    AlertFactory,
    NetworkFactory,
    RemoteVehicleFactory,
    SessionFactory,
)
from tests.factories import UserFactory

MODELS = ("network", "remotevehicle", "session", "alert", "reading")


@pytest.fixture
def as_staff(client, db):
    client.force_login(UserFactory(staff=True, is_superuser=True))
    return client


@pytest.fixture
def records(db):
    network = NetworkFactory(name="Depot East", uptime=0.987)
    reading = Reading.objects.create(
        kind="prices", scope=network.remote_id, due_at=now(), problem="Ampcontrol says no."
    )
    return {
        "network": network,
        "remotevehicle": RemoteVehicleFactory(name="Van 14"),
        "session": SessionFactory(network=network),
        "alert": AlertFactory(network=network),
        "reading": reading,
    }


@pytest.mark.parametrize("model", MODELS)
def test_each_is_there_to_look_at_alone(as_staff, records, model):
    page = as_staff.get(reverse(f"admin:energy_{model}_changelist"))
    assert page.status_code == 200
    assert reverse(f"admin:energy_{model}_change", args=[records[model].pk]) in str(
        page.content.decode()
    )
    one = as_staff.get(reverse(f"admin:energy_{model}_change", args=[records[model].pk]))
    assert one.status_code == 200 and 'name="_save"' not in one.content.decode()
    assert as_staff.get(reverse(f"admin:energy_{model}_add")).status_code == 403


def test_what_could_not_be_read_is_said_by_the_networks_name(as_staff, records):
    page = as_staff.get(reverse("admin:energy_reading_changelist")).content.decode()

    assert "Depot East" in page and "Ampcontrol says no." in page


@pytest.mark.parametrize("model", ["session", "alert", "reading"])
def test_lists_take_as_many_queries_for_any_number(
    as_staff, records, model, django_assert_max_num_queries
):
    for number in range(8):
        network = NetworkFactory()
        SessionFactory(network=network)
        AlertFactory(network=network)
        Reading.objects.create(kind="drawn", scope=f"{number}", due_at=now())

    with django_assert_max_num_queries(14):
        as_staff.get(reverse(f"admin:energy_{model}_changelist"))
