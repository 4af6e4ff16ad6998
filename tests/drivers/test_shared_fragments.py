"""What members of a fleet see alike is drawn once; nobody is shown what is not theirs."""

from datetime import timedelta

import pytest
import time_machine
from django.core.cache import cache
from django.db import connection
from django.http import HttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from drivers import shared_fragments
from drivers.models import FleetMembership
from drivers.shared_fragments import Parts, renew_marks, shared_fragment
from tests.factories import BookingFactory, MembershipFactory

pytestmark = pytest.mark.django_db

HTMX = {"HTTP_HX_REQUEST": "true"}


@pytest.fixture(autouse=True)
def _told(settings, monkeypatch):
    settings.LIVE_URL = "https://chargebook.example/live"
    monkeypatch.setattr(shared_fragments, "PARTS", Parts())


@pytest.fixture
def booking(fleet):
    renew_marks([fleet.pk])
    return BookingFactory(fleet=fleet, reference="First", status="requested")


def browser_of(user, **cookies):
    browser = Client()
    browser.force_login(user)
    for name, value in cookies.items():
        browser.cookies[name] = value
    return browser


def look(browser, path="/bookings/", **headers):
    return browser.get(path, **HTMX, **headers)


def mark_in(response):
    return response.content.decode().split('hx-headers=\'{"X-Seen": "')[1].split('"')[0]


@pytest.mark.parametrize("path", ["/", "/bookings/", "/bookings/calendar/"])
def test_a_second_reader_costs_no_more_than_to_know_who_it_is(fleet, manager, booking, path):
    first = look(browser_of(manager), path)
    other = browser_of(MembershipFactory(fleet=fleet).user)
    with CaptureQueriesContext(connection) as queries:
        second = look(other, path)
    assert second.content == first.content
    assert second["Vary"] == first["Vary"]
    assert len([query for query in queries if "INSERT" not in query["sql"]]) <= 6
    assert not any("bookings_booking" in query["sql"] for query in queries)


def test_what_changed_is_drawn_anew(fleet, manager, booking):
    browser = browser_of(manager)
    assert b"First" in look(browser).content
    type(booking).objects.update(reference="Second")
    renew_marks([fleet.pk])
    assert b"Second" in look(browser).content


def test_what_only_the_clock_changes_is_drawn_anew_after_some_seconds(manager, booking):
    browser = browser_of(manager)
    with time_machine.travel(timezone.now(), tick=False) as clock:
        look(browser)
        type(booking).objects.update(reference="Second")
        clock.shift(shared_fragments.KEPT_SECONDS + 1)
        assert b"Second" in look(browser).content


def test_who_has_other_rights_or_another_language_sees_a_part_of_their_own(
    fleet, manager, viewer, booking
):
    type(booking).objects.update(status="accepted", open_change="update")
    BookingFactory(fleet=fleet, accepted=True)
    assert b"table-cards__actions" in look(browser_of(manager)).content
    assert b"table-cards__actions" not in look(browser_of(viewer)).content
    german = MembershipFactory(fleet=fleet, user__language="de").user
    assert "Fahrer" in look(browser_of(german)).content.decode()


def test_a_part_is_drawn_for_each_clock(manager, booking):
    look(browser_of(manager, viewer_tz="Europe/Paris"))
    type(booking).objects.update(reference="Second")
    assert b"First" in look(browser_of(manager, viewer_tz="Europe/Paris")).content
    assert b"Second" in look(browser_of(manager, viewer_tz="Asia/Tokyo")).content


def test_another_fleet_sees_its_own(manager, other_fleet, other_manager, booking):
    renew_marks([other_fleet.pk])
    assert b"First" in look(browser_of(manager)).content
    assert b"First" not in look(browser_of(other_manager)).content


def test_whole_pages_are_not_shared(manager, booking):
    browser = browser_of(manager)
    browser.get("/bookings/")
    type(booking).objects.update(reference="Second")
    assert b"Second" in browser.get("/bookings/").content


def test_a_fleet_in_which_nothing_has_happened_gets_a_mark(other_fleet, other_manager):
    theirs = BookingFactory(fleet=other_fleet, reference="First")
    look(browser_of(other_manager))
    type(theirs).objects.update(reference="Second")
    assert b"First" in look(browser_of(other_manager)).content
    renew_marks([other_fleet.pk])
    assert b"Second" in look(browser_of(other_manager)).content


@pytest.mark.parametrize("who", ["manager", "staff", "other_manager"])
def test_what_somebody_sends_has_parts_drawn_anew(request, manager, booking, who):
    look(browser_of(manager))
    type(booking).objects.update(reference="Second")
    browser_of(request.getfixturevalue(who)).post("/nowhere/")
    is_drawn_anew = b"Second" in look(browser_of(manager)).content
    assert is_drawn_anew == (who != "other_manager")


