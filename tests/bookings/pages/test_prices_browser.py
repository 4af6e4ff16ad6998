"""Prices in a real browser: they follow the driver, and a cheaper slot is a click away."""

import os
from pathlib import Path

import pytest
from django.urls import reverse

from drivers.models import Driver
from sandbox.world import cast
from sites.models import Evse
from tests.bookings.pages.test_new import params
from tests.browser_fixture import page_width
from tests.e2e.steps import expect
from tests.priced_operator import *  # noqa: F403
from tests.priced_operator import day_and_night, for_group, site, table_of, tariff
from tests.small_operator import next_noon, slot_of

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

NARROW = {"width": 375, "height": 740}


@pytest.fixture
def open_page(chromium, live_server, client, manager):
    """Return a function that opens a tab of the manager's, by context options."""
    client.force_login(manager)
    session = {"name": "sessionid", "value": client.cookies["sessionid"].value}
    troubles: list[str] = []
    contexts = []

    def opened(**options):
        context = chromium.new_context(base_url=live_server.url, **options)
        contexts.append(context)
        context.add_cookies([{**session, "url": live_server.url}])
        page = context.new_page()
        page.set_default_timeout(15_000)
        page.on("pageerror", lambda error: troubles.append(str(error)))
        return page

    yield opened
    for context in contexts:
        context.close()
    assert troubles == []


@pytest.fixture
def priced(operator, operator_prices):
    """Chargers with prices; Ana pays less at the first one."""
    operator.users[cast.ANA.id].group_ids.append(61)
    favoured = tariff(2, pricePerKwh=0.4, restrictions=for_group(61))
    operator_prices.price(301, tariff(1, pricePerKwh=0.5, connectionFee=1), favoured)
    operator_prices.price(302, tariff(3, pricePerKwh=0.3))
    operator_prices.price(303, tariff(4, pricePerKwh=0.3))
    evse = Evse.objects.select_related("charge_point__location").get(ampeco_id=301)
    return slot_of(evse, next_noon())


def picture(page, name: str) -> None:
    if "PICTURES" in os.environ:
        page.wait_for_load_state("networkidle")
        page.screenshot(path=Path(os.environ["PICTURES"]) / f"{name}.png", full_page=True)


def test_the_price_follows_the_driver_and_a_cheaper_slot_is_picked(open_page, priced):
    page = open_page()
    page.goto(f"/bookings/new/?{'&'.join(f'{k}={v}' for k, v in params(priced).items())}")
    ana, ben = (Driver.objects.get(ampeco_user_id=person.id).pk for person in (cast.ANA, cast.BEN))
    price = page.locator("#slot-price")
    page.locator(f"#driver-option-{ben}").check()
    expect(price).to_contain_text("About 16.00 USD")
    page.locator(f"#driver-option-{ana}").check()
    expect(price).to_contain_text("About 12.00 USD")
    price.locator("summary").click()
    expect(price).to_contain_text("30.0 kWh at 50 kW")
    picture(page, "form")
    expect(price).to_contain_text("at the same time for 9.00 USD instead of 12.00 USD")
    page.locator("#pick-cheaper").click()
    expect(page.locator("#slot-price")).to_contain_text("About 9.00 USD")
    expect(page.locator(f"#driver-option-{ana}")).to_be_checked()
    page.locator("#send-request").click()
    expect(page.locator("#price-shown")).to_contain_text("9.00 USD")
    picture(page, "booking")


@pytest.mark.parametrize("options", [{}, {"viewport": NARROW}], ids=["desktop", "phone"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_pages_with_prices_are_as_wide_as_the_screen(
    open_page,
    operator_prices,
    fleet,
    manager,
    priced,
    driver,
    options,
    scheme,
):
    local = priced.start_at.astimezone(priced.location.zone)
    operator_prices.price(303, day_and_night(local))
    page = open_page(color_scheme=scheme, **options)
    kind = f"{'phone' if options else 'desktop'}-{scheme}"
    width = page.viewport_size["width"]
    table = table_of(fleet, manager, priced, driver)
    query = "&".join(f"{k}={v}" for k, v in params(priced).items())
    addresses = {
        "picker": site(priced),
        "any": site(priced, any=1, current="dc"),
        "form": f"/bookings/new/?{query}",
        "table": reverse("batches:table", args=[table.pk]),
        "alternatives": f"/bookings/new/alternatives/?{query}&driver={driver.pk}",
    }
    for name, address in addresses.items():
        page.goto(address)
        assert "USD" in page.content(), name
        for summary in page.locator(".price > summary").all()[:1]:
            summary.click()
        picture(page, f"{name}-{kind}")
        assert page_width(page) <= width, name
