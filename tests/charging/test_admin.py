"""Cost centres and budgets in the back office: what holds on the fleet's own pages holds there."""

from decimal import Decimal

import pytest
from django.urls import reverse

from charging.models import Budget, CostCentre
from tests.charging.charged import text_of
from tests.factories import BudgetFactory, CostCentreFactory, SessionFactory, VehicleFactory

pytestmark = pytest.mark.django_db

CENTRES = "admin:charging_costcentre"
BUDGETS = "admin:charging_budget"


@pytest.fixture
def as_staff(client, staff):
    client.force_login(staff)
    return client


@pytest.fixture
def depot(fleet):
    return CostCentreFactory(fleet=fleet, code="Depot", name="")


def centre_page(centre) -> str:
    return reverse(f"{CENTRES}_change", args=[centre.pk])


# Cost centres


def test_vehicles_follow_a_code_and_the_fleet_stays(as_staff, fleet, other_fleet, depot):
    van = VehicleFactory(fleet=fleet, cost_centre="DEPOT")
    answer = as_staff.post(
        centre_page(depot), {"fleet": other_fleet.pk, "code": "North", "name": "The north"}
    )
    assert answer.status_code == 302
    van.refresh_from_db()
    depot.refresh_from_db()
    assert van.cost_centre == "North"
    assert (depot.fleet, depot.code, depot.name) == (fleet, "North", "The north")


def test_a_new_one_gets_the_sessions_that_wait_for_it(as_staff, fleet):
    waiting = SessionFactory(fleet=fleet, vehicle=VehicleFactory(fleet=fleet, cost_centre="4711"))
    answer = as_staff.post(
        reverse(f"{CENTRES}_add"), {"fleet": fleet.pk, "code": "4711", "name": ""}, follow=True
    )
    centre = CostCentre.objects.get()
    waiting.refresh_from_db()
    assert waiting.cost_centre == centre
    text = text_of(answer)
    assert "1 session of vehicles with this code now belongs to it." in text
    assert f'href="{centre_page(centre)}"' in answer.content.decode()


def test_a_code_is_there_once_in_a_fleet(as_staff, fleet, depot):
    north = CostCentreFactory(fleet=fleet, code="North")
    CostCentreFactory(code="South")
    answer = as_staff.post(reverse(f"{CENTRES}_add"), {"fleet": fleet.pk, "code": "DEPOT"})
    assert "has this code already" in str(answer.context["adminform"].form.errors["code"])
    answer = as_staff.post(centre_page(north), {"code": "depot", "name": ""})
    assert "has this code already" in str(answer.context["adminform"].form.errors["code"])
    assert as_staff.post(centre_page(north), {"code": "SOUTH", "name": ""}).status_code == 302


def test_a_page_from_before_a_change_takes_nothing_back(as_staff, fleet, depot):
    van = VehicleFactory(fleet=fleet, cost_centre="Depot")
    sent = {"initial-code": "Depot", "initial-name": "", "code": "Depot", "name": "The depot"}
    as_staff.post(centre_page(depot), {"code": "Depot 2", "name": ""})
    as_staff.post(centre_page(depot), sent)
    depot.refresh_from_db()
    van.refresh_from_db()
    assert (depot.code, depot.name, van.cost_centre) == ("Depot 2", "The depot", "Depot 2")


def test_they_are_retired_and_brought_back(as_staff, depot):
    def act(action):
        sent = {"action": action, "_selected_action": [depot.pk]}
        answer = as_staff.post(reverse(f"{CENTRES}_changelist"), sent, follow=True)
        depot.refresh_from_db()
        return text_of(answer)

    as_staff.post(centre_page(depot), {"code": "Depot", "name": "", "retired_at_0": "2026-01-01"})
    depot.refresh_from_db()
    assert depot.retired_at is None
    assert "Depot is retired." in act("retire")
    assert depot.retired_at is not None
    assert "Depot can be picked again." in act("bring_back")
    assert depot.retired_at is None


# Budgets


@pytest.fixture
def new(fleet, depot):
    return {
        "fleet": fleet.pk,
        "cost_centre": depot.pk,
        "amount": "1250.5",
        "currency": "eur",
        "warn_percent": "80",
    }


def test_a_budget_is_of_a_currency_that_sessions_have(as_staff, new, depot):
    assert as_staff.post(reverse(f"{BUDGETS}_add"), new).status_code == 302
    budget = Budget.objects.get()
    assert (budget.cost_centre, budget.amount, budget.currency) == (depot, Decimal("1250.5"), "EUR")


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("amount", "0", "Please enter an amount above 0."),
        ("amount", "-5", "greater than or equal to 0"),
        ("amount", "", "This field is required."),
        ("amount", "2.000", "EUR has fewer digits after the decimal sign."),
        ("currency", "E1R", "Please write its three letters"),
        ("currency", "€€€", "Please write its three letters"),
        ("cost_centre", "foreign", "not one of the available choices"),
    ],
)
def test_what_would_never_warn_is_refused_beside_its_field(as_staff, new, field, value, sentence):
    if value == "foreign":
        value = CostCentreFactory().pk
    answer = as_staff.post(reverse(f"{BUDGETS}_add"), new | {field: value})
    assert answer.status_code == 200
    assert sentence in str(answer.context["adminform"].form.errors[field])
    assert not Budget.objects.exists()


def test_whose_a_budget_is_stays(as_staff, fleet, other_fleet, depot):
    budget = BudgetFactory(fleet=fleet, cost_centre=depot, amount=Decimal(1000))
    page = reverse(f"{BUDGETS}_change", args=[budget.pk])
    assert as_staff.get(page).context["adminform"].form["amount"].value() == "1000"
    sent = {"amount": "2,5", "warn_percent": "90"}
    others = {"fleet": other_fleet.pk, "cost_centre": "", "currency": "USD"}
    assert as_staff.post(page, sent | others).status_code == 302
    budget.refresh_from_db()
    assert (budget.fleet, budget.cost_centre, budget.currency) == (fleet, depot, "EUR")
    assert (budget.amount, budget.warn_percent) == (Decimal("2.5"), 90)
    answer = as_staff.post(page, {"amount": "3.500", "warn_percent": "90"})
    assert "EUR has fewer digits" in str(answer.context["adminform"].form.errors["amount"])
