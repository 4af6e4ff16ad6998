"""What the logs say of people: nothing, also of what staff do with their data, and whatever fails.

The way through pages, workers' tasks and commands, at DEBUG, as `tests/telemetry/test_flow_logs.py`
goes it for a booking alone.
"""

import json
import re
import uuid
from importlib import import_module

import httpx
import pytest
from celery import current_app
from django.conf import settings as django_settings
from django.core import mail
from django.core.cache import cache
from django.core.management import call_command
from django.test import Client
from django.urls import reverse
from django.utils.timezone import now

import bookings.tasks  # noqa: F401
import drivers.tasks  # noqa: F401
import privacy.tasks  # noqa: F401 - tells Celery of them
from accounts.models import User
from bookings.models import Booking, BookingRequest
from bookings.models.booking import link_token
from calendars.feeds import feed_url
from calendars.models import CalendarFeed
from drivers.models import Driver
from notifications.models import Notification
from privacy.models import AuditEntry
from sandbox.world import cast
from tests.bookings import conftest as bookings_fixtures
from tests.factories import PASSWORD, UserFactory, next_noon, secret_of
from tests.small_operator import forget_free_times
from tests.telemetry.conftest import written  # noqa: F401 - a fixture

pytest_plugins = ["tests.smtp_sink"]
operator_world = bookings_fixtures.operator_world
mirrored = bookings_fixtures.mirrored
evse = bookings_fixtures.evse
driver = bookings_fixtures.driver

pytestmark = pytest.mark.django_db(transaction=True)

REFERENCE = "Pallets for Okonkwo"
WRONG_PASSWORD = "my cat Felicitas"
INVITED = "philippa.vandermeer@elsewhere.example"


def run_task(name: str, *args) -> None:
    BookingRequest.objects.update(next_attempt_at=now())
    Notification.objects.update(next_attempt_at=now())
    import_module(name.rpartition(".")[0])  # as a worker does when it starts
    current_app.tasks[name].apply(args)


def found_in(text: str, parts: set[str]) -> list[str]:
    """Return what stands in a text, in any case, not as a part of a longer word."""
    return [
        part for part in parts if re.search(rf"(?<!\w){re.escape(part)}(?!\w)", text, re.IGNORECASE)
    ]


def as_one(user) -> Client:
    """Return a browser that takes the server's errors for what they are."""
    client = Client(raise_request_exception=False)
    client.force_login(user)
    return client


def ask(client: Client, evse, driver) -> Booking:
    client.post(
        reverse("bookings:new"),
        {
            "site": evse.charge_point.location_id,
            "evse": evse.pk,
            "start": f"{next_noon():%Y-%m-%dT%H:%M:%SZ}",
            "minutes": 60,
            "driver": driver.pk,
            "reference": REFERENCE,
            "submission_key": uuid.uuid4(),
        },
    )
    return Booking.objects.latest("pk")


@pytest.fixture
def people(manager, driver, staff, fleet):
    """All that names somebody, or opens something, before it is erased."""
    User.objects.filter(pk=staff.pk).update(name="Seraphina Quillfeather")
    User.objects.filter(pk=manager.pk).update(name="Maximilian Thistlewood")
    return [
        "Seraphina",
        "Quillfeather",
        "Maximilian",
        "Thistlewood",
        driver.first_name,
        driver.last_name,
        driver.email,
        fleet.name,
        INVITED,
        "vandermeer",
        REFERENCE,
        "Okonkwo",
        PASSWORD,
        "Felicitas",
        *(person.email for person in cast.PEOPLE),
        *(part for person in cast.PEOPLE for part in (person.first_name, person.last_name) if part),
        django_settings.AMPECO_API_TOKEN,
        django_settings.SECRET_KEY,
    ]


