"""A booking can be followed through the logs by its ids, and nothing in them tells whose it is.

The whole way through real parts: a page, the workers' tasks with the messages that start them, the
simulated operator, a mail server; then all that can go wrong on the way.
"""

import uuid
from collections.abc import Iterator
from contextlib import suppress

import httpx
import pytest
from celery import current_app
from django.conf import settings as django_settings
from django.urls import reverse
from django.utils.timezone import now
from kombu import Connection

import bookings.tasks  # noqa: F401 - tells Celery of them
import notifications.tasks  # noqa: F401 - tells Celery of them
from bookings.models import Booking, BookingRequest
from bookings.models.booking import link_token
from config.services import ROWS_QUEUE
from notifications.models import Notification
from sandbox.world import cast
from tests import small_operator as bookings_fixtures
from tests.factories import next_noon
from tests.small_operator import forget_free_times

pytest_plugins = ["tests.smtp_sink"]
# Fixtures of the bookings' tests.
operator_world = bookings_fixtures.operator_world
mirrored = bookings_fixtures.mirrored
evse = bookings_fixtures.evse
driver = bookings_fixtures.driver

# With transactions of its own, so that messages are sent while their page is at work.
pytestmark = pytest.mark.django_db(transaction=True)

PAGES_ID = "5f2b7d0c9e8a4d61a3f0c2b1d4e5f607"
# What a manager types is nobody else's business either.
REFERENCE = "Pallets for Okonkwo"


class Broker:
    """The broker's queue, and a worker that takes what is in it, one message after the other."""

    def __init__(self, connection: Connection) -> None:
        self.queue = connection.SimpleQueue(ROWS_QUEUE)
        self.queue.clear()

    def work_off(self) -> list[str]:
        """Run the tasks that wait, as a worker does; return their names."""
        done = []
        with suppress(self.queue.Empty):
            while True:
                message = self.queue.get_nowait()
                args, kwargs, _ = message.payload
                name = message.headers["task"]
                current_app.tasks[name].apply(args, kwargs, headers=message.headers)
                message.ack()
                done.append(name.rpartition(".")[2])
        return done


@pytest.fixture
def broker() -> Iterator[Broker]:
    with current_app.connection_for_write() as connection:
        broker = Broker(connection)
        yield broker
        broker.queue.close()


@pytest.fixture
def ask_on_page(as_manager, evse, driver):
    """Ask for a booking on its page; return its request."""

    def ask_on_page() -> BookingRequest:
        answer = as_manager.post(
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
            headers={"X-Request-ID": PAGES_ID},
        )
        assert answer.status_code == 302, answer.content
        return BookingRequest.objects.latest("pk")

    return ask_on_page


@pytest.fixture
def personal(manager, driver, fleet) -> list[str]:
    """What no line may contain."""
    return [
        "@",
        manager.name,
        driver.email,
        driver.first_name,
        driver.last_name,
        fleet.name,
        REFERENCE,
        "Okonkwo",
        *(person.email for person in cast.PEOPLE),
        django_settings.AMPECO_API_TOKEN,
        django_settings.SECRET_KEY,
    ]


def found_in(text: str, parts: list[str]) -> list[str]:
    return [part for part in parts if part and part.casefold() in text.casefold()]


def ids_of(lines: list[dict]) -> set[tuple]:
    return {(line.get("booking_request_id"), line.get("booking_id")) for line in lines}


def run_task(name: str, *args) -> None:
    """Run a task as beat has it run."""
    BookingRequest.objects.update(next_attempt_at=now())
    room = "notifications" if name == "sweep_notifications" else "bookings"
    current_app.tasks[f"{room}.tasks.{name}"].apply(args)


def decide_all(operator) -> None:
    for asked in list(operator.requests.values()):
        operator.decide(asked)
    run_task("poll_requests")


def test_one_id_follows_a_booking_from_its_page_to_its_mails(
    ask_on_page,
    broker,
    operator,
    smtp_sink,
    written,
):
    request = ask_on_page()
    assert broker.work_off() == ["submit_requests"]

    moves = written.with_message("Booking request")
    assert [(line["status"], line["request_id"]) for line in moves][:2] == [
        ("queued", PAGES_ID),
        ("pending", PAGES_ID),
    ]
    assert ids_of(moves) == {(request.pk, request.booking_id)}
    (page,) = written.with_message("POST bookings:new answered")
    assert page["request_id"] == PAGES_ID
    assert moves[1]["task"] == "bookings.tasks.submit_requests"

    decide_all(operator)
    decided = written.with_message("is approved")[0]
    assert (decided["booking_request_id"], decided["booking_id"]) == (
        request.pk,
        request.booking_id,
    )
    assert set(broker.work_off()) >= {"send_mails"}
    sent = written.with_message("was sent")
    assert len(sent) == len(smtp_sink.received) == Notification.objects.count() > 0
    assert {line["request_id"] for line in sent} == {decided["request_id"]}
    assert ids_of(sent) == {(request.pk, request.booking_id)}


def test_nothing_in_the_logs_tells_whose_booking_it_is(
    ask_on_page, broker, operator, smtp_sink, written, personal, as_manager, client
):
    request = ask_on_page()
    broker.work_off()
    decide_all(operator)
    broker.work_off()
    booking = Booking.objects.get()
    as_manager.get(reverse("bookings:detail", args=[booking.pk]))
    as_manager.get(reverse("bookings:list"), {"q": REFERENCE})
    secret = link_token(booking, booking.driver)
    client.get(f"/d/{secret}/")
    client.get(f"/d/{secret}x/")
    client.get(f"/calendar/{secret}.ics")
    assert smtp_sink.received
    assert request.pk
    assert len(written.lines) > 5
    assert found_in(written.text, [*personal, secret, secret[:20]]) == []


def test_nor_when_everything_goes_wrong(
    ask_on_page, broker, operator, wire, smtp_sink, written, personal, driver, manager
):
    ask_on_page()
    forget_free_times()
    broker.queue.clear()
    echo = f"{driver.email} {driver.last_name} {django_settings.AMPECO_API_TOKEN}"
    for answer in (
        httpx.Response(500, text=echo),
        httpx.Response(200, text=echo),
        httpx.Response(401, text=echo),
    ):
        wire.intercept = lambda _, answer=answer: answer
        run_task("sweep_queued")
    # What the operator says to the request itself is for the person who asked.
    wire.intercept = lambda sent: (
        httpx.Response(422, json={"message": echo, "errors": {"userId": [echo]}})
        if sent.method == "POST" and "booking-requests" in sent.url.path
        else None
    )
    run_task("sweep_queued")
    assert BookingRequest.objects.get().failure == BookingRequest.Failure.REFUSED
    wire.intercept = None

    ask_on_page()
    run_task("sweep_queued")
    decide_all(operator)
    smtp_sink.answers_to_recipient = {
        address: f"550 {address} is unknown here" for address in (driver.email, manager.email)
    }
    broker.work_off()
    run_task("sweep_notifications")
    assert set(Notification.objects.values_list("state", flat=True)) == {"given-up"}
    wire.intercept = lambda _: httpx.Response(429, text=echo, headers={"Retry-After": "30"})
    run_task("sync_bookings")

    assert {line["level"] for line in written.lines} >= {"WARNING", "ERROR"}
    assert found_in(written.text, personal) == []
