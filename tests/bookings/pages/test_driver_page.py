"""The driver's own page: what it shows, what can be done on it, and all that it refuses."""

import io
import logging
import re
from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.apps import apps
from django.test import Client
from django.urls import reverse
from django.utils.timezone import now

from bookings.actions.driver import MOST_MESSAGES
from bookings.models import Actor, Booking, BookingEvent, BookingRequest
from bookings.models.booking import link_token
from drivers.models import Driver
from tests.bookings.test_links import forged
from tests.factories import BookingFactory, BookingRequestFactory, DriverFactory

pytestmark = pytest.mark.django_db

PAGES = ("", "cancel/", "late/", "booking.ics")


@pytest.fixture
def booking(fleet, manager) -> Booking:
    """A booking that the operator approved, with all that a fleet may know of it."""
    manager.name = "Maria Meadows"
    manager.save()
    request = BookingRequestFactory(
        approved=True,
        booking__fleet=fleet,
        booking__accepted=True,
        booking__reference="Job 7",
        booking__created_by=manager,
        booking__driver__first_name="Ana",
    )
    booking = Booking.objects.get(pk=request.booking_id)
    booking.location.how_to_get_in = "Ring twice at gate B."
    booking.location.save()
    return booking


@pytest.fixture
def url(booking) -> str:
    return f"/d/{link_token(booking, booking.driver)}/"


def html(answer) -> str:
    assert answer.status_code == 200
    return answer.content.decode()


def everything() -> dict[str, list[dict]]:
    """Return all rows of all tables."""
    return {
        model._meta.label: list(model._base_manager.order_by("pk").values())
        for model in apps.get_models()
    }


# What it shows


def test_it_shows_the_driver_what_they_need_to_know(client, booking, url):
    page = html(client.get(url))
    for words in (
        booking.location.name,
        "1 Pier Road, New York",
        "https://www.openstreetmap.org/",
        "07:00–08:00" if "EST" in page else "08:00–09:00",
        "New York time",
        booking.evse.label,
        booking.evse.physical_reference,
        "CCS2",
        "Ring twice at gate B.",
        "Job 7",
        "Maria Meadows, Hudson Parcel Fleet",
        "Approved",
        "the time is booked for you",
    ):
        assert words in page
    for link in ("booking.ics", "cancel/", "late/"):
        assert f'href="{url}{link}"' in page


def test_it_shows_nothing_else(client, booking, url, manager):
    colleague = BookingFactory(fleet=booking.fleet, accepted=True, reference="Secret job")
    manager.name = ""
    manager.save()
    for part in PAGES:
        page = client.get(f"{url}{part}").content.decode()
        assert manager.email not in page
        assert colleague.driver.email not in page
        assert "Secret job" not in page
        assert 'href="/bookings/' not in page
        assert 'href="/"' not in page


def test_it_is_the_same_page_for_a_manager_who_is_logged_in(client, url, as_other_manager):
    page = html(as_other_manager.get(url))
    assert "Rhône Fret" not in page
    assert "manager@rhone.example" not in page


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"status": "requested"}, "Nothing is booked until the operator approves."),
        ({"status": "requested", "open_change": "withdraw"}, "will be cancelled as soon as"),
        ({"open_change": "cancel"}, "The booking remains valid until the operator agrees."),
        (
            {"open_change": "update"},
            "has requested a change. Until the operator decides",
        ),
        (
            {"open_change": "move"},
            "has requested another charger instead. Until the operator decides",
        ),
        ({"status": "reserved"}, "being held for you"),
        ({"status": "completed"}, "Charging has started."),
        ({"status": "cancelled"}, "was cancelled. No charger is held"),
        ({"status": "no-show"}, "did not start in time"),
        ({"status": "failed"}, "could not be held for you"),
        ({"status": "rejected"}, "Nothing is booked for you."),
        ({"status": "not-placed"}, "Nothing is booked for you."),
        ({"status": "unknown"}, "not known here"),
    ],
)
def test_each_state_is_said_in_words_that_are_true(client, url, fields, words):
    Booking.objects.update(slot_key="", **fields)
    page = html(client.get(url))
    assert words in page
    assert "approved it" not in page


