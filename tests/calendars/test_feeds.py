"""Calendars at secret addresses."""

from datetime import timedelta
from time import time
from urllib.parse import urlsplit

import pytest
from django.apps import apps
from django.test import Client
from django.utils.http import http_date
from django.utils.timezone import now
from icalendar import Calendar

from bookings.models import Booking
from calendars import feeds
from calendars.feeds import content_of, feed_url, make_feed, sites_to_pick
from calendars.models import CalendarFeed
from tests.factories import (
    BookingFactory,
    CalendarFeedFactory,
    ChargePointFactory,
    DriverFactory,
    EvseFactory,
    LocationFactory,
    VehicleFactory,
    secret_of,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def site(fleet):
    return LocationFactory(name="Pier 40", address="40 West Street")


@pytest.fixture
def driver(fleet):
    return DriverFactory(fleet=fleet, first_name="Ana", last_name="Silva", email="ana@x.example")


@pytest.fixture
def booking(fleet, site, driver) -> Booking:
    evse = EvseFactory(charge_point__location=site)
    vehicle = VehicleFactory(fleet=fleet)
    return BookingFactory(fleet=fleet, driver=driver, evse=evse, vehicle=vehicle, accepted=True)


@pytest.fixture
def feed(fleet, manager) -> CalendarFeed:
    return make_feed(fleet=fleet, user=manager)


def path_of(feed: CalendarFeed) -> str:
    return urlsplit(feed_url(feed)).path


def html(answer) -> str:
    assert answer.status_code == 200
    return answer.content.decode()


def entries(answer) -> dict[str, str]:
    """Return a calendar's entries: the status by the id."""
    assert answer.status_code == 200
    calendar = Calendar.from_ical(answer.content)
    return {str(event["uid"]): str(event["status"]) for event in calendar.events}


# Reading one


def test_a_feed_is_read_without_a_log_in(client, booking, feed):
    assert feed_url(feed).startswith("https://chargebook.example/calendar/")
    answer = client.get(path_of(feed))
    assert answer["Content-Type"] == "text/calendar; charset=utf-8"
    assert answer["Cache-Control"].startswith("private")
    calendar = Calendar.from_ical(answer.content)
    assert calendar["X-WR-CALNAME"] == "Hudson Parcel Fleet"
    [event] = calendar.events
    assert event["UID"] == booking.calendar_uid
    assert "Ana Silva" in event["SUMMARY"]
    assert str(event["URL"]).endswith(f"/bookings/{booking.pk}/")


def test_a_feed_holds_what_it_is_for_and_no_other_fleets(
    client, fleet, manager, site, driver, booking
):
    elsewhere = BookingFactory(fleet=fleet, driver=driver, accepted=True)
    colleague = BookingFactory(fleet=fleet, evse=booking.evse, accepted=True)
    BookingFactory(driver=driver, evse=booking.evse, accepted=True)
    for scope, held in (
        ({}, {booking, elsewhere, colleague}),
        ({"location": site}, {booking, colleague}),
        ({"driver": driver}, {booking, elsewhere}),
    ):
        feed = make_feed(fleet=fleet, user=manager, **scope)
        assert set(entries(client.get(path_of(feed)))) == {one.calendar_uid for one in held}


def test_cancelled_ones_stay_and_say_so(client, booking, feed):
    states = {
        "accepted": "CONFIRMED",
        "reserved": "CONFIRMED",
        "completed": "CONFIRMED",
        "requested": "TENTATIVE",
        "unknown": "TENTATIVE",
        "cancelled": "CANCELLED",
        "failed": "CANCELLED",
    }
    for status, said in states.items():
        Booking.objects.update(status=status)
        assert entries(client.get(path_of(feed))) == {booking.calendar_uid: said}
    for status in ("rejected", "not-placed"):
        Booking.objects.update(status=status)
        assert entries(client.get(path_of(feed))) == {}


@pytest.fixture
def window(fleet) -> dict[int, Booking]:
    """Bookings by how many days ahead they begin."""
    return {
        day: BookingFactory(fleet=fleet, accepted=True, start_at=now() + timedelta(days=day))
        for day in (-61, -59, -1, 1, 2, 300)
    }


def test_it_reaches_sixty_days_back_and_to_the_end(client, window, feed):
    held = {window[day].calendar_uid for day in window if day > -60}
    assert set(entries(client.get(path_of(feed)))) == held


def test_where_there_are_too_many_the_nearest_ahead_are_kept(window, feed, monkeypatch):
    for most, days in ((6, [-59, -1, 1, 2, 300]), (4, [-1, 1, 2, 300]), (2, [1, 2]), (1, [1])):
        monkeypatch.setattr(feeds, "MOST_EVENTS", most)
        assert content_of(feed).bookings == [window[day] for day in days]


def test_a_running_one_is_ahead(fleet, feed, monkeypatch):
    running = BookingFactory(fleet=fleet, accepted=True, start_at=now() - timedelta(minutes=5))
    BookingFactory(fleet=fleet, accepted=True)
    monkeypatch.setattr(feeds, "MOST_EVENTS", 1)
    assert content_of(feed).bookings == [running]


def test_what_opens_no_feed_gets_the_same_page(client, fleet, feed, booking):
    revoked = CalendarFeedFactory(fleet=fleet, revoked_at=now())
    of_nobody = CalendarFeedFactory(fleet=booking.fleet)
    paths = {
        path_of(revoked),
        path_of(feed).upper().replace("CALENDAR", "calendar").replace(".ICS", ".ics"),
        "/calendar/wrong.ics",
        "/calendar/%00.ics",
        f"/calendar/{'x' * 3000}.ics",
    }
    answers = [client.get(path) for path in paths]
    fleet.is_active = False
    fleet.save()
    answers.append(client.get(path_of(of_nobody)))
    assert {answer.status_code for answer in answers} == {404}
    assert len({answer.content for answer in answers}) == 1
    assert answers[0].content == client.get("/d/wrong/").content


def test_who_has_the_latest_gets_nothing_again(client, booking, feed):
    first = client.get(path_of(feed))
    known = {"If-None-Match": first["ETag"]}
    again = client.get(path_of(feed), headers=known)
    assert (again.status_code, again.content, again["ETag"]) == (304, b"", first["ETag"])
    # A read of the mirror that finds nothing new makes nothing new here.
    booking.location.synced_at = now()
    booking.location.save()
    assert client.get(path_of(feed), headers=known).status_code == 304


@pytest.mark.parametrize(
    "change",
    [
        lambda booking: Booking.objects.update(version=5),
        lambda booking: BookingFactory(fleet=booking.fleet, accepted=True),
        lambda booking: Booking.objects.update(status="rejected"),
        lambda booking: type(booking.location).objects.update(name="Pier 41"),
        lambda booking: type(booking.location).objects.update(how_to_get_in="Ring."),
        lambda booking: type(booking.driver).objects.update(last_name="Souza"),
        lambda booking: type(booking.evse).objects.update(label="Bay 99"),
        lambda booking: booking.evse.connectors.update(type="chademo"),
        lambda booking: type(booking.vehicle).objects.update(plate="HP-99"),
        lambda booking: type(booking.vehicle).objects.update(number="Van 99"),
        lambda booking: Booking.objects.update(calendar_uid="another"),
        lambda booking: Booking.objects.update(start_at=now() - timedelta(days=61)),
    ],
)
def test_whatever_an_entry_tells_makes_a_feed_new(client, booking, feed, change):
    # The first entry is looked at as it is written, which others are not.
    BookingFactory(fleet=booking.fleet, accepted=True, start_at=booking.start_at - timedelta(1))
    known = client.get(path_of(feed))
    change(booking)
    again = client.get(path_of(feed), headers={"If-None-Match": known["ETag"]})
    assert again.status_code == 200
    assert again["ETag"] != known["ETag"]


@pytest.mark.parametrize(
    "change",
    [
        lambda booking: Booking.objects.update(driver=DriverFactory(fleet=booking.fleet)),
        lambda booking: Booking.objects.update(status="rejected"),
        lambda booking: Booking.objects.update(start_at=now() - timedelta(days=61)),
    ],
)
def test_what_is_gone_is_gone_for_readers_that_send_only_a_date(
    client, fleet, manager, driver, booking, change
):
    feed = make_feed(fleet=fleet, user=manager, driver=driver)
    earlier = BookingFactory(fleet=fleet, driver=driver, accepted=True)
    Booking.objects.filter(pk=earlier.pk).update(changed_at=now() - timedelta(days=9))
    Booking.objects.filter(pk=booking.pk).update(changed_at=now() - timedelta(hours=1))
    first = client.get(path_of(feed))
    assert len(entries(first)) == 2
    change(booking)
    since = first.get("Last-Modified", http_date(time()))
    again = client.get(path_of(feed), headers={"If-Modified-Since": since})
    assert again.status_code == 200
    assert booking.calendar_uid not in entries(again)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PORTAL_NAME", "Voltbook"),
        ("DEFAULT_FROM_EMAIL", "other@x.example"),
        ("SITE_URL", "https://elsewhere.example"),
    ],
)
def test_what_the_portal_is_called_makes_a_feed_new(client, booking, feed, settings, name, value):
    known = client.get(path_of(feed))
    setattr(settings, name, value)
    again = client.get(path_of(feed), headers={"If-None-Match": known["ETag"]})
    assert again.status_code == 200
    assert again.content != known.content


