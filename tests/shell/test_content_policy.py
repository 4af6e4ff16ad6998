"""Pages say what may be loaded and run, and hold to it themselves."""

import re
from html.parser import HTMLParser
from urllib.parse import urlencode

import pytest
from django.test import Client
from django.urls import reverse

from bookings.models.booking import link_token
from shell.middleware import HEADER
from tests.factories import BookingRequestFactory, DriverFactory, EvseFactory, next_noon

pytestmark = pytest.mark.django_db

# Script elements of these types hold data and are never run.
DATA = {"application/json", "application/ld+json"}


class Inline(HTMLParser):
    """Collects what a strict policy forbids: scripts, styles and handlers in the page itself."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag, attrs):
        names = dict(attrs)
        if tag == "style" or (
            tag == "script" and "src" not in names and names.get("type") not in DATA
        ):
            self.found.append(tag)
        self.found += [
            f"{tag} {name}"
            for name, value in attrs
            if name == "style"
            or name.startswith(("on", "hx-on"))
            or (value or "").strip().lower().startswith(("javascript:", "js:"))
        ]


def policy(answer) -> dict[str, set[str]]:
    parts = [part.split() for part in answer[HEADER].split("; ")]
    return {name: set(sources) for name, *sources in parts}


@pytest.fixture
def pages(fleet) -> list[str]:
    """One address of each kind of page outside the back office."""
    evse = EvseFactory()
    driver = DriverFactory(fleet=fleet)
    request = BookingRequestFactory(
        approved=True, booking__accepted=True, booking__fleet=fleet, booking__evse=evse
    )
    booking = request.booking
    slot = {
        "site": evse.charge_point.location_id,
        "evse": evse.pk,
        "start": f"{next_noon():%Y-%m-%dT%H:%M:%SZ}",
        "minutes": 60,
        "driver": driver.pk,
    }
    return [
        "/account/login/",
        "/account/password/reset/",
        "/sites/",
        f"/sites/{evse.charge_point.location_id}/",
        f"/sites/{evse.charge_point.location_id}/availability/",
        "/bookings/",
        f"/bookings/new/?{urlencode(slot)}",
        f"/bookings/{booking.pk}/",
        f"/bookings/{booking.pk}/status/",
        f"/bookings/{booking.pk}/change/",
        f"/bookings/{booking.pk}/cancel/",
        "/bookings/feeds/",
        "/drivers/",
        f"/d/{link_token(booking, booking.driver)}/",
        "/d/wrong/",
        "/nowhere/",
        "/health/ready",
        "/account/security/",
        "/account/security/sessions/",
        "/account/security/webauthn/",
    ]


@pytest.mark.usefixtures("operator")
@pytest.mark.parametrize("fragment", [False, True], ids=["page", "fragment"])
def test_every_kind_of_page_has_the_strict_policy_and_keeps_it(as_manager, pages, fragment):
    as_manager.raise_request_exception = False
    for path in pages:
        client = as_manager if "/security/" in path or "/account/" not in path else Client()
        answer = client.get(path, headers={"HX-Request": "true"} if fragment else {})
        assert answer.status_code in {200, 404}, path
        told = policy(answer)
        assert told["default-src"] == {"'none'"}, path
        assert told["script-src"] == told["style-src"] == told["connect-src"] == {"'self'"}, path
        assert told["frame-ancestors"] == told["base-uri"] == {"'none'"}, path
        assert told["form-action"] == {"'self'"}, path
        assert "unsafe" not in answer[HEADER], path
        found = Inline()
        found.feed(answer.content.decode())
        assert found.found == [], path


def test_errors_have_it_too(client, manager, monkeypatch):
    from bookings.pages import read

    def broken(*args, **kwargs):
        raise RuntimeError("It broke.")

    monkeypatch.setattr(read, "render", broken, raising=False)
    client.raise_request_exception = False
    client.force_login(manager)
    answer = client.get(reverse("bookings:list"))
    assert answer.status_code == 500
    assert policy(answer)["script-src"] == {"'self'"}


def test_the_back_office_may_do_what_its_theme_needs_and_no_scripts_in_the_page(client, staff):
    client.force_login(staff)
    for path in ("/back-office/", "/back-office/bookings/booking/", "/back-office/login/"):
        told = policy(client.get(path))
        assert told["script-src"] == {"'self'", "'unsafe-eval'"}, path
        assert told["style-src"] == {"'self'", "'unsafe-inline'"}, path
        assert told["frame-ancestors"] == {"'none'"}, path
    assert "unsafe" not in client.get("/bookings/")[HEADER]


@pytest.mark.parametrize("path", ["", "bookings/bookingrequest/", "drivers/fleet/add/"])
def test_the_back_office_has_no_scripts_in_its_pages(client, staff, path):
    client.force_login(staff)
    answer = client.get(f"/back-office/{path}")
    assert answer.status_code == 200
    found = Inline()
    found.feed(answer.content.decode())
    forbidden = [what for what in found.found if what == "script" or re.search(r" on\w+$", what)]
    assert forbidden == []


def test_developers_see_djangos_own_error_pages(client, settings):
    settings.DEBUG = True
    assert HEADER not in client.get("/nowhere/")
    assert HEADER in client.get("/account/login/")
