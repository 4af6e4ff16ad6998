"""A site's page and the list of sites are drawn once for those who see the same, and stay true."""

import re
from datetime import timedelta

import httpx
import pytest
import time_machine
from django.core.cache import cache
from django.db import OperationalError, connection
from django.http import HttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils.functional import SimpleLazyObject
from django.utils.timezone import now

from drivers import shared_fragments
from drivers.shared_fragments import NoteChanges, Parts
from sites.finding import search
from sites.finding.places import Place, PlaceNotFound
from sites.slots.availability import cache_key, window_for
from tests.factories import LimitFactory, MembershipFactory
from tests.small_operator import *  # noqa: F403
from tests.small_operator import operator_world  # noqa: F401

pytestmark = pytest.mark.django_db

ASKED = "check-booking-availability"
RULES = "Rules for your fleet"


@pytest.fixture(autouse=True)
def _told(settings, monkeypatch):
    settings.LIVE_URL = "https://chargebook.example/live"
    monkeypatch.setattr(shared_fragments, "PARTS", Parts())


@pytest.fixture(autouse=True)
def clock():
    """Let time stand still, and not just before a quarter of an hour: free times change then."""
    quarter = now().replace(second=0, microsecond=0) + timedelta(minutes=16 - now().minute % 15)
    with time_machine.travel(quarter, tick=False) as clock:
        yield clock


@pytest.fixture
def pages(evse) -> dict[str, str]:
    site = reverse("sites:detail", args=[evse.charge_point.location_id])
    return {"site": site, "picker": f"{site}availability/", "list": reverse("sites:list")}


@pytest.fixture
def colleague(fleet):
    return browser_of(MembershipFactory(fleet=fleet).user)


def browser_of(user) -> Client:
    browser = Client()
    browser.force_login(user)
    return browser


def look(browser, path: str) -> HttpResponse:
    part = {"HTTP_HX_REQUEST": "true"} if "availability" in path else {}
    return browser.get(path, **part)


def text_of(browser, path: str) -> str:
    return look(browser, path).content.decode()


@pytest.mark.parametrize("page", ["site", "picker", "list"])
def test_a_second_reader_has_nobody_look_at_the_chargers(as_manager, colleague, pages, page):
    first = look(as_manager, pages[page])
    with CaptureQueriesContext(connection) as queries:
        second = look(colleague, pages[page])
    assert "CP-1" in second.content.decode() or page == "list"
    assert "Pier 40" in second.content.decode() or page == "picker"
    assert second.get("HX-Push-Url") == first.get("HX-Push-Url")
    assert not [each["sql"] for each in queries if "sites_evse" in each["sql"]]


def test_the_address_bar_follows_what_is_picked(as_manager, colleague, pages):
    for browser in (as_manager, colleague):
        answer = look(browser, f"{pages['picker']}?minutes=45")
        assert answer["HX-Push-Url"].startswith(f"{pages['site']}?")
        assert "minutes=45" in answer["HX-Push-Url"]


@pytest.mark.parametrize("page", ["site", "picker"])
def test_who_may_not_book_is_offered_nothing(as_manager, viewer, pages, page):
    assert 'id="picker-wait' in text_of(as_manager, pages[page])
    seen = text_of(browser_of(viewer), pages[page])
    assert 'id="picker-wait' not in seen
    assert "Your role lets you view slots but not request them." in seen


def test_another_fleet_sees_its_own(as_manager, other_manager, fleet, pages):
    LimitFactory(fleet=fleet, most=5)
    assert RULES in text_of(as_manager, pages["site"])
    assert RULES not in text_of(browser_of(other_manager), pages["site"])


def test_everybody_has_favourites_of_their_own(as_manager, colleague, pages):
    as_manager.post(f"{pages['site']}favourite/", {"favourite": "1"})
    for page in ("site", "list"):
        stars = [text_of(each, pages[page]) for each in (as_manager, colleague)]
        assert [re.findall(r'aria-pressed="(\w+)"', each)[0] for each in stars] == ["true", "false"]


