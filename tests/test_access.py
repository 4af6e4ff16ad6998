"""Who may open what: every address of the portal for every kind of person.

The table is held against the URL configuration, so that an address without an entry fails.
"""

import uuid
from collections.abc import Iterator
from typing import NamedTuple

import pytest
from django.contrib import admin
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from bookings.links import link_token
from bookings.models import Booking, CalendarFeed
from tests.factories import (
    BookingRequestFactory,
    DriverFactory,
    EvseFactory,
    UserFactory,
    next_noon,
)

pytestmark = pytest.mark.django_db

PEOPLE = ("anonymous", "nobody", "staff", "stranger", "viewer", "manager")
LOGIN, BACK_OFFICE = "log-in", "back office"


class Entry(NamedTuple):
    """How an address answers to each of PEOPLE; `path` and `data` are completed by `things`."""

    method: str
    path: str
    data: dict[str, str]
    answers: tuple[int | str, ...]


def page(method: str, path: str, data: dict[str, str] | None = None, **answers: int) -> Entry:
    """Return a page for members of a fleet: others log in, get no fleet, or the back office."""
    return Entry(
        method,
        path,
        data or {},
        (LOGIN, 403, BACK_OFFICE, answers["stranger"], answers["viewer"], answers["manager"]),
    )


def open_to_all(path: str, anonymous: int, known: int) -> Entry:
    """Return a page of log-in, password and health, which asks for no fleet."""
    return Entry("get", path, {}, (anonymous, *(known,) * 5))


def own_account(path: str, known: int) -> Entry:
    """Return a page about somebody's own log-in."""
    return Entry("get", path, {}, (LOGIN, *(known,) * 5))


def by_secret(method: str, path: str, answer: int) -> Entry:
    """Return a page that a secret in its address opens, whoever asks: it shows one booking."""
    return Entry(method, path, {}, (answer,) * 6)


