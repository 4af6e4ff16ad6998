"""What a browser keeps of the portal: nothing that the next person could look at."""

import re

import pytest
from django.contrib.sessions.models import Session
from django.test import Client
from django.urls import reverse

from tests.accounts.steps import SECURITY, log_in
from tests.factories import BookingFactory, UserFactory
from tools.frontend.browser import chromium_flags, chromium_path
from tools.services.ports import wait_until

expect = pytest.importorskip(
    "playwright.sync_api", reason="needs the e2e dependency group (playwright)"
).expect

pytestmark = pytest.mark.django_db


def kept(answer) -> set[str]:
    return {word.strip() for word in answer.get("Cache-Control", "").split(",")}


def test_nothing_that_somebody_sees_who_is_signed_in_is_kept(as_manager, fleet):
    booking = BookingFactory(fleet=fleet, accepted=True)
    addresses = ["/", "/bookings/", f"/bookings/{booking.pk}/", f"/bookings/{booking.pk}/status/"]
    addresses += [f"/bookings/{booking.pk}/calendar.ics", "/sites/", "/drivers/options/"]
    addresses += ["/bookings/export/", SECURITY, "/nowhere/", "/bookings/0/", "/account/person/"]
    for address in addresses:
        assert kept(as_manager.get(address)) >= {"private", "no-store"}, address


def test_nor_of_the_back_office(client, staff):
    client.force_login(staff)
    for name in ("admin:index", "admin:accounts_user_changelist"):
        answer = client.get(reverse(name))
        assert kept(answer) >= {"private", "no-store"}
        assert f"js/session.js?person={staff.pk}" in answer.content.decode()


def test_what_is_for_everybody_may_be_kept():
    assert kept(Client().get("/account/password/reset/")) == {""}


@pytest.mark.parametrize("way", ["log-out", "back office", "this session", "password"])
def test_the_log_out_has_the_browser_forget_pages(client, staff, way):
    log_in(client, staff.email)
    assert "Clear-Site-Data" not in client.get(SECURITY)
    if way == "this session":
        pk = staff.usersession_set.get().pk
        answer = client.post(f"{SECURITY}sessions/{pk}/end/")
    else:
        answer = client.post({"log-out": "/account/logout/"}.get(way, "/back-office/logout/"))
    assert answer["Clear-Site-Data"] == '"cache"'
    assert client.get("/account/person/").content == b""


def test_pages_ask_who_is_signed_in(as_manager, manager):
    assert as_manager.get("/account/person/").content.decode() == str(manager.pk)
    assert f"js/session.js?person={manager.pk}" in as_manager.get("/bookings/").content.decode()
    assert "js/session.js" not in Client().get("/account/login/").content.decode()


@pytest.fixture(scope="module")
def browser(chromium):
    """A Chromium that keeps pages for “back” and “forward”, which Playwright switches off.

    Not one without windows, which cannot.
    """
    browser = chromium.browser_type.launch(
        executable_path=chromium_path(),
        args=chromium_flags(),
        ignore_default_args=["--disable-back-forward-cache"],
    )
    yield browser
    browser.close()


@pytest.fixture
def tab(browser, live_server, client, manager, fleet):
    """A page of bookings, of somebody who is signed in."""
    BookingFactory(fleet=fleet, reference="Our job 7", accepted=True)
    client.force_login(manager)
    context = browser.new_context(base_url=live_server.url)
    session = {"name": "sessionid", "value": client.cookies["sessionid"].value}
    context.add_cookies([{**session, "url": live_server.url}])
    page = context.new_page()
    page.set_default_timeout(10_000)
    # Whether the next page that comes up was kept.
    page.add_init_script(
        "addEventListener('pageshow', (event) => { window.cameBack = event.persisted; });"
    )
    page.goto("/bookings/")
    assert page.get_by_text("Our job 7").count()
    yield page
    context.close()


def let_it_be_kept(page, live_server) -> None:
    """Have the browser keep the next page, as if its server had not said otherwise."""

    def answer(route):
        response = route.fetch()
        route.fulfill(response=response, headers={**response.headers, "cache-control": "private"})

    page.route(f"{live_server.url}/bookings/", answer)
    page.goto("/bookings/")
    page.unroute_all()


@pytest.mark.browser
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("as_if_kept", [False, True])
def test_the_back_button_shows_nothing_after_the_log_out(tab, live_server, as_if_kept):
    if as_if_kept:
        let_it_be_kept(tab, live_server)
    tab.goto("/account/security/")
    tab.locator("details.menu > summary").first.click()
    tab.get_by_role("button", name="Sign out").click()
    tab.wait_for_url("**/account/login/**")
    tab.go_back()
    tab.go_back()
    tab.wait_for_url("**/account/login/**")
    assert tab.get_by_text("Our job 7").count() == 0


@pytest.mark.browser
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("who", ["nobody", "somebody else", "the same person"])
def test_a_page_that_was_kept_is_shown_to_its_person_only(tab, live_server, client, manager, who):
    let_it_be_kept(tab, live_server)
    tab.locator("main input[name=q]").first.fill("typed")
    tab.goto("/account/password/reset/done/")
    if who == "nobody":
        Session.objects.all().delete()
    elif who == "somebody else":
        client.force_login(UserFactory())
        session = {"name": "sessionid", "value": client.cookies["sessionid"].value}
        tab.context.add_cookies([{**session, "url": live_server.url}])
    tab.go_back(wait_until="commit")
    if who == "the same person":
        assert tab.evaluate("window.cameBack")
        expect(tab.locator("html")).not_to_have_attribute("style", re.compile("hidden"))
        expect(tab.locator("main input[name=q]").first).to_have_value("typed")
    else:
        expect(tab.get_by_text("Our job 7")).to_have_count(0)
        # Not at once: the page that is asked for instead may still be on its way.
        assert wait_until(lambda: tab.evaluate("window.cameBack") is False, seconds=10)
