"""What the fleet has, or has asked for, is offered nowhere, whatever the cache says."""

import re
import uuid
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from django.urls import reverse

from bookings.models import Booking
from shell.formats import instant

pytestmark = pytest.mark.django_db

HOUR = timedelta(hours=1)
QUARTER = timedelta(minutes=15)


def starts(page: str) -> set[str]:
    """The starts of all slots that a page offers."""
    links = re.findall(r'"(/bookings/new/\?[^"]+)"', page)
    found = [parse_qs(urlsplit(link.replace("&amp;", "&")).query) for link in links]
    return {start for query in found for start in query.get("start", [])}


def overlapping(booking: Booking) -> set[str]:
    """The starts of an hour that would touch the booking."""
    first = booking.start_at - 3 * QUARTER
    return {instant(first + number * QUARTER) for number in range(7)}


@pytest.fixture
def cached(as_manager, slot, settings):
    """Whoever books has looked at the free times; they are in the cache as they were."""
    settings.AVAILABILITY_CACHE_SECONDS = 3600
    local = slot.start_at.astimezone(slot.location.zone)
    query = {"day": local.date().isoformat(), "minutes": 60, "evse": slot.evse.pk, "from": "00:00"}
    address = reverse("sites:detail", args=[slot.location.pk])
    page = as_manager.get(address, query).content.decode()
    assert instant(slot.start_at) in starts(page)
    return query


@pytest.fixture(params=["requested", "accepted"])
def held(request, cached, request_row, workers, operator) -> Booking:
    if request.param == "accepted":
        workers.submit()
        operator.decide(operator.requests[1])
        workers.poll()
    booking = Booking.objects.select_related("location", "evse", "driver").get()
    assert booking.status == request.param
    return booking


def test_no_page_offers_it(as_manager, held, cached):
    site, charger = held.location_id, held.evse_id
    pages = {
        name: as_manager.get(address, cached).content.decode()
        for name, address in {
            "site": reverse("sites:detail", args=[site]),
            "picker": reverse("sites:availability", args=[site]),
            "day": reverse("sites:day", args=[site]),
            "week": reverse("sites:charger_week", args=[site, charger]),
        }.items()
    }
    any_of = cached | {"any": "1", "current": "dc"}
    pages["any"] = as_manager.get(reverse("sites:detail", args=[site]), any_of).content.decode()
    wanted = {"site": site, "evse": charger, "start": instant(held.start_at), "minutes": 60}
    address = reverse("bookings:slot_alternatives")
    pages["alternatives"] = as_manager.get(address, wanted).content.decode()
    for name, page in pages.items():
        assert starts(page), name
        assert not starts(page) & overlapping(held), name


def test_a_second_request_is_told_who_has_it(as_manager, held, driver, cached):
    typed = {
        "site": held.location_id,
        "evse": held.evse_id,
        "start": instant(held.start_at + QUARTER),
        "minutes": 60,
    }
    shown = as_manager.get(reverse("bookings:new"), typed).content.decode()
    typed |= {"driver": driver.pk, "submission_key": uuid.uuid4(), "confirmed_overlap": "x"}
    sent = as_manager.post(reverse("bookings:new"), typed).content.decode()
    for page in (shown, sent):
        assert "Your fleet has this charger at that time already: Ana" in page
        assert f"(#{held.pk}, {held.get_status_display()})" in page
        # The page's own address is there for whoever switches the language.
        assert not (starts(page) - {typed["start"]}) & overlapping(held)
    assert Booking.objects.count() == 1
