"""Tariffs in the back office: in words, and for nobody to change."""

import pytest
from django.urls import reverse

from sandbox.world.cast import BEN
from sandbox.world.tariffs import HUDSON_DEPOT
from tariffs.models import Tariff, TariffAnswer, TariffGroup
from tests.tariffs.made import tariffs_for

pytestmark = pytest.mark.django_db


@pytest.fixture
def as_staff(client, staff):
    client.force_login(staff)
    return client


def test_tariff_in_words(as_staff, mirrored):
    tariff = Tariff.objects.get(ampeco_id=302)
    page = as_staff.get(reverse("admin:tariffs_tariff_change", args=[tariff.pk]))
    assert "0.32 USD per kWh." in page.content.decode()
    assert as_staff.post(
        reverse("admin:tariffs_tariff_change", args=[tariff.pk]), {"name": "Mine"}
    ).status_code in {403, 405}


def test_lists(as_staff, mirrored):
    tariffs_for([HUDSON_DEPOT], user_id=BEN.id)
    assert TariffAnswer.objects.exists()
    for model in (Tariff, TariffGroup, TariffAnswer):
        page = as_staff.get(reverse(f"admin:tariffs_{model._meta.model_name}_changelist"))
        assert page.status_code == 200
        assert str(model.objects.first().pk) in page.content.decode()
    found = as_staff.get(reverse("admin:tariffs_tariff_changelist"), {"q": "Adelaide"})
    assert "Adelaide, slow" in found.content.decode()
    assert "Hamburg" not in found.content.decode()