def test_a_charger_that_is_not_known_yet_is_said_to_be_so(client, url):
    Booking.objects.update(evse=None)
    assert "The operator assigns the charger." in html(client.get(url))


def test_it_notices_what_becomes_of_a_confirmed_booking(client, url):
    assert 'data-look-every="60s"' in html(client.get(url))
    past = {"start_at": now() - timedelta(hours=2), "end_at": now() - timedelta(hours=1)}
    for changes in ({"status": "completed"}, {"status": "accepted"} | past):
        Booking.objects.update(**changes)
        assert "data-look-every" not in html(client.get(url))


def test_it_keeps_up_while_something_is_undecided(client, url):
    Booking.objects.update(open_change="cancel")
    page = html(client.get(url))
    assert f'hx-get="{url}"' in page
    assert 'data-look-every="3s"' in page
    assert "<noscript>" in page
    fragment = client.get(url, headers={"HX-Request": "true"})
    assert "HX-Request" in fragment["Vary"]
    assert html(fragment).lstrip().startswith('<section class="card" id="driver-booking"')
    Booking.objects.update(open_change="", status="cancelled")
    assert "hx-get" not in html(client.get(url, headers={"HX-Request": "true"}))


def test_it_speaks_the_drivers_language_where_the_portal_does(client, booking, url, settings):
    settings.LANGUAGES = [("en", "English"), ("de", "Deutsch")]
    for locale, language in (
        ("de_AT", "de"),
        ("de", "de"),
        ("tlh", "en"),
        ("", "en"),
        ("..", "en"),
    ):
        Driver.objects.update(locale=locale)
        for part in ("", "cancel/", "late/"):
            answer = client.get(f"{url}{part}", headers={"Accept-Language": "fr"})
            assert f'<html lang="{language}"' in html(answer)
            assert answer["Content-Language"] == language


def test_it_is_kept_out_of_caches_and_search_engines(client, url):
    for address in (*(f"{url}{part}" for part in PAGES), "/d/wrong/"):
        answer = client.get(address)
        assert answer["Cache-Control"] == "private, no-store"
        assert answer["Referrer-Policy"] == "same-origin"
        assert "noindex" in answer["X-Robots-Tag"]


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """What the portal's own handler writes on the root logger."""
    [handler] = [one for one in logging.getLogger().handlers if one.name == "console"]
    written = io.StringIO()
    before = handler.setStream(written)
    yield written
    handler.setStream(before)


def test_no_log_gives_a_link_away(client, log):
    """As Django writes of every page that is not there, or whose form is refused."""
    secret = "very-secret-" * 6
    for address in (
        f"/d/{secret}/",
        f"/d/{secret}/cancel/",
        f"/d/{secret}/misspelt/",
        f"/calendar/{secret}.ics",
    ):
        client.get(address)
    Client(enforce_csrf_checks=True).post(f"/d/{secret}/late/")
    logged = log.getvalue()
    assert logged.count("Not Found") == 4
    assert logged.count("Forbidden") == 1
    assert "very-secret" not in logged


# Reading changes nothing


@pytest.mark.parametrize("state", ["accepted", "requested", "cancelled"])
def test_reading_changes_nothing_in_any_table(client, booking, url, state):
    Booking.objects.update(status=state)
    BookingRequest.objects.update(
        status="pending" if state == "requested" else "approved",
        next_attempt_at=now() + timedelta(minutes=1),
    )
    before = everything()
    for part in PAGES:
        for method in ("get", "head", "options", "trace"):
            for headers in ({}, {"HX-Request": "true"}, {"Purpose": "prefetch"}):
                getattr(client, method)(f"{url}{part}", headers=headers)
        # A form's fields in the address are no form.
        client.get(f"{url}{part}", {"version": booking.version, "minutes": "20"})
    assert everything() == before
    assert before["bookings.Booking"], "the comparison sees rows"