# In a path, what tells a page that shows “Our job 7” and its driver to whoever knows the address.
SECRETS = ("{link}", "{feed}")
SLOT = {"site": "{site}", "evse": "{evse}", "start": "{start}", "minutes": "60"}
FORM = SLOT | {"driver": "{driver}", "submission_key": "{key}"}
CHANGE = {
    "day": "{day}",
    "time": "12:00",
    "minutes": "60",
    "driver": "{driver}",
    "submission_key": "{key}",
    "version": "0",
}
ENTRIES: dict[str, list[Entry]] = {
    "home": [open_to_all("/", 302, 302)],
    "sites:list": [page("get", "/sites/", stranger=200, viewer=200, manager=200)],
    "sites:detail": [page("get", "/sites/{site}/", stranger=404, viewer=200, manager=200)],
    "sites:availability": [
        page("get", "/sites/{site}/availability/", stranger=404, viewer=200, manager=200)
    ],
    "bookings:list": [page("get", "/bookings/", stranger=200, viewer=200, manager=200)],
    "bookings:new": [
        page("get", "/bookings/new/", SLOT, stranger=404, viewer=403, manager=200),
        page("post", "/bookings/new/", FORM, stranger=404, viewer=403, manager=302),
    ],
    "bookings:slot_alternatives": [
        page("get", "/bookings/new/alternatives/", SLOT, stranger=404, viewer=403, manager=200)
    ],
    "bookings:alternatives": [
        page("get", "/bookings/{booking}/alternatives/", stranger=404, viewer=403, manager=200)
    ],
    "bookings:move": [
        page("get", "/bookings/{booking}/move/", stranger=404, viewer=403, manager=200)
    ],
    "bookings:detail": [page("get", "/bookings/{booking}/", stranger=404, viewer=200, manager=200)],
    "bookings:status": [
        page("get", "/bookings/{booking}/status/", stranger=404, viewer=200, manager=200)
    ],
    "bookings:dismiss": [
        page("post", "/bookings/{booking}/dismiss/", stranger=404, viewer=403, manager=302),
        page("get", "/bookings/{booking}/dismiss/", stranger=405, viewer=403, manager=405),
    ],
    "bookings:change": [
        page("get", "/bookings/{booking}/change/", stranger=404, viewer=403, manager=200),
        page("post", "/bookings/{booking}/change/", CHANGE, stranger=404, viewer=403, manager=302),
    ],
    "bookings:cancel": [
        page("get", "/bookings/{booking}/cancel/", stranger=404, viewer=403, manager=200),
        page(
            "post",
            "/bookings/{booking}/cancel/",
            {"version": "0"},
            stranger=404,
            viewer=403,
            manager=302,
        ),
    ],
    "bookings:cancel_many": [
        page(
            method, "/bookings/cancel/", {"booking": "{booking}"}, stranger=302, viewer=403, **done
        )
        for method, done in (("get", {"manager": 200}), ("post", {"manager": 302}))
    ],
    "bookings:cancelled_together": [
        page("get", "/bookings/cancelled/{batch}/", stranger=404, viewer=403, manager=200)
    ],
    "bookings:calendar": [
        page("get", "/bookings/{booking}/calendar.ics", stranger=404, viewer=200, manager=200)
    ],
    "bookings:revoke_link": [
        page("post", "/bookings/{booking}/revoke-link/", stranger=404, viewer=403, manager=302),
        page("get", "/bookings/{booking}/revoke-link/", stranger=405, viewer=403, manager=405),
    ],
    "bookings:export": [page("get", "/bookings/export.csv", stranger=200, viewer=200, manager=200)],
    "bookings:feeds": [
        page("get", "/bookings/feeds/", stranger=200, viewer=200, manager=200),
        page("post", "/bookings/feeds/", {"scope": "all"}, stranger=302, viewer=403, manager=302),
    ],
    "bookings:revoke_feed": [
        page("post", "/bookings/feeds/{feed_pk}/revoke/", stranger=404, viewer=403, manager=302),
        page("get", "/bookings/feeds/{feed_pk}/revoke/", stranger=405, viewer=403, manager=405),
    ],
    "bookings:notices": [
        page("get", "/bookings/notices/", stranger=200, viewer=200, manager=200),
        page("post", "/bookings/notices/", stranger=200, viewer=403, manager=200),
    ],
    "bookings:sent": [page("get", "/bookings/sent/", stranger=200, viewer=200, manager=200)],
    "drivers:list": [page("get", "/drivers/", stranger=200, viewer=200, manager=200)],
    "drivers:add": [
        page("post", "/drivers/add/", {"email": ""}, stranger=200, viewer=403, manager=200),
        page("get", "/drivers/add/", stranger=302, viewer=403, manager=302),
    ],
    "drivers:options": [
        page(
            "get",
            "/drivers/options/",
            {"driver": "{driver}"},
            stranger=200,
            viewer=200,
            manager=200,
        )
    ],
    "drivers:switch_fleet": [
        Entry("post", "/drivers/fleet/", {"fleet": "{fleet}"}, (LOGIN, 404, 404, 404, 302, 302)),
        Entry("get", "/drivers/fleet/", {}, (LOGIN, 405, 405, 405, 405, 405)),
    ],
    "driver-page:show": [
        by_secret("get", "/d/{link}/", 200),
        by_secret("get", "/d/{link}x/", 404),
        by_secret("get", "/d/{other_link}/", 404),
        by_secret("post", "/d/{link}/", 405),
    ],
    "driver-page:cancel": [
        by_secret("get", "/d/{link}/cancel/", 200),
        by_secret("post", "/d/{link}/cancel/", 200),
        by_secret("post", "/d/{other_link}/cancel/", 404),
    ],
    "driver-page:late": [
        by_secret("get", "/d/{link}/late/", 200),
        by_secret("post", "/d/{link}/late/", 200),
        by_secret("post", "/d/{other_link}/late/", 404),
    ],
    "driver-page:calendar": [
        by_secret("get", "/d/{link}/booking.ics", 200),
        by_secret("get", "/d/{other_link}/booking.ics", 404),
    ],
    "calendar-feed": [
        by_secret("get", "/calendar/{feed}.ics", 200),
        by_secret("get", "/calendar/wrong.ics", 404),
    ],
    "health-live": [open_to_all("/health/live", 200, 200)],
    "health-ready": [open_to_all("/health/ready", 200, 200)],
    # Opened by METRICS_TOKEN, which is not set here.
    "metrics": [open_to_all("/metrics", 404, 404)],
    "account_login": [open_to_all("/account/login/", 200, 302)],
    "account_logout": [open_to_all("/account/logout/", 302, 200)],
    "account_signup": [open_to_all("/account/signup/", 200, 302)],
    "account_inactive": [open_to_all("/account/inactive/", 200, 200)],
    "account_reset_password": [open_to_all("/account/password/reset/", 200, 200)],
    "account_reset_password_done": [open_to_all("/account/password/reset/done/", 200, 200)],
    "account_reset_password_from_key": [
        open_to_all("/account/password/reset/key/1-wrong/", 200, 200)
    ],
    "account_reset_password_from_key_done": [
        open_to_all("/account/password/reset/key/done/", 200, 200)
    ],
    "account_change_password": [own_account("/account/password/change/", 200)],
    "account_set_password": [own_account("/account/password/set/", 302)],
    "account_reauthenticate": [own_account("/account/reauthenticate/", 200)],
    "account_email": [open_to_all("/account/email/", 302, 302)],
    "account_email_verification_sent": [open_to_all("/account/confirm-email/", 200, 200)],
    "account_confirm_email": [open_to_all("/account/confirm-email/wrong/", 200, 200)],
    "account_confirm_login_code": [open_to_all("/account/login/code/confirm/", 302, 302)],
}