def test_nothing_that_staff_or_strangers_do_tells_who_somebody_is(
    people,
    manager,
    staff,
    driver,
    fleet,
    evse,
    operator,
    wire,
    smtp_sink,
    written,  # noqa: F811
    tmp_path,
    capsys,
):
    secrets = []
    # Signing in: wrongly, with a password forgotten, and with an unknown address.
    stranger = Client(raise_request_exception=False)
    for address in (staff.email, manager.email, INVITED):
        data = {"login": address, "password": WRONG_PASSWORD}
        stranger.post(reverse("account_login"), data)
    stranger.post(reverse("account_reset_password"), {"email": manager.email})
    (reset,) = re.findall(r"/key/(\S+?)/\s", smtp_sink.received[-1].message.get_content() + "\n")
    secrets += [reset]
    stranger.get(f"/account/password/reset/key/{reset}/")
    data = {"login": manager.email, "password": PASSWORD}
    stranger.post(reverse("account_login"), data)
    strict = Client(enforce_csrf_checks=True)
    strict.post(reverse("account_login"), {"login": manager.email})
    stranger.get(f"/nowhere/{manager.email}/?q={driver.email}")

    # A booking whose every step fails once.
    web = as_one(manager)
    booking = ask(web, evse, driver)
    forget_free_times()
    echo = f"{driver.email} {driver.last_name} {django_settings.AMPECO_API_TOKEN} {REFERENCE}"
    for answer in (
        httpx.Response(500, text=echo),
        httpx.Response(200, text=echo),
        httpx.Response(403, json={"message": echo}),
    ):
        wire.intercept = lambda _, answer=answer: answer
        run_task("bookings.tasks.sweep_queued")
        run_task("bookings.tasks.sync_bookings")
        web.post(reverse("drivers:add"), {"email": INVITED})
    # What the portal has learned of the operator's troubles.
    cache.clear()
    wire.intercept = lambda sent: (
        httpx.Response(422, json={"message": echo, "errors": {"userId": [echo]}})
        if sent.method == "POST" and "booking-requests" in sent.url.path
        else None
    )
    run_task("bookings.tasks.sweep_queued")
    assert BookingRequest.objects.get(booking=booking).is_settled
    wire.intercept = None
    booking = ask(web, evse, driver)
    run_task("bookings.tasks.sweep_queued")
    for asked in list(operator.requests.values()):
        operator.decide(asked)
    run_task("bookings.tasks.poll_requests")
    smtp_sink.answers_to_recipient = {driver.email: f"550 {driver.email} is unknown here"}
    smtp_sink.answers_to_data = [f"451 {manager.name}'s mailbox is full"]
    run_task("notifications.tasks.sweep_notifications")
    smtp_sink.stop()
    run_task("notifications.tasks.sweep_notifications")

    # Links and calendars.
    web.post(reverse("calendars:feeds"), {"scope": "all"})
    secrets += [link_token(booking, driver), secret_of(CalendarFeed.objects.get())]
    stranger.get(f"/d/{secrets[-2]}/")
    stranger.post(f"/d/{secrets[-2]}/late/", {"minutes": "10", "note": REFERENCE})
    stranger.get(f"/d/{secrets[-2]}x/")
    stranger.get(feed_url(CalendarFeed.objects.get()))

    # Staff: an invitation that no server takes, searches, exports, erasures.
    office = as_one(staff)
    new_user = {"email": INVITED, "name": "Philippa Vandermeer"}
    office.post(reverse("admin:accounts_user_add"), new_user)
    assert User.objects.filter(email=INVITED).exists()
    for page in (
        "bookings_booking",
        "notifications_notification",
        "drivers_driver",
        "accounts_user",
    ):
        office.get(reverse(f"admin:{page}_changelist"), {"q": driver.email})
    office.get(reverse("admin:drivers_driver_changelist"), {"email__nonsense": driver.email})
    data_page = reverse("admin:drivers_driver_personal_data", args=[driver.pk])
    assert driver.email in office.post(data_page, {"do": "export"}).getvalue().decode()
    refused = office.post(data_page, {"do": "erase", "email": driver.email})
    assert not Driver.objects.get(pk=driver.pk).is_erased
    assert refused.status_code == 200
    call_command("export_driver", driver.email, output=str(tmp_path / "driver.json"))
    assert json.loads((tmp_path / "driver.json").read_text())["driver"]
    call_command(
        "create_fleet", "Vandermeer Logistics", "--partner-id", "502", "--manager", manager.email
    )
    Notification.objects.update(lease_until=None)
    Booking.objects.update(status="cancelled", open_change="")
    BookingRequest.objects.exclude(status__in=["approved", "failed"]).update(status="rejected")
    office.post(data_page, {"do": "erase", "email": driver.email})
    assert Driver.objects.get(pk=driver.pk).is_erased
    erase_page = reverse("admin:accounts_user_erase", args=[manager.pk])
    office.post(erase_page, {"email": manager.email})
    assert User.objects.get(pk=manager.pk).is_erased
    run_task("drivers.tasks.sync_drivers")
    wire.intercept = lambda _: httpx.Response(429, text=echo, headers={"Retry-After": "30"})
    run_task("bookings.tasks.sync_bookings")
    run_task("privacy.tasks.clear_old_data")
    capsys.readouterr()

    levels = {line["level"] for line in written.lines}
    assert levels >= {"DEBUG", "INFO", "WARNING", "ERROR"}
    parts = {part for part in (*people, *secrets) if part}
    assert found_in(written.text, parts) == []
    trail = repr(list(AuditEntry.objects.values()))
    assert AuditEntry.objects.count() > 8
    assert found_in(trail, parts) == []
    assert mail.outbox == []


def test_nor_do_errors_of_the_portal_itself(staff, written, monkeypatch):  # noqa: F811
    """What breaks while it has somebody's data in hand is told without them."""
    person = UserFactory(email="philippa.vandermeer@elsewhere.example")

    def broken(*_args, **_options):
        raise RuntimeError(f"could not erase {person.email}")

    monkeypatch.setattr("privacy.erasure._erase_user", broken)
    office = as_one(staff)
    answer = office.post(
        reverse("admin:accounts_user_erase", args=[person.pk]), {"email": person.email}
    )

    assert answer.status_code == 500
    assert written.with_message("Internal Server Error")
    assert "could not erase [e-mail]" in written.text
    assert "vandermeer" not in written.text
