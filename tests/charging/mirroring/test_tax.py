"""What tax is in prices is learnt from charges, for estimates by the same tariffs."""

import pytest

from charging.models import Session
from sites.models import Evse
from tariffs.models import TaxRate

pytestmark = pytest.mark.django_db


def test_tax_of_a_tariff_group_is_that_of_its_last_charge(charged, sync):
    charged(kwh=20)
    Evse.objects.filter(ampeco_id=301).update(ampeco_tariff_group_id=9)
    sync()
    session = Session.objects.get()
    assert session.tax_percent is not None
    rate = TaxRate.objects.get()
    assert (rate.ampeco_group_id, rate.percent) == (9, session.tax_percent)
    noted_at = rate.noted_at
    charged(kwh=30)
    sync()
    assert TaxRate.objects.get().noted_at == noted_at


def test_charger_without_a_tariff_group(charged, sync):
    charged()
    Evse.objects.update(ampeco_tariff_group_id=None)
    sync()
    assert Session.objects.exists()
    assert not TaxRate.objects.exists()
