"""Trouble at a charger in a real browser: told on a phone, solved with one click at the desk."""

import re
from datetime import timedelta

import pytest
from django.utils.timezone import now

from bookings.models import Booking
from bookings.models.booking import link_token
from sites.models import Connector
from sites.periods import STEP, next_step

playwright = pytest.importorskip(
    "playwright.sync_api", reason="needs the e2e dependency group (playwright)"
)
pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
PHONE = {"width": 360, "height": 640}


@pytest.fixture
def running(follow, operator, workers) -> Booking:
    operator.no_show_share = 1.0
    booking = follow(next_step(now()) - STEP, length=timedelta(hours=2))
    workers.refresh()
    booking.refresh_from_db()
    Connector.objects.filter(evse__ampeco_id=302).update(type="ccs1")
    return booking


def test_a_blocked_charger_is_reported_and_another_one_taken_with_one_click(
    chromium, live_server, client, manager, running
):
    phone = chromium.new_context(base_url=live_server.url, viewport=PHONE)
    page = phone.new_page()
    page.goto(f"/d/{link_token(running, running.driver)}/")
    page.get_by_role("link", name="My charger is blocked or broken").click()
    page.get_by_label("Another vehicle blocks the charger").check()
    page.get_by_label("What you see").fill("White van")
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    page.get_by_role("button", name="Tell my fleet manager").click()
    playwright.expect(page.locator("#last-report")).to_contain_text("Another vehicle blocks")
    phone.close()

    client.force_login(manager)
    desk = chromium.new_context(base_url=live_server.url)
    session = {"name": "sessionid", "value": client.cookies["sessionid"].value}
    desk.add_cookies([{**session, "url": live_server.url}])
    page = desk.new_page()
    page.goto(f"/bookings/{running.pk}/")
    playwright.expect(page.locator("#banner-charger-reported")).to_contain_text("White van")
    page.get_by_role("button", name=re.compile("Take this one.*Bay 302")).click()
    playwright.expect(page.locator("#banner-replaces")).to_be_visible()
    assert Booking.objects.get(replaces=running).evse.ampeco_id == 302
    desk.close()