@pytest.mark.parametrize("who", ["colleague", "staff"])
@pytest.mark.parametrize("page", ["site", "picker"])
def test_what_people_change_is_seen_at_once(as_manager, colleague, staff, fleet, pages, page, who):
    assert RULES not in text_of(as_manager, pages[page])
    LimitFactory(fleet=fleet, most=5)
    if who == "colleague":
        colleague.post(f"{pages['site']}favourite/", {"favourite": "1"})
    else:
        browser_of(staff).post(reverse("admin:limits_limit_add"), {"fleet": fleet.pk})
    assert RULES in text_of(as_manager, pages[page])


@pytest.mark.parametrize("page", ["site", "picker"])
def test_what_the_clock_changes_is_seen_some_seconds_later(as_manager, fleet, pages, page, clock):
    text_of(as_manager, pages[page])
    LimitFactory(fleet=fleet, most=5)
    assert RULES not in text_of(as_manager, pages[page])
    clock.shift(shared_fragments.KEPT_SECONDS + 1)
    assert RULES in text_of(as_manager, pages[page])


def test_a_failure_is_told_once(as_manager, wire, pages):
    wire.intercept = lambda request: httpx.Response(500) if ASKED in request.url.path else None
    for page in ("site", "picker"):
        assert 'id="picker-problem"' in text_of(as_manager, pages[page])
    wire.intercept = None
    for page in ("site", "picker"):
        assert 'id="picker-problem"' not in text_of(as_manager, pages[page])


def test_what_was_asked_for_anew_is_shown_from_then_on(as_manager, colleague, wire, pages):
    before = text_of(colleague, pages["picker"])
    wire.intercept = lambda request: (
        httpx.Response(200, json={"data": []}) if ASKED in request.url.path else None
    )
    assert text_of(colleague, pages["picker"]) == before
    anew = text_of(as_manager, f"{pages['picker']}?fresh=1")
    for seen in (anew, text_of(colleague, pages["picker"]), text_of(as_manager, pages["site"])):
        assert 'id="picker-summary"' not in seen


def test_free_times_get_no_older_than_an_answer_in_the_cache(
    as_manager, wire, evse, pages, clock, settings
):
    settings.AVAILABILITY_CACHE_SECONDS = 15
    site = evse.charge_point.location
    today = now().astimezone(site.zone).date()
    answer = cache_key(site, window_for(today, zone=site.zone, now=now()))
    look(as_manager, pages["picker"])
    clock.shift(12)
    look(as_manager, pages["picker"])
    assert wire.count(ASKED) == 1
    # Its time in the cache is over; a Redis does not go by the test's clock.
    clock.shift(4)
    assert cache.delete(answer)
    look(as_manager, pages["picker"])
    assert wire.count(ASKED) == 2


def test_a_place_that_is_found_at_last_is_what_the_list_is_about(
    as_manager, pages, monkeypatch, settings
):
    def nowhere(*_args, **_kwargs):
        raise PlaceNotFound("Not now.")

    monkeypatch.setattr(search, "find_place", nowhere)
    path = f"{pages['list']}?near=Harbour"
    assert " km" not in text_of(as_manager, path)
    monkeypatch.setattr(search, "find_place", lambda *_a, **_k: Place(40.8, -74.0, "Harbour"))
    assert "11 km" in text_of(as_manager, path)


def test_without_the_cache_all_is_drawn(as_manager, fleet, pages, monkeypatch):
    monkeypatch.setattr(cache, "get_many", lambda _keys: {})
    monkeypatch.setattr(cache, "add", lambda *_args: None)
    text_of(as_manager, pages["site"])
    LimitFactory(fleet=fleet, most=5)
    assert RULES in text_of(as_manager, pages["site"])


def test_what_is_sent_while_the_database_is_away_is_answered_all_the_same(rf, manager):
    def away():
        raise OperationalError("gone")

    def say_so(request):
        request.user, request.fleet = manager, SimpleLazyObject(away)
        return HttpResponse(status=503)

    assert NoteChanges(say_so)(rf.post("/bookings/new/")).status_code == 503