def test_reading_is_noted_to_the_minute_and_changes_nothing_else(client, booking, feed):
    def others() -> list[list[dict]]:
        models = [model for model in apps.get_models() if model is not CalendarFeed]
        return [list(model._base_manager.order_by("pk").values()) for model in models]

    before = others()
    client.get(path_of(feed))
    feed.refresh_from_db()
    first = feed.last_read_at
    assert first
    client.get(path_of(feed))
    feed.refresh_from_db()
    assert feed.last_read_at == first
    CalendarFeed.objects.update(last_read_at=first - timedelta(minutes=1))
    client.get(path_of(feed))
    feed.refresh_from_db()
    assert feed.last_read_at >= first
    assert others() == before
    assert client.post(path_of(feed)).status_code == 405


@pytest.mark.usefixtures("still")
def test_a_feed_is_limited_in_rate(client, feed, settings):
    settings.LINK_VISITS_PER_MINUTE = 2
    answers = [client.get(path_of(feed)).status_code for _number in range(3)]
    assert answers == [200, 200, 429]


def test_a_feed_costs_the_same_queries_however_many_it_holds(
    client, booking, feed, django_assert_num_queries
):
    client.get(path_of(feed))
    with django_assert_num_queries(5):
        client.get(path_of(feed))
    for _number in range(5):
        BookingFactory(fleet=booking.fleet, accepted=True)
    with django_assert_num_queries(5):
        client.get(path_of(feed))