def addresses(resolver: URLResolver, namespace: str = "") -> Iterator[str]:
    """Yield the names of all addresses outside the back office; its own test is below."""
    for pattern in resolver.url_patterns:
        if isinstance(pattern, URLPattern):
            yield f"{namespace}{pattern.name}" if pattern.name else str(pattern.pattern)
        elif pattern.namespace != "admin":
            inner = f"{pattern.namespace}:" if pattern.namespace else namespace
            yield from addresses(pattern, inner)


def test_every_address_has_an_entry():
    # Stands before the library's page of the same address, and leads home.
    assert set(addresses(get_resolver())) - {"account/email/"} == set(ENTRIES)


@pytest.fixture
def things(fleet, mirrored_driver) -> dict[str, str]:
    """A private charger of the fleet, a driver who may use it, and a booking."""
    evse = EvseFactory(charge_point__type="private", charge_point__ampeco_partner_id=501)
    request = BookingRequestFactory(
        approved=True,
        booking__accepted=True,
        booking__fleet=fleet,
        booking__evse=evse,
        booking__reference="Our job 7",
    )
    feed = CalendarFeed.objects.create(fleet=fleet)
    refused = BookingRequestFactory(
        rejected=True, kind="cancel", batch=uuid.uuid4(), booking=request.booking
    )
    return {
        "fleet": str(fleet.pk),
        "site": str(evse.charge_point.location_id),
        "evse": str(evse.pk),
        "driver": str(mirrored_driver.pk),
        "booking": str(request.booking_id),
        "link": link_token(request.booking, request.booking.driver),
        "other_link": link_token(request.booking, mirrored_driver),
        "feed": feed.secret,
        "feed_pk": str(feed.pk),
        "batch": str(refused.batch),
        "day": f"{next_noon():%Y-%m-%d}",
        "start": f"{next_noon():%Y-%m-%dT%H:%M:%SZ}",
        "key": str(uuid.uuid4()),
    }


@pytest.fixture
def mirrored_driver(fleet):
    return DriverFactory(fleet=fleet, private_access=[501], first_name="Ownly")


@pytest.fixture
def people(manager, viewer, other_manager, staff) -> dict[str, object]:
    return {
        "anonymous": None,
        "nobody": UserFactory(email="nobody@fleet.example"),
        "staff": staff,
        "stranger": other_manager,
        "viewer": viewer,
        "manager": manager,
    }


