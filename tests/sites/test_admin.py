import pytest
from django.urls import reverse
from django.utils.timezone import now

from mirror.models import SyncRun
from sites.models import ChargePoint, Evse, Location
from tests.factories import EvseFactory, LocationFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def as_staff(client, staff):
    client.force_login(staff)
    return client


@pytest.mark.parametrize("model", [Location, ChargePoint, Evse])
def test_mirrored_rows_can_be_looked_at_and_not_changed(as_staff, model):
    EvseFactory()
    row = model.objects.get()
    name = f"admin:charging_sites_{model._meta.model_name}"
    page = reverse(f"{name}_change", args=[row.pk])

    assert as_staff.get(reverse(f"{name}_changelist"), {"q": "1"}).status_code == 200
    assert as_staff.get(page).status_code == 200
    assert as_staff.post(page, {"name": "Mine"}).status_code == 403
    assert as_staff.get(reverse(f"{name}_add")).status_code == 403
    assert as_staff.post(reverse(f"{name}_delete", args=[row.pk])).status_code == 403


def test_staff_see_which_zone_is_assumed_and_what_the_operator_says(as_staff, settings):
    settings.DEFAULT_TIMEZONE = "Europe/Paris"
    for name in ("W. Europe Standard Time", "Central Perk Time", "EST5EDT", ""):
        LocationFactory(timezone=name)
    sites = reverse("admin:charging_sites_location_changelist")
    page = as_staff.get(sites).content.decode()
    assert "Europe/Berlin" in page
    for name in ("Central Perk Time", "EST5EDT"):
        assert f"Europe/Paris, assumed: the operator’s “{name}” is no zone of a place" in page
    assert page.count("Europe/Paris, assumed: the operator names none") == 1
    assumed = as_staff.get(sites, {"zone": "assumed"}).context["cl"].queryset
    assert {site.timezone for site in assumed} == {"Central Perk Time", "EST5EDT", ""}


def test_runs_tell_what_they_did(as_staff, operator):
    from django.core.management import call_command

    call_command("sync_sites")
    SyncRun.objects.create(
        kind=SyncRun.Kind.SITES_DELTA,
        state=SyncRun.State.BROKEN_OFF,
        started_at=now(),
        alive_at=now(),
        problem="The operator's system did not answer as it should.",
    )

    response = as_staff.get(reverse("admin:mirror_syncrun_changelist"))
    page = response.content.decode()

    seen = len(operator.locations)
    assert f"locations: seen {seen}, new {seen}" in page
    assert "did not answer as it should" in page
    assert "Broken off" in page
    run = SyncRun.objects.first()
    assert as_staff.get(reverse("admin:mirror_syncrun_change", args=[run.pk])).status_code == 200
    assert as_staff.get(reverse("admin:mirror_syncrun_add")).status_code == 403
