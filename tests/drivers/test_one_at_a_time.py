"""Two who send a form at the same time: the second is told of the first, whatever it is about."""

import threading
from contextlib import suppress

import pytest
from django.db import connection
from django.test import Client

from shell.seen import SeenForm
from tests.factories import BudgetFactory, CostCentreFactory, MembershipFactory, SessionFactory

pytestmark = [pytest.mark.postgresql, pytest.mark.django_db(transaction=True)]

# For so long the first waits for somebody who comes in between.
SECONDS = 0.5


@pytest.fixture
def people(fleet):
    users = [MembershipFactory(fleet=fleet, admin=True).user for _ in range(2)]
    browsers = [Client(), Client()]
    for browser, user in zip(browsers, users, strict=True):
        browser.force_login(user)
    return browsers


@pytest.fixture
def _in_between(monkeypatch):
    """Whoever has compared waits for another who does, as if all happened in one moment."""
    both, clean = threading.Barrier(2), SeenForm.clean

    def wait(self):
        cleaned = clean(self)
        with suppress(threading.BrokenBarrierError):
            both.wait(timeout=SECONDS)
        return cleaned

    monkeypatch.setattr(SeenForm, "clean", wait)


def cost_centre(fleet):
    page = f"/charging/cost-centres/{CostCentreFactory(fleet=fleet, code='Depot').pk}/"
    return page, page, {"cost_centre": "Depot 1"}, {"cost_centre": "Depot 2"}


def budget(fleet):
    page = f"/charging/budgets/{BudgetFactory(fleet=fleet, cost_centre=None, amount=900).pk}/"
    return (
        page,
        page,
        {"amount": "1000", "warn_percent": "80"},
        {"amount": "900", "warn_percent": "9"},
    )


def session(fleet):
    pk = SessionFactory(fleet=fleet, reference="").pk
    page = "/charging/assign/"
    mine, theirs = ({"session": pk, "reference": text} for text in ("Tour 1", "Tour 2"))
    return f"{page}?session={pk}", page, mine, theirs


def drivers(_fleet):
    return "/rules/", "/rules/drivers/", {"move": "on"}, {"start": "on"}


def mails(_fleet):
    page = "/bookings/notices/"
    return page, page, {"reminder_minutes": "30"}, {"reminder_minutes": "120"}


@pytest.mark.parametrize("about", [cost_centre, budget, session, drivers, mails])
@pytest.mark.usefixtures("_in_between")
def test_the_second_is_told_of_the_first(fleet, people, about):
    page, target, *sent = about(fleet)
    context = people[0].get(page).context
    form = context.get("drivers_form") or context["form"]
    shown = {
        field.html_name: field.value() for field in form if field.value() not in (None, False, "")
    }
    answers = []

    def send(browser, changes):
        try:
            data = {"seen": form["seen"].value(), **changes}
            if about is mails:
                data = shown | data
            answers.append(browser.post(target, data))
        finally:
            connection.close()

    threads = [threading.Thread(target=send, args=pair) for pair in zip(people, sent, strict=True)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answer.status_code for answer in answers) == [200, 302]
    told = next(answer for answer in answers if answer.status_code == 200)
    assert "Somebody else has changed this" in told.content.decode()