def test_only_reading_and_sending_forms_is_answered(client, url):
    assert client.put(url).status_code == 405
    assert client.delete(f"{url}cancel/").status_code == 405
    assert client.post(url).status_code == 405
    assert client.post(f"{url}booking.ics").status_code == 405


def test_forms_want_the_token_of_their_page(booking, url):
    browser = Client(enforce_csrf_checks=True)
    for part, data in (("cancel/", {"version": booking.version}), ("late/", {"minutes": 20})):
        assert browser.post(f"{url}{part}", data).status_code == 403
        token = re.search(r'csrfmiddlewaretoken" value="(\w+)"', html(browser.get(f"{url}{part}")))
        assert token, "the page's own form is accepted"
    assert BookingEvent.objects.count() == 0
    browser.post(f"{url}late/", {"minutes": 20, "csrfmiddlewaretoken": token[1]})
    assert BookingEvent.objects.count() == 1


# Links that open nothing


def test_everything_that_opens_nothing_gets_the_same_bytes(client, booking):
    old = BookingFactory(accepted=True, start_at=now() - timedelta(days=9))
    answers = {}
    tokens = [text for text in forged(booking).values() if text not in {".", ""}]
    tokens.append(link_token(old, old.driver))
    for part in PAGES:
        for token in tokens:
            address = reverse("driver-page:show", args=[token]) + part
            answers[address] = client.get(address)
            if part in {"cancel/", "late/"}:
                answers[f"POST {address}"] = client.post(address, {"minutes": 20, "version": 0})
    assert {answer.status_code for answer in answers.values()} == {404}
    assert len({answer.content for answer in answers.values()}) == 1
    headers = {
        str(sorted(item for item in answer.headers.items() if item[0] != "X-Request-ID"))
        for answer in answers.values()
    }
    assert len(headers) == 1, headers
    text = next(iter(answers.values())).content.decode()
    assert "This link is no longer valid" in text
    assert BookingEvent.objects.count() == 0


def test_a_revoked_link_opens_nothing_at_once_and_the_next_one_does(
    as_manager, manager, booking, url
):
    answer = as_manager.post(f"/bookings/{booking.pk}/revoke-link/", follow=True)
    assert "no longer works" in html(answer)
    assert as_manager.get(url).status_code == 404
    booking.refresh_from_db()
    assert as_manager.get(f"/d/{link_token(booking, booking.driver)}/").status_code == 200
    event = booking.events.get()
    assert (event.what, event.actor, event.user) == ("link-revoked", "manager", manager)


def test_a_booking_that_was_given_to_another_driver_is_closed_to_the_first(client, booking, url):
    colleague = DriverFactory()
    theirs = f"/d/{link_token(booking, colleague)}/"
    assert client.get(theirs).status_code == 404
    Booking.objects.update(driver=colleague)
    assert client.get(url).status_code == 404
    assert client.get(theirs).status_code == 200


@pytest.mark.usefixtures("still")
def test_links_are_limited_in_rate_right_and_wrong_ones_alike(client, url, settings):
    settings.LINK_VISITS_PER_MINUTE = 2
    settings.LINK_VISITS_PER_MINUTE_AND_ADDRESS = 4
    limited = {}
    for name, address in (("right", url), ("wrong", "/d/wrong/")):
        answers = [client.get(address) for _number in range(3)]
        limited[name] = answers[-1]
        assert [answer.status_code for answer in answers[:2]] == [
            200 if name == "right" else 404
        ] * 2
    for answer in limited.values():
        assert answer.status_code == 429
        assert 0 < int(answer["Retry-After"]) <= 60
        assert "wait a minute" in answer.content.decode()
    guess = client.get("/d/another-guess/")
    assert guess.status_code == 429, "the address had its share"
    assert client.get("/d/another-guess/", REMOTE_ADDR="192.0.2.200").status_code == 404


# The calendar


def test_the_calendar_entry_is_the_drivers(client, booking, url):
    answer = client.get(f"{url}booking.ics")
    assert answer["Content-Type"] == "text/calendar; charset=utf-8"
    text = answer.content.decode()
    assert booking.calendar_uid in text
    assert "BEGIN:VALARM" in text
    assert f"/bookings/{booking.pk}/" not in text