# The page


def test_a_manager_makes_a_calendar_and_sees_its_address(as_manager, fleet, manager):
    assert "No calendars yet" in html(as_manager.get("/bookings/feeds/"))
    page = html(as_manager.post("/bookings/feeds/", {"scope": "all"}, follow=True))
    feed = CalendarFeed.objects.get()
    assert (feed.fleet, feed.location, feed.driver, feed.created_by) == (fleet, None, None, manager)
    assert f'value="{feed_url(feed)}"' in page
    assert "Never" in page
    assert "ready" in page


def test_a_calendar_of_a_site_or_a_driver_is_named(as_manager, fleet, booking, site, driver):
    for data in ({"scope": "site", "site": "pier 40"}, {"scope": "driver", "driver": "silva"}):
        assert as_manager.post("/bookings/feeds/", data).status_code == 302
    newest, first = CalendarFeed.objects.all()
    assert (first.location, first.driver) == (site, None)
    assert (newest.location, newest.driver) == (None, driver)
    page = html(as_manager.get("/bookings/feeds/"))
    assert ">Pier 40</td>" in page
    assert ">Ana Silva</td>" in page
    # Both are suggested too.
    assert '<option value="Pier 40">40 West Street</option>' in page
    assert '<option value="ana@x.example">Ana Silva</option>' in page


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ({}, "Please pick which bookings."),
        ({"scope": "everything"}, "Please pick one of these."),
        ({"scope": "site"}, "Please enter a name."),
        ({"scope": "site", "site": "Nowhere"}, "Nothing in your fleet matches."),
        ({"scope": "site", "site": "Foreign depot"}, "Nothing in your fleet matches."),
        ({"scope": "site", "site": "Pier"}, "Several match: Pier 40 (40 West Street), Pier 41"),
        ({"scope": "driver"}, "Please enter a name."),
        ({"scope": "driver", "driver": "stranger@x.example"}, "Nothing in your fleet matches."),
        ({"scope": "driver", "driver": "x" * 201}, "at most 200 characters"),
        ({"scope": "driver", "driver": "an\x00a"}, "Null characters are not allowed."),
    ],
)
def test_what_is_not_understood_is_said_and_kept(as_manager, booking, data, words):
    ChargePointFactory(location__name="Pier 41")
    ChargePointFactory(location__name="Foreign depot", type="private", ampeco_partner_id=7)
    DriverFactory(email="stranger@x.example")
    page = html(as_manager.post("/bookings/feeds/", data))
    assert words in page
    for text in data.values():
        assert (
            len(text) > 200 or "\x00" in text or text == "everything" or f'value="{text}"' in page
        )
    assert not CalendarFeed.objects.exists()


