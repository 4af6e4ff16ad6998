"""A depot with twelve vans, and people whose clicks and page loads are counted."""

import os
from datetime import timedelta
from pathlib import Path

import pytest
from django.utils.timezone import now

from drivers.models import Driver
from sandbox.world.records import ChargePoint, Connector
from sandbox.world.records import Evse as Charger
from sites.mirroring import full_walk
from sites.models import Location
from vehicles.models import Vehicle

VANS = 12


@pytest.fixture
def depot(operator, mirrored, ampeco_client, fleet):
    """The site with twelve more chargers, and as many vans that are at home there."""
    long_ago = now() - timedelta(days=30)
    operator.add_charge_point(ChargePoint(210, "CP-2", 101, long_ago))
    for pk in range(311, 311 + VANS):
        plug = [Connector(pk * 10, "j1772")]
        operator.add_evse(Charger(pk, 210, f"R-{pk}", f"Dock {pk}", "ac", 22, plug, long_ago))
    full_walk.sync_sites(client=ampeco_client, full=True)
    site = Location.objects.get(ampeco_id=101)
    drivers = list(Driver.objects.filter(fleet_drivers__fleet=fleet, status="enabled"))
    for number in range(1, VANS + 1):
        Vehicle.objects.create(
            fleet=fleet,
            number=f"Van {number:02}",
            plugs=["j1772"],
            battery_kwh=75,
            ac_kw=11,
            home_site=site,
            # One drives two of them: that is said, and no reason not to ask.
            usual_driver=drivers[number % len(drivers)],
        )
    return site


class Person:
    """Somebody at a page, whose clicks and page loads are counted from the first screen on."""

    def __init__(self, page) -> None:
        self.page = page
        self.clicks = 0
        self.loads = 0
        page.goto("/")
        page.on("load", self._note_load)

    def _note_load(self, _page) -> None:
        self.loads += 1

    def click(self, target) -> None:
        # A page that is left before it is loaded would not count.
        self.page.wait_for_load_state()
        target.click()
        self.clicks += 1


@pytest.fixture
def person(chromium, live_server, client, manager, depot):
    """Return a function that opens the first screen as the manager, by context options."""
    client.force_login(manager)
    session = {"name": "sessionid", "value": client.cookies["sessionid"].value}
    troubles: list[str] = []
    contexts = []

    def opened(**options) -> Person:
        context = chromium.new_context(base_url=live_server.url, **options)
        contexts.append(context)
        context.add_cookies([{**session, "url": live_server.url}])
        page = context.new_page()
        page.set_default_timeout(10_000)
        page.on("pageerror", lambda error: troubles.append(str(error)))
        return Person(page)

    yield opened
    for context in contexts:
        context.close()
    assert troubles == []


def picture(page, name) -> None:
    if "PICTURES" in os.environ:
        page.screenshot(path=Path(os.environ["PICTURES"]) / f"{name}.png", full_page=True)


def approve_all(operator, sweeps) -> None:
    sweeps.submit()
    for asked in list(operator.requests.values()):
        operator.approve(asked)
    sweeps.poll()