def test_what_is_not_confirmed_has_no_calendar_entry(client, url):
    for status in ("requested", "cancelled", "completed"):
        Booking.objects.update(status=status)
        assert client.get(f"{url}booking.ics").url == url


# Cancelling


def test_a_driver_cancels_and_the_page_says_how_it_stands(client, booking, url):
    page = html(client.get(f"{url}cancel/"))
    assert f'name="version" value="{booking.version}"' in page
    answer = client.post(f"{url}cancel/", {"version": booking.version})
    assert answer.url == url
    request = BookingRequest.objects.get(kind="cancel")
    assert (request.booking, request.asked_by, request.created_by) == (booking, Actor.DRIVER, None)
    page = html(client.get(url))
    assert "Its cancellation has been requested." in page
    assert "cancel/" not in page
    assert "late/" not in page


def test_cancelling_twice_is_told_and_asks_once(client, booking, url):
    data = {"version": booking.version}
    client.post(f"{url}cancel/", data)
    page = html(client.post(f"{url}cancel/", data))
    assert "This has already been requested." in page
    assert "Yes, cancel it" not in page
    assert BookingRequest.objects.filter(kind="cancel").count() == 1


@pytest.mark.parametrize("version", ["", "x", "-1", "99", "9" * 30])
def test_a_booking_that_changed_meanwhile_is_shown_before_it_is_cancelled(client, url, version):
    page = html(client.post(f"{url}cancel/", {"version": version}))
    assert "has changed since you opened the page" in page
    assert "Yes, cancel it" in page
    assert not BookingRequest.objects.filter(kind="cancel").exists()


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"status": "cancelled"}, "is already cancelled"),
        ({"status": "completed"}, "can no longer be cancelled"),
        ({"status": "rejected"}, "can no longer be cancelled"),
        ({"status": "unknown"}, "can no longer be cancelled"),
        ({"start_at": now() - timedelta(minutes=1)}, "can no longer be cancelled"),
        ({"open_change": "update"}, "The operator is still deciding on a change to this booking."),
        ({"open_change": "move"}, "The operator is still deciding on a change to this booking."),
        ({"open_change": "withdraw", "status": "requested"}, "already been requested"),
    ],
)
def test_what_cannot_be_cancelled_has_no_button_and_says_why(client, booking, url, fields, words):
    Booking.objects.update(slot_key="", **fields)
    before = everything()
    assert "cancel/" not in html(client.get(url))
    for answer in (
        client.get(f"{url}cancel/"),
        client.post(f"{url}cancel/", {"version": booking.version}),
    ):
        page = html(answer)
        assert words in page
        assert "Yes, cancel it" not in page
    assert everything() == before


def test_a_request_that_is_not_sent_yet_is_taken_back(client, request_row):
    booking = request_row.booking
    url = f"/d/{link_token(booking, booking.driver)}/"
    client.post(f"{url}cancel/", {"version": booking.version})
    page = html(client.get(url))
    assert "This booking was cancelled." in page


def test_a_cancellation_that_the_operator_refuses_is_told_in_their_words(
    client, request_row, workers, operator
):
    workers.submit()
    operator.decide(operator.requests[1])
    workers.poll()
    booking = Booking.objects.get()
    url = f"/d/{link_token(booking, booking.driver)}/"
    client.post(f"{url}cancel/", {"version": booking.version})
    workers.submit()
    [asked] = [request for request in operator.requests.values() if request.type == "cancel"]
    operator.reject(asked, "Too <b>late</b> for that.")
    workers.poll()
    page = html(client.get(url))
    assert "The booking was not cancelled and remains valid. The operator says:" in page
    assert "Too &lt;b&gt;late&lt;/b&gt; for that." in page
    assert f'href="{url}cancel/"' in page


# Running late