def test_a_name_that_is_written_in_full_is_meant_although_others_hold_it(as_manager, booking):
    ChargePointFactory(location__name="Pier 40 West")
    data = {"scope": "site", "site": "Pier 40"}
    assert as_manager.post("/bookings/feeds/", data).status_code == 302
    assert CalendarFeed.objects.get().location == booking.location


def test_sites_to_pick_are_those_seen_or_booked(fleet, booking):
    own = ChargePointFactory(type="private", ampeco_partner_id=501).location
    ChargePointFactory(type="private", ampeco_partner_id=7)
    gone = BookingFactory(fleet=fleet, evse__charge_point__type="private").location
    assert set(sites_to_pick(fleet)) == {booking.location, own, gone}


def test_there_is_an_end_to_how_many_a_fleet_makes(as_manager, fleet, monkeypatch):
    monkeypatch.setattr(feeds, "MOST_FEEDS", 1)
    CalendarFeedFactory(fleet=fleet, revoked_at=now())
    assert as_manager.post("/bookings/feeds/", {"scope": "all"}).status_code == 302
    page = html(as_manager.post("/bookings/feeds/", {"scope": "all"}))
    assert "Please revoke one first." in page


def test_viewers_see_calendars_but_not_their_addresses(as_viewer, feed):
    page = html(as_viewer.get("/bookings/feeds/"))
    assert "All bookings of the fleet" in page
    assert secret_of(feed) not in page
    assert "Revoke" not in page
    assert "Create calendar" not in page
    assert as_viewer.post("/bookings/feeds/", {"scope": "all"}).status_code == 403
    assert as_viewer.post(f"/bookings/feeds/{feed.pk}/revoke/").status_code == 403
    assert CalendarFeed.objects.get().revoked_at is None


def test_a_revoked_address_leads_nowhere_at_once(as_manager, feed):
    assert as_manager.get(path_of(feed)).status_code == 200
    page = html(as_manager.post(f"/bookings/feeds/{feed.pk}/revoke/", follow=True))
    assert "no longer works" in page
    assert secret_of(feed) not in page
    assert as_manager.get(path_of(feed)).status_code == 404
    # Once more, and another fleet's.
    assert as_manager.post(f"/bookings/feeds/{feed.pk}/revoke/").status_code == 404


def test_another_fleets_calendars_are_not_there(other_manager, feed):
    stranger = Client()
    stranger.force_login(other_manager)
    assert "No calendars yet" in html(stranger.get("/bookings/feeds/"))
    assert stranger.post(f"/bookings/feeds/{feed.pk}/revoke/").status_code == 404
    assert CalendarFeed.objects.get().revoked_at is None