def ask(client: Client, entry: Entry, things: dict[str, str], **headers: str):
    path = entry.path.format(**things)
    data = {name: value.format(**things) for name, value in entry.data.items()}
    return getattr(client, entry.method)(path, data, headers=headers)


def said(answer) -> int | str:
    """Return how an address answered."""
    if answer.status_code == 302 and answer.url.startswith("/account/login/?next="):
        return LOGIN
    if answer.status_code == 302 and answer.url == reverse("admin:index"):
        return BACK_OFFICE
    return answer.status_code


CASES = [
    pytest.param(entry, id=f"{name}-{entry.method}")
    for name, entries in ENTRIES.items()
    for entry in entries
]


@pytest.fixture
def _operator_away(operator):
    """Availability cannot be read, which keeps nobody from a page."""
    operator.faults.add("rate-limited", seconds=60)


@pytest.mark.usefixtures("_operator_away")
@pytest.mark.parametrize("whole_page", [True, False], ids=["page", "fragment"])
@pytest.mark.parametrize("entry", CASES)
def test_who_may_open_what(entry, whole_page, people, things):
    headers = {} if whole_page else {"HX-Request": "true"}
    found = {}
    for name, user in people.items():
        client = Client()
        if user is not None:
            client.force_login(user)
        answer = ask(client, entry, things, **headers)
        found[name] = said(answer)
        if name not in {"viewer", "manager"} and not any(word in entry.path for word in SECRETS):
            shown = answer.getvalue()
            assert b"Our job 7" not in shown
            assert b"Ownly" not in shown
    assert found == dict(zip(PEOPLE, entry.answers, strict=True))


@pytest.mark.parametrize("entry", [case for case in CASES if case.values[0].method == "post"])
def test_what_changes_something_wants_the_token_of_its_page(entry, manager, things):
    client = Client(enforce_csrf_checks=True)
    client.force_login(manager)
    Booking.objects.update(needs_attention=True)
    before = Booking.objects.count()
    assert ask(client, entry, things).status_code == 403
    assert Booking.objects.filter(needs_attention=True).count() == before


def test_the_back_office_is_for_staff_alone(people):
    pages = [reverse("admin:index")] + [
        reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{page}")
        for model in admin.site._registry
        for page in ("changelist", "add")
    ]
    for name in set(PEOPLE) - {"staff"}:
        client = Client()
        if people[name] is not None:
            client.force_login(people[name])
        for address in pages:
            answer = client.get(address)
            assert answer.status_code == 302, (name, address)
            assert answer.url.startswith(reverse("admin:login")), (name, address)


def test_a_fleet_that_is_switched_off_is_nobodys(as_manager, fleet, things):
    fleet.is_active = False
    fleet.save()
    assert as_manager.get(f"/bookings/{things['booking']}/").status_code == 403
    assert as_manager.get("/drivers/options/").status_code == 403


def test_who_is_switched_off_is_logged_out(as_manager, manager, things):
    manager.is_active = False
    manager.save()
    assert said(as_manager.get(f"/bookings/{things['booking']}/status/")) == LOGIN


def test_log_in_leads_nowhere_else(client, manager):
    data = {"login": manager.email, "password": "correct horse battery"}
    for address in ("https://evil.example/", "//evil.example", "/\\evil.example", "javascript:1"):
        answer = Client().post("/account/login/", data | {"next": address})
        assert answer.status_code == 302
        assert "evil" not in answer.url
        assert not answer.url.startswith("javascript")


def test_looking_changes_nothing_that_is_booked(as_manager, things):
    """Pages only move the next poll forward, and keep what was typed in the session."""
    before = list(Booking.objects.values())
    as_manager.get("/bookings/new/", {"site": things["site"], "evse": things["evse"]})
    for address in ("", "status/", "calendar.ics"):
        as_manager.get(f"/bookings/{things['booking']}/{address}")
    as_manager.get("/bookings/")
    assert list(Booking.objects.values()) == before
