"""Budgets: how much of each is spent, and that a fleet is told once when it nears its end."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
import time_machine

from charging.budget_watch import watch_budgets
from charging.models import Budget, BudgetWarning
from charging.selectors.budgets import spending_of
from charging.services import last_day_of, month_of
from charging.tasks import watch_budgets as task
from notifications.compose import compose
from notifications.kinds import MAILS
from notifications.kinds.base import Choice
from notifications.models import Notification, NotificationPreference
from notifications.recipients import save_choices
from privacy.models import AuditEntry
from tests.charging.charged import last_month, text_of, this_month
from tests.factories import (
    BudgetFactory,
    CostCentreFactory,
    EvseFactory,
    FleetFactory,
    MembershipFactory,
    SessionFactory,
)

pytestmark = pytest.mark.django_db

PAGE = "/charging/budgets/"
Kind = Notification.Kind


@pytest.fixture
def as_admin(client, fleet_admin):
    client.force_login(fleet_admin)
    return client


@pytest.fixture
def parcels(fleet):
    return CostCentreFactory(fleet=fleet, code="CC 1", name="Parcels")


def spend(fleet, amount, **more) -> None:
    SessionFactory(fleet=fleet, amount=Decimal(amount), **{"started_at": this_month()} | more)


def told() -> list[tuple[str, str]]:
    rows = Notification.objects.order_by("pk")
    return [(mail.kind, mail.recipient_email) for mail in rows]


# What is spent


def test_whose_money_counts(fleet, parcels):
    whole = BudgetFactory(fleet=fleet)
    of_parcels = BudgetFactory(fleet=fleet, cost_centre=parcels)
    dollars = BudgetFactory(fleet=fleet, currency="USD")
    spend(fleet, 100, cost_centre=parcels)
    spend(fleet, 20)
    spend(fleet, 7, currency="USD")
    spend(fleet, 1000, started_at=last_month())
    spend(FleetFactory(), 1000)
    month = month_of(this_month().date())
    found = spending_of(fleet, month, [whole, of_parcels, dollars])
    assert [row.spent for row in found] == [Decimal(120), Decimal(100), Decimal(7)]
    assert [row.percent for row in found] == [12, 10, 0]


def test_a_month_is_that_of_the_sites_clock(fleet):
    budget = BudgetFactory(fleet=fleet)
    evse = EvseFactory(charge_point__location__timezone="Pacific/Auckland")
    # Already the next month there.
    eve = datetime(2026, 4, 30, 20, tzinfo=UTC)
    spend(fleet, 30, evse=evse, started_at=eve)
    assert spending_of(fleet, eve.date().replace(day=1), [budget])[0].spent == 0
    assert spending_of(fleet, eve.date().replace(month=5, day=1), [budget])[0].spent == 30


def test_the_page_says_what_is_left(as_viewer, fleet, parcels):
    BudgetFactory(fleet=fleet, cost_centre=parcels)
    BudgetFactory(fleet=fleet, amount=Decimal(50))
    BudgetFactory(amount=Decimal(77))
    spend(fleet, "840.50", cost_centre=parcels)
    text = text_of(as_viewer.get(PAGE))
    assert "840.50 EUR of 1,000.00 EUR (84 %) · 159.50 EUR left" in text
    assert "840.50 EUR of 50.00 EUR (1681 %) · 790.50 EUR over" in text
    assert "Nearly spent" in text
    assert "Overspent" in text
    assert "77.00" not in text
    assert "Add a budget" not in text


def test_another_month(as_viewer, fleet):
    BudgetFactory(fleet=fleet)
    spend(fleet, 333, started_at=last_month())
    assert "0.00 EUR of" in text_of(as_viewer.get(PAGE))
    month = last_month()
    assert "333.00 EUR of" in text_of(as_viewer.get(PAGE, {"month": f"{month:%Y-%m}"}))
    for wrong in ("nonsense", "1999-01", "9999-12", "2026-13"):
        assert as_viewer.get(PAGE, {"month": wrong}).status_code == 200


@pytest.mark.parametrize(
    ("warned", "overspent", "told"),
    [
        ("admins", "admins", "The fleet’s admins get an e-mail when a budget is nearly spent"),
        ("all", "all", "All managers get an e-mail when a budget is nearly spent"),
        ("nobody", "nobody", "Nobody gets an e-mail when a budget is nearly spent"),
        ("nobody", "all", "nearly spent go to: No manager. When it is overspent: All managers."),
    ],
)
def test_the_page_says_who_is_told(as_viewer, fleet, fleet_admin, warned, overspent, told):
    chosen = {Kind.BUDGET_WARNED: warned, Kind.BUDGET_OVERSPENT: overspent}
    managers = NotificationPreference.Managers
    save_choices(fleet, {kind: Choice(managers(who), driver=False) for kind, who in chosen.items()})
    assert told in text_of(as_viewer.get(PAGE))


def test_where_nobody_is_admin_the_page_names_the_managers(as_viewer):
    assert "All managers get an e-mail" in text_of(as_viewer.get(PAGE))


# Setting them


def test_an_admin_sets_changes_and_removes_one(as_admin, fleet, parcels):
    data = {
        "cost_centre": parcels.pk,
        "amount": "1250,50",
        "currency": "eur",
        "warn_percent": "75",
    }
    as_admin.post(f"{PAGE}add/", data)
    budget = Budget.objects.get()
    assert (budget.fleet, budget.cost_centre) == (fleet, parcels)
    assert (budget.amount, budget.currency, budget.warn_percent) == (Decimal("1250.5"), "EUR", 75)
    as_admin.post(f"{PAGE}{budget.pk}/", {"amount": "900", "warn_percent": "90"})
    budget.refresh_from_db()
    assert (budget.amount, budget.warn_percent, budget.currency) == (900, 90, "EUR")
    entries = AuditEntry.objects.filter(object_type="charging.budget").order_by("pk")
    assert [entry.action for entry in entries] == ["added", "changed"]
    as_admin.post(f"{PAGE}{budget.pk}/remove/")
    assert not Budget.objects.exists()


@pytest.mark.parametrize(
    "wrong",
    [
        {"amount": "0"},
        {"amount": "-5"},
        {"amount": ""},
        {"amount": "1e12"},
        {"amount": "1,234"},
        {"amount": "1.234", "currency": "GBP"},
        {"amount": "2,000"},
        {"amount": "1.500"},
        {"amount": "10,000", "currency": "GBP"},
        {"amount": "2.00", "currency": "JPY"},
        {"amount": "12.5", "currency": "JPY"},
        {"currency": "EURO"},
        {"currency": ""},
        {"warn_percent": "0"},
        {"warn_percent": "101"},
        {"cost_centre": "999999"},
    ],
)
def test_what_is_wrong_is_said(as_admin, wrong):
    data = {"amount": "100", "currency": "EUR", "warn_percent": "80"} | wrong
    answer = as_admin.post(f"{PAGE}add/", data)
    assert answer.status_code == 200
    assert "Please check this again" in text_of(answer)
    assert not Budget.objects.exists()


def test_a_currency_with_three_digits_may_have_them(as_admin):
    as_admin.post(f"{PAGE}add/", {"amount": "1,234", "currency": "KWD", "warn_percent": "80"})
    assert Budget.objects.get().amount == Decimal("1.234")


@pytest.mark.parametrize("amount", ["2,000", "1.250"])
def test_a_thousand_is_no_unit_in_a_budget_that_there_is(as_admin, fleet, amount):
    budget = BudgetFactory(fleet=fleet, amount=900)
    answer = as_admin.post(f"{PAGE}{budget.pk}/", {"amount": amount, "warn_percent": "80"})
    assert "without separators of thousands, such as 1250" in text_of(answer)
    assert answer.context["form"]["amount"].value() == amount
    budget.refresh_from_db()
    assert budget.amount == 900


def test_zeros_after_the_decimal_sign_are_taken(as_admin, fleet):
    budget = BudgetFactory(fleet=fleet, amount=900)
    as_admin.post(f"{PAGE}{budget.pk}/", {"amount": "2000,00", "warn_percent": "80"})
    budget.refresh_from_db()
    assert budget.amount == 2000


def test_nobody_undoes_a_change_unseen(as_admin, fleet):
    budget = BudgetFactory(fleet=fleet, cost_centre=None, amount=2200, warn_percent=80)
    page = f"{PAGE}{budget.pk}/"
    opened = as_admin.get(page).context["form"]
    Budget.objects.update(amount=2500)
    mine = {"amount": "2200", "warn_percent": "90", "seen": opened["seen"].value()}
    answer = as_admin.post(page, mine)
    assert "Somebody else has changed this" in text_of(answer)
    budget.refresh_from_db()
    assert (budget.amount, budget.warn_percent) == (2500, 80)
    form = answer.context["form"]
    assert (form["amount"].value(), form["warn_percent"].value()) == ("2200", "90")
    # Whoever knows may do so.
    as_admin.post(page, mine | {"seen": form["seen"].value()})
    budget.refresh_from_db()
    assert (budget.amount, budget.warn_percent) == (2200, 90)


@pytest.mark.parametrize("of_cost_centre", [False, True])
def test_one_budget_for_the_same_in_a_currency(as_admin, fleet, parcels, of_cost_centre):
    BudgetFactory(fleet=fleet, cost_centre=parcels if of_cost_centre else None)
    data = {
        "cost_centre": parcels.pk if of_cost_centre else "",
        "amount": "100",
        "currency": "EUR",
        "warn_percent": "80",
    }
    assert "Change that one" in text_of(as_admin.post(f"{PAGE}add/", data))
    as_admin.post(f"{PAGE}add/", data | {"currency": "USD"})
    assert Budget.objects.count() == 2


# Telling of them


def test_admins_are_told_once_near_the_end_and_once_beyond(fleet, fleet_admin, manager, parcels):
    BudgetFactory(fleet=fleet, cost_centre=parcels)
    spend(fleet, "799.99", cost_centre=parcels)
    spend(fleet, 500)
    assert watch_budgets() == 0
    spend(fleet, "0.01", cost_centre=parcels)
    assert watch_budgets() == 1
    assert watch_budgets() == 0
    assert told() == [(Kind.BUDGET_WARNED, fleet_admin.email)]
    spend(fleet, 200, cost_centre=parcels)
    # All of it is not more than it.
    assert watch_budgets() == 0
    spend(fleet, "0.01", cost_centre=parcels)
    assert task() == 1
    assert watch_budgets() == 0
    assert told() == [
        (Kind.BUDGET_WARNED, fleet_admin.email),
        (Kind.BUDGET_OVERSPENT, fleet_admin.email),
    ]


def test_what_is_overspent_at_once_is_told_once(fleet, fleet_admin):
    BudgetFactory(fleet=fleet)
    spend(fleet, 5000)
    assert watch_budgets() == 1
    assert watch_budgets() == 0
    assert told() == [(Kind.BUDGET_OVERSPENT, fleet_admin.email)]


def test_each_month_anew(fleet, fleet_admin):
    BudgetFactory(fleet=fleet)
    spend(fleet, 900, started_at=last_month())
    earlier = last_month() + timedelta(days=3)
    assert watch_budgets(now=earlier) == 1
    spend(fleet, 900)
    assert watch_budgets(now=this_month(20)) == 1
    assert BudgetWarning.objects.count() == 2
    assert len({warning.month for warning in BudgetWarning.objects.all()}) == 2


def test_stragglers_of_the_last_day_still_count(fleet, fleet_admin):
    BudgetFactory(fleet=fleet)
    month = month_of(last_month().date())
    eve = datetime.combine(last_day_of(month), datetime.min.time(), UTC) + timedelta(hours=12)
    spend(fleet, 900, started_at=eve)
    assert watch_budgets(now=eve + timedelta(days=2)) == 1
    assert BudgetWarning.objects.get().month == month


def test_other_fleets_hear_nothing(fleet, fleet_admin):
    other = FleetFactory()
    MembershipFactory(fleet=other, admin=True)
    BudgetFactory(fleet=fleet)
    spend(fleet, 900)
    assert watch_budgets([other.pk]) == 0
    assert watch_budgets([fleet.pk]) == 1
    assert {email for _kind, email in told()} == {fleet_admin.email}


def test_a_fleet_without_admins_tells_its_managers(fleet, manager):
    BudgetFactory(fleet=fleet)
    spend(fleet, 900)
    watch_budgets()
    assert told() == [(Kind.BUDGET_WARNED, manager.email)]


def test_a_fleet_may_choose(fleet, fleet_admin, manager):
    managers = NotificationPreference.Managers
    save_choices(fleet, {Kind.BUDGET_WARNED: Choice(managers.ALL, driver=False)})
    save_choices(fleet, {Kind.BUDGET_OVERSPENT: Choice(managers.NOBODY, driver=False)})
    BudgetFactory(fleet=fleet)
    spend(fleet, 900)
    watch_budgets()
    assert {email for _kind, email in told()} == {fleet_admin.email, manager.email}
    spend(fleet, 900)
    assert watch_budgets() == 1
    assert len(told()) == 2


def test_it_costs_little(fleet, fleet_admin, parcels, django_assert_max_num_queries):
    for currency in ("EUR", "USD", "CHF"):
        BudgetFactory(fleet=fleet, currency=currency)
    for _fleet in range(5):
        spend(FleetFactory(), 900)
    with django_assert_max_num_queries(5):
        watch_budgets()


def test_what_the_mail_says(fleet, fleet_admin, parcels, settings):
    BudgetFactory(fleet=fleet, cost_centre=parcels)
    spend(fleet, "1840.50", cost_centre=parcels)
    watch_budgets()
    mail = compose(Notification.objects.get())
    month = f"{this_month():%B %Y}"
    assert mail.subject == f"Budget overspent: CC 1 – Parcels, {month}"
    assert mail.to == [fleet_admin.email]
    for text in (
        "The budget is overspent by 840.50 EUR",
        f"CC 1 – Parcels has spent 1,840.50 EUR in {month}. Its budget is 1,000.00 EUR a month.",
        "1,840.50 EUR (184 %)",
        f"{settings.SITE_URL}{PAGE}",
        fleet.name,
    ):
        assert text in mail.body


def test_the_mail_is_in_the_readers_language(fleet, fleet_admin):
    fleet_admin.language = "de"
    fleet_admin.save()
    BudgetFactory(fleet=fleet)
    spend(fleet, 900)
    watch_budgets()
    assert "900,00 EUR" in compose(Notification.objects.get()).body


def test_a_mail_of_a_month_long_past_is_not_sent(fleet, fleet_admin):
    BudgetFactory(fleet=fleet)
    spend(fleet, 900)
    watch_budgets()
    mail = Notification.objects.get()
    kind = MAILS[Kind(mail.kind)]
    end = datetime.combine(last_day_of(mail.budget_warning.month), datetime.min.time(), UTC)
    assert not kind.is_obsolete(mail, now=end + timedelta(days=7))
    assert kind.is_obsolete(mail, now=end + timedelta(days=8))


def test_it_is_among_the_sent_mails(as_manager, fleet, fleet_admin):
    BudgetFactory(fleet=fleet, cost_centre=CostCentreFactory(fleet=fleet, code="CC 77"))
    spend(fleet, 900, cost_centre=Budget.objects.get().cost_centre)
    other = BudgetFactory()
    MembershipFactory(fleet=other.fleet, user__email="secret@other.example", admin=True)
    spend(other.fleet, 900)
    watch_budgets()
    text = text_of(as_manager.get("/bookings/sent/"))
    assert "Budget nearly spent" in text
    assert "CC 77" in text
    assert "secret@other.example" not in text


def test_the_clock_of_the_far_east_is_ahead(fleet, fleet_admin):
    """A month that has begun in Auckland is watched, though not in London yet."""
    BudgetFactory(fleet=fleet)
    evse = EvseFactory(charge_point__location__timezone="Pacific/Auckland")
    eve = datetime(2026, 4, 30, 20, tzinfo=UTC)
    spend(fleet, 900, evse=evse, started_at=eve)
    with time_machine.travel(eve + timedelta(hours=1), tick=False):
        assert watch_budgets() == 1
    assert BudgetWarning.objects.get().month == eve.date().replace(month=5, day=1)