def test_a_part_with_a_form_is_nobody_elses(rf, fleet):
    renew_marks([fleet.pk])
    drawn = iter((b'<input name="csrfmiddlewaretoken" value="1">', b"another"))
    view = shared_fragment(lambda _request: HttpResponse(next(drawn)))
    request = rf.get("/")
    request.fleet, request.membership = fleet, FleetMembership(role="manager")
    request.htmx = type("Htmx", (), {"history_restore_request": False})()
    assert view(request).content != view(request).content


def test_what_is_too_old_or_too_much_is_let_go(monkeypatch):
    monkeypatch.setattr(shared_fragments, "MOST_KEPT", 3)
    parts = Parts()
    with time_machine.travel(timezone.now(), tick=False) as clock:
        for number in range(5):
            parts.keep((number,), "part")
        assert [parts.get((number,)) for number in range(5)] == [None, None, *["part"] * 3]
        clock.shift(shared_fragments.KEPT_SECONDS + 1)
        parts.keep((5,), "part")
        assert len(parts) == 1


class TestUnchanged:
    def test_who_shows_the_newest_is_told_so_without_the_database(self, fleet, manager, booking):
        browser = browser_of(manager)
        seen = mark_in(look(browser))
        with CaptureQueriesContext(connection) as queries:
            answer = look(browser, HTTP_X_SEEN=seen)
        assert (answer.status_code, answer.content, len(queries)) == (204, b"", 0)
        assert "no-store" in answer["Cache-Control"]
        renew_marks([fleet.pk])
        assert look(browser, HTTP_X_SEEN=seen).status_code == 200

    def test_a_whole_page_says_what_it_has_seen_but_was_not_a_look(self, manager, booking):
        browser = browser_of(manager)
        seen = mark_in(browser.get("/bookings/"))
        assert look(browser, HTTP_X_SEEN=seen).status_code == 200
        assert look(browser, HTTP_X_SEEN=seen).status_code == 204

    def test_a_page_that_shows_something_older_is_not(self, fleet, manager, booking):
        browser = browser_of(manager)
        older = mark_in(look(browser))
        renew_marks([fleet.pk])
        look(browser)
        assert look(browser, HTTP_X_SEEN=older).status_code == 200

    def test_nobody_else_is(self, manager, other_manager, booking):
        seen = mark_in(look(browser_of(manager)))
        assert look(Client(), HTTP_X_SEEN=seen).status_code == 302
        assert look(browser_of(other_manager), HTTP_X_SEEN=seen).status_code == 200
        assert look(browser_of(manager), HTTP_X_SEEN=seen).status_code == 200

    def test_nor_who_has_signed_out(self, manager, booking):
        browser = browser_of(manager)
        seen = mark_in(look(browser))
        browser.post("/account/logout/")
        assert look(browser, HTTP_X_SEEN=seen).status_code == 302

    @pytest.mark.parametrize("lost", ["membership", "session", "account"])
    def test_who_has_lost_access_is_not_for_long(self, manager, booking, lost):
        browser = browser_of(manager)
        with time_machine.travel(timezone.now(), tick=False) as clock:
            seen = mark_in(look(browser))
            if lost == "membership":
                FleetMembership.objects.all().delete()
            elif lost == "session":
                browser.session.delete(browser.session.session_key)
            else:
                type(manager).objects.update(is_active=False)
            assert look(browser, HTTP_X_SEEN=seen).status_code == 204
            clock.shift(timedelta(seconds=shared_fragments.SIGN_OF_LIFE_SECONDS + 1))
            assert look(browser, HTTP_X_SEEN=seen).status_code in {302, 403}

    def test_signs_of_life_do_not_prolong_themselves(self, manager, booking):
        browser = browser_of(manager)
        with time_machine.travel(timezone.now(), tick=False) as clock:
            seen = mark_in(look(browser))
            answers = []
            for _each in range(4):
                clock.shift(2)
                answers.append(look(browser, HTTP_X_SEEN=seen).status_code)
        assert answers == [204, 204, 200, 204]

    def test_without_a_stream_nothing_is_kept(self, manager, booking, settings):
        browser = browser_of(manager)
        seen = mark_in(look(browser))
        settings.LIVE_URL = ""
        answer = look(browser, HTTP_X_SEEN=seen)
        assert answer.status_code == 200
        assert b"X-Seen" not in answer.content

    def test_without_the_cache_all_is_drawn(self, manager, booking):
        browser = browser_of(manager)
        seen = mark_in(look(browser))
        cache.clear()
        assert look(browser, HTTP_X_SEEN=seen).status_code == 200
