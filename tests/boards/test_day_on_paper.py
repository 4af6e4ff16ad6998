"""The day of a site and the week of a charger, printed by Chromium on an upright sheet."""

import io
from datetime import UTC, timedelta

import pytest
from django.urls import reverse
from django.utils.timezone import now

from sites.periods import Period
from tests.factories import BookingFactory, DriverFactory, EvseFactory, LocationFactory
from tests.sites.slots.availability_stub import AvailabilityStub

pypdf = pytest.importorskip("pypdf", reason="needs the e2e dependency group (make install-e2e)")

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

HOUR = timedelta(hours=1)


@pytest.fixture
def day():
    """Midnight of the day after tomorrow, in UTC as at the site."""
    return (now().astimezone(UTC) + timedelta(days=2)).replace(
        hour=0, minute=0, second=0, microsecond=0
    )


@pytest.fixture
def evses(fleet, day):
    """Chargers enough for two sheets, the first of them booked and taken in parts."""
    site = LocationFactory(name="Pier 40", timezone="UTC")
    evses = [
        EvseFactory(charge_point__location=site, label=f"Bay {number}") for number in range(1, 31)
    ]
    BookingFactory(
        fleet=fleet,
        driver=DriverFactory(fleet=fleet, first_name="Wilhelmina", last_name="Featherstone"),
        evse=evses[0],
        start_at=day + 10 * HOUR,
        end_at=day + 11 * HOUR,
        accepted=True,
    )
    return evses


@pytest.fixture
def printed(chromium, live_server, client, manager, evses, day):
    """Return a function that prints an address and returns the file's pages as text."""
    stub = AvailabilityStub()
    stub.free = {
        evse.ampeco_id: [Period(day, day + 8 * HOUR), Period(day + 9 * HOUR, day + 24 * HOUR)]
        for evse in evses
    }
    client.force_login(manager)
    context = chromium.new_context(base_url=live_server.url, color_scheme="dark")
    context.add_cookies(
        [
            {
                "name": "sessionid",
                "value": client.cookies["sessionid"].value,
                "url": live_server.url,
            }
        ]
    )
    page = context.new_page()

    def inner(address: str, **paper) -> tuple[object, list[str]]:
        page.goto(f"{address}?day={day:%Y-%m-%d}")
        # As browsers do unless they are told otherwise: without backgrounds.
        file = page.pdf(**({"format": "A4", "print_background": False} | paper))
        pages = pypdf.PdfReader(io.BytesIO(file)).pages
        return page, [" ".join(each.extract_text().split()) for each in pages]

    with stub.in_place():
        yield inner
    context.close()


@pytest.mark.parametrize("landscape", [False, True])
def test_a_day_on_paper_has_its_hours_and_says_in_words_what_is_when(printed, evses, landscape):
    address = reverse("sites:day", args=[evses[0].charge_point.location_id])
    _page, sheets = printed(address, landscape=landscape)
    hours = " ".join(f"{hour:02}" for hour in range(24))
    assert hours in sheets[0]
    assert hours in sheets[1], "the hours head each sheet"
    whole = " ".join(sheets)
    for words in (
        "Free",
        "Not available",
        "not available 08:00 to 09:00",
        "free 11:00 to 24:00",
        "10:00 to 11:00: Wilhelmina Featherstone (Approved)",
    ):
        assert words in whole, words
    for pressed in ("Enter the times instead", "Click on free time"):
        assert pressed not in whole


def test_what_shows_only_as_a_colour_is_printed(printed, evses):
    page, _sheets = printed(reverse("sites:day", args=[evses[0].charge_point.location_id]))
    page.emulate_media(media="print")
    for part in (".lane--busy", ".lane--free", ".lanes::after", ".lanes-key__busy::before"):
        name, _colons, pseudo = part.partition("::")
        style = page.locator(name).first.evaluate(
            "(each, pseudo) => getComputedStyle(each, pseudo || null).printColorAdjust",
            f"::{pseudo}" if pseudo else "",
        )
        assert style == "exact", part


def test_a_week_on_paper_too(printed, evses):
    evse = evses[0]
    address = reverse("sites:charger_week", args=[evse.charge_point.location_id, evse.pk])
    _page, sheets = printed(address)
    assert " ".join(f"{hour:02}" for hour in range(24)) in sheets[0]
    assert "10:00 to 11:00: Wilhelmina Featherstone (Approved)" in " ".join(sheets)
