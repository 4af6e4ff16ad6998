"""What staff see of the operator's money with a fleet, and of roaming: read when they look."""

from decimal import Decimal

import httpx
import pytest
from django.utils import timezone

from ampeco.types import PartnerExpense, PartnerRevenue
from backoffice.money import month_of, sums_of
from sandbox.world.build import build_world
from sandbox.world.cast import HUDSON
from tests.factories import FleetFactory

pytestmark = pytest.mark.django_db
ROAMING = "/back-office/operator/roaming/"


@pytest.fixture
def as_staff(client, staff):
    client.force_login(staff)
    return client


@pytest.fixture
def operator_world():
    return build_world(seed=1)


@pytest.fixture
def hudson():
    return FleetFactory(ampeco_partner_id=HUDSON)


def money(fleet) -> str:
    return f"/back-office/operator/fleets/{fleet.pk}/money/"


def test_contract_revenues_and_expenses_of_a_month(as_staff, hudson, ampeco_client):
    page = as_staff.get(money(hudson))

    found = page.context["money"]
    assert found.month == month_of(timezone.now())
    assert [one.partner_id for one in found.contracts.items] == [HUDSON]
    assert [one.origin for one in found.expenses.items] == ["platform-fee-cpo"]
    assert found.expenses.items[0].charge_points > 0
    (total,) = found.sums
    assert total.expenses == sum(one.amount for one in found.expenses.items)
    assert total.revenue == sum(one.amount for one in found.revenues.items)
    text = page.content.decode()
    assert "Fleet agreement" in text
    assert "Platform fee for chargers" in text
    assert 'rel="next"' not in text


def test_other_months_can_be_looked_at(as_staff, hudson, ampeco_client):
    page = as_staff.get(money(hudson), {"month": "2001-02"})
    assert page.context["money"].sums == []
    assert "Nothing in this month." in page.content.decode()
    assert 'href="?month=2001-03"' in page.content.decode()
    for month in ("soon", "0001-01", "1999-12", "2101-01", "9999-12"):
        page = as_staff.get(money(hudson), {"month": month})
        assert page.context["money"].month == month_of(timezone.now())


def test_what_the_token_may_not_read_is_said_part_by_part(
    as_staff, hudson, ampeco_client, operator_world
):
    operator_world.forbidden = ["partner-revenues"]
    page = as_staff.get(money(hudson))
    assert "may not read this (403)" in page.content.decode()
    assert page.context["money"].revenues.problem
    assert page.context["money"].expenses.items


def test_an_operator_that_fails_is_said_in_words(as_staff, hudson, ampeco_client, wire):
    wire.intercept = lambda request: httpx.Response(500, text="trace of something")
    text = as_staff.get(money(hudson)).content.decode()
    assert "did not answer as it should" in text
    assert "trace of something" not in text


def test_currencies_are_never_added():
    def revenue(number, amount, currency):
        payload = {
            "id": number,
            "origin": "session-cpo",
            "totalAmount": {"withoutTax": amount},
            "partnerShare": amount,
            "currencyCode": currency,
        }
        return PartnerRevenue.from_payload(payload)

    owed = PartnerExpense.from_payload(
        {"id": 1, "origin": "other", "totalAmount": {"withoutTax": 3}, "currencyCode": "USD"}
    )
    sums = sums_of([revenue(1, 0.1, "EUR"), revenue(2, 0.2, "EUR"), revenue(3, 7, "USD")], [owed])
    assert [(one.currency, one.revenue, one.expenses) for one in sums] == [
        ("EUR", Decimal("0.3"), 0),
        ("USD", Decimal(7), Decimal(3)),
    ]


def test_roaming_shows_all_but_secrets(as_staff, ampeco_client):
    text = as_staff.get(ROAMING).content.decode()
    for said in ("OCPI", "Ostrom Laden", "0.52 EUR per kWh", "At theirs"):
        assert said in text
    assert "never-store-this-either" not in text


def test_roaming_that_may_not_be_read_is_left_out(as_staff, ampeco_client, operator_world):
    operator_world.forbidden = ["roaming"]
    assert as_staff.get(ROAMING).content.decode().count("may not read this (403)") == 4