def test_a_driver_tells_that_they_run_late(client, booking, url):
    answer = client.post(f"{url}late/", {"minutes": "20", "note": "Traffic\x85 on\nthe bridge"})
    assert "Please leave out line breaks and control characters." in html(answer)
    assert not BookingEvent.objects.exists()
    answer = client.post(f"{url}late/", {"minutes": "20", "note": " Traffic  on the bridge \n"})
    assert answer.url == url
    event = BookingEvent.objects.get()
    assert (event.booking, event.what, event.actor) == (booking, "running-late", "driver")
    assert (event.driver, event.user) == (booking.driver, None)
    assert event.changes == {"late_minutes": [None, 20]}
    assert event.note == "Traffic on the bridge"
    assert "that you will be about 20 minutes late" in html(client.get(url))
    assert "Traffic" not in html(client.get(url))


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ({}, "Please pick how late you will be."),
        ({"minutes": "15"}, "Please pick one of these."),
        ({"minutes": "x" * 999}, "Please pick one of these."),
        ({"minutes": "10", "note": "kept " * 100}, "at most 200 characters"),
        ({"minutes": "10", "note": "a\x00b"}, "Null characters are not allowed."),
    ],
)
def test_what_is_not_understood_is_said_beside_the_field(client, url, data, words):
    before = everything()
    page = html(client.post(f"{url}late/", data))
    assert words in page
    assert ("kept kept" in page) == ("kept" in data.get("note", ""))
    assert everything() == before


def test_saying_it_twice_within_a_minute_tells_once(client, url):
    for _time in range(2):
        assert client.post(f"{url}late/", {"minutes": "20", "note": "Sorry"}).url == url
    assert BookingEvent.objects.count() == 1


def test_another_message_within_a_minute_waits(client, url):
    client.post(f"{url}late/", {"minutes": "20"})
    page = html(client.post(f"{url}late/", {"minutes": "30", "note": "Worse"}))
    assert "less than a minute ago" in page
    assert 'value="Worse"' in page
    BookingEvent.objects.update(at=now() - timedelta(minutes=1))
    assert client.post(f"{url}late/", {"minutes": "30"}).url == url
    assert [event.changes["late_minutes"][1] for event in BookingEvent.objects.all()] == [20, 30]


def test_managers_are_not_flooded(client, url):
    for _time in range(MOST_MESSAGES):
        client.post(f"{url}late/", {"minutes": "20"})
        BookingEvent.objects.update(at=now() - timedelta(minutes=2))
    assert "already sent this several times" in html(client.post(f"{url}late/", {"minutes": "20"}))
    assert BookingEvent.objects.count() == MOST_MESSAGES


def test_who_comes_second_to_a_change_is_late_all_the_same(client, booking, url):
    Booking.objects.update(version=7)
    assert client.post(f"{url}late/", {"minutes": "20"}).url == url
    assert Booking.objects.get().version == 8


def test_running_late_is_told_after_the_start_too(client, url):
    Booking.objects.update(start_at=now() - timedelta(minutes=5))
    assert client.post(f"{url}late/", {"minutes": "20"}).url == url


@pytest.mark.parametrize(
    "fields",
    [
        {"status": "requested"},
        {"status": "completed"},
        {"status": "cancelled"},
        {"status": "no-show"},
        {"open_change": "cancel"},
        {"start_at": now() - timedelta(hours=2), "end_at": now() - timedelta(minutes=1)},
    ],
)
def test_there_is_no_late_for_what_is_not_ahead(client, url, fields):
    Booking.objects.update(slot_key="", **fields)
    before = everything()
    assert "late/" not in html(client.get(url))
    assert "Tell my fleet manager" not in html(client.get(f"{url}late/"))
    page = html(client.post(f"{url}late/", {"minutes": "20"}))
    assert "Nobody was notified." in page
    assert everything() == before


# Revoking, by managers


def test_revoking_is_for_managers_of_the_fleet(booking, viewer, other_manager):
    for user, status in ((viewer, 403), (other_manager, 404), (None, 302)):
        browser = Client()
        if user:
            browser.force_login(user)
        assert browser.post(f"/bookings/{booking.pk}/revoke-link/").status_code == status
    assert Booking.objects.get().link_generation == 0
    assert BookingEvent.objects.count() == 0
