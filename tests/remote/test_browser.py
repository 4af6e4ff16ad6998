"""A charge begun and ended in a real browser: by a manager at the desk, by the driver's phone."""

import threading
from pathlib import Path

import pytest
from django.db import connection

from bookings.models.booking import link_token
from remote import sending
from sync import refresh, sessions
from tests.remote.conftest import let_drivers_start

playwright = pytest.importorskip(
    "playwright.sync_api", reason="needs the e2e dependency group (playwright)"
)
pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
PHONE = {"width": 360, "height": 640}


@pytest.fixture
def worker(ampeco_client):
    """Let a worker do what is due, in a thread: the browser's own has a loop that runs."""

    def work() -> None:
        try:
            sending.send_due(client=ampeco_client)
            refresh.refresh_due(client=ampeco_client)
            sessions.refresh_sessions(client=ampeco_client)
        finally:
            connection.close()

    def worker() -> None:
        thread = threading.Thread(target=work)
        thread.start()
        thread.join()

    return worker


def shoot(page, name: str, folder: Path) -> None:
    """Keep a picture, for whoever wants to look at it."""
    page.screenshot(path=folder / f"{name}.png", full_page=True)


def test_a_manager_starts_and_stops_a_charge(
    chromium, live_server, client, manager, running, worker, tmp_path
):
    client.force_login(manager)
    desk = chromium.new_context(base_url=live_server.url)
    session = {"name": "sessionid", "value": client.cookies["sessionid"].value}
    desk.add_cookies([{**session, "url": live_server.url}])
    page = desk.new_page()
    page.goto(f"/bookings/{running.pk}/")
    shoot(page, "before", tmp_path)
    page.get_by_role("link", name="Start the charge").click()
    shoot(page, "question", tmp_path)
    page.get_by_role("button", name="Start the charge").click()
    panel = page.locator(f"#remote-{running.pk}")
    playwright.expect(panel).to_contain_text("about to be passed on")
    playwright.expect(page.locator("#remote-start")).to_have_count(0)
    shoot(page, "on its way", tmp_path)
    worker()
    # The page looks again by itself.
    playwright.expect(panel).to_contain_text("The charger accepted: the charge begins.")
    playwright.expect(panel).to_contain_text("A charge is running.")
    shoot(page, "charging", tmp_path)
    page.locator("#remote-stop").click()
    page.get_by_role("button", name="Stop the charge").click()
    worker()
    playwright.expect(panel).to_contain_text("The charger accepted: the charge ends.")
    playwright.expect(page.locator("#remote-stop")).to_have_count(0)
    shoot(page, "ended", tmp_path)
    desk.close()


@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without"])
def test_a_driver_starts_a_charge(
    chromium, live_server, running, worker, operator, scripts, tmp_path
):
    let_drivers_start()
    phone = chromium.new_context(
        base_url=live_server.url, viewport=PHONE, java_script_enabled=scripts, color_scheme="dark"
    )
    page = phone.new_page()
    page.goto(f"/d/{link_token(running, running.driver)}/")
    shoot(page, "phone", tmp_path)
    page.get_by_role("link", name="Start the charge").click()
    page.get_by_role("button", name="Start the charge").click()
    panel = page.locator(f"#remote-{running.pk}")
    playwright.expect(panel).to_contain_text("asked for by you")
    worker()
    if not scripts:
        page.reload()
    playwright.expect(panel).to_contain_text("The charger accepted: the charge begins.")
    playwright.expect(page.locator("#remote-stop")).to_be_visible()
    if scripts:
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    shoot(page, "phone charging", tmp_path)
    assert [told.what for told in operator.told] == ["start"]
    phone.close()
