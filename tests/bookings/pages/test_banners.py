"""What a booking's page says besides its status, while the operator decides and afterwards."""

import re
import uuid
from datetime import timedelta
from decimal import Decimal
from html import unescape

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils.timezone import now

from bookings.actions.change import request_cancellation, request_change
from bookings.models import Actor, Booking, BookingEvent, BookingRequest, ChargingSession
from bookings.state.booking import change_booking
from drivers.models import Driver
from notifications.models import Notification
from sandbox.world import cast
from sites.models import Evse
from tests.factories import BookingFactory, NotificationFactory
from tests.small_operator import decide_all, forget_free_times, slot_of

pytestmark = pytest.mark.django_db

HOUR = timedelta(hours=1)


@pytest.fixture(autouse=True)
def _named(manager):
    manager.name = "Maya Okafor"
    manager.save()


@pytest.fixture
def moved(ask, confirmed) -> Booking:
    other = Evse.objects.select_related("charge_point__location").get(ampeco_id=302)
    slot = slot_of(other, confirmed.start_at)
    return ask(slot, replaces=confirmed, seen_version=confirmed.version).request.booking


@pytest.fixture
def page(client, manager):
    """Reads the page of a booking as text, without its history."""

    def read(booking: Booking) -> str:
        client.force_login(manager)
        answer = client.get(f"/bookings/{booking.pk}/")
        assert answer.status_code == 200
        card = answer.content.decode().split('id="status-title"')[1].split('id="history-title"')[0]
        return " ".join(unescape(re.sub(r"<[^>]*>", " ", card)).split())

    return read


def ask_for_change(booking, manager, **wanted) -> None:
    facts = {"driver": booking.driver, "start_at": booking.start_at, "end_at": booking.end_at}
    request_change(
        booking=booking,
        user=manager,
        seen_version=booking.version,
        submission_key=uuid.uuid4(),
        **(facts | wanted),
    )


# What is asked for, and what came of it


def test_a_change_shows_old_and_new_and_that_nothing_has_changed_yet(
    confirmed, manager, page, operator, workers
):
    ben = Driver.objects.get(ampeco_user_id=cast.BEN.id)
    ask_for_change(confirmed, manager, driver=ben, end_at=confirmed.end_at + HOUR)
    text = page(confirmed)
    assert "Approved Change requested" in text
    assert "Change requested by Maya Okafor:" in text
    assert "from Ana Alvarez to Ben Okafor" in text
    assert "Until the operator decides, the booking stays as it is." in text
    decide_all(operator, workers)
    text = page(confirmed)
    assert "Change requested" not in text
    assert "stays as it is" not in text


def test_a_refused_change_has_the_operators_words_until_the_next_one(
    confirmed, manager, page, operator, workers
):
    ask_for_change(confirmed, manager, end_at=confirmed.end_at + HOUR)
    decide_all(operator, workers, "Closes at noon.")
    text = page(confirmed)
    assert "The operator refused the change requested by Maya Okafor:" in text
    assert "The operator says: Closes at noon. The booking stays as it was." in text
    assert "Mark as done" in text
    confirmed.refresh_from_db()
    ask_for_change(confirmed, manager, end_at=confirmed.end_at - HOUR / 4)
    assert "Closes at noon." not in page(confirmed)


def test_a_change_that_was_never_asked_for_says_why(confirmed, manager, page, operator, workers):
    ask_for_change(confirmed, manager, end_at=confirmed.end_at + HOUR)
    forget_free_times()
    operator.add_booking(
        location_id=101,
        evse_id=301,
        start_at=confirmed.end_at,
        end_at=confirmed.end_at + HOUR,
    )
    workers.submit()
    text = page(confirmed)
    assert "The change requested by Maya Okafor did not go through:" in text
    assert "The slot was taken before the request could be sent." in text
    assert "The booking stays as it was." in text


@pytest.mark.parametrize(
    ("asked_by", "who"),
    [(Actor.MANAGER, "Maya Okafor"), (Actor.DRIVER, "the driver Ana Alvarez")],
)
def test_a_cancellation_from_the_ask_to_the_end(
    confirmed, manager, page, operator, workers, asked_by, who
):
    person = {"user": manager} if asked_by == Actor.MANAGER else {"driver": confirmed.driver}
    request_cancellation(booking=confirmed, asked_by=asked_by, **person)
    text = page(confirmed)
    assert f"Cancellation requested by {who}." in text
    assert "Until the operator decides, the booking remains valid." in text
    decide_all(operator, workers)
    assert f"Cancelled This booking was cancelled by {who}." in page(confirmed)


def test_a_refused_cancellation_leaves_the_booking_standing(confirmed, page, operator, workers):
    request_cancellation(booking=confirmed, asked_by=Actor.DRIVER, driver=confirmed.driver)
    decide_all(operator, workers, "Too late.")
    text = page(confirmed)
    assert "The operator refused the cancellation requested by the driver Ana Alvarez." in text
    assert "Too late. The booking remains valid." in text


def test_what_is_cancelled_before_the_decision(ask, slot, manager, page, operator, workers):
    booking = ask(slot).request.booking
    workers.submit()
    request_cancellation(booking=booking, asked_by=Actor.MANAGER, user=manager)
    text = page(booking)
    assert "Requested To be cancelled" in text
    assert "Cancellation requested by Maya Okafor." in text
    assert "If it is approved, the portal will request its cancellation at once." in text
    decide_all(operator, workers, "No.")
    assert "was cancelled by Maya Okafor. Nothing was booked." in page(booking)


def test_what_was_withdrawn(request_row, manager, page):
    request_cancellation(booking=request_row.booking, asked_by=Actor.MANAGER, user=manager)
    assert "was cancelled by Maya Okafor. Nothing was booked." in page(request_row.booking)


def test_what_the_operator_cancelled(confirmed, page):
    change_booking(
        confirmed,
        what=BookingEvent.What.CHANGED,
        actor=Actor.OPERATOR,
        status=Booking.Status.CANCELLED,
    )
    assert "was cancelled on the operator’s side" in page(confirmed)


def test_what_the_operator_no_longer_knows(confirmed, page):
    change_booking(
        confirmed,
        what=BookingEvent.What.GONE,
        actor=Actor.OPERATOR,
        status=Booking.Status.UNKNOWN,
    )
    assert "The operator no longer knows this booking." in page(confirmed)


# Moves


def test_both_pages_tell_a_move_to_its_end(moved, confirmed, page, operator, workers):
    assert f"Move requested by Maya Okafor: see booking {moved.pk}." in page(confirmed)
    assert "cancelled only after the new one is approved" in page(confirmed)
    assert (
        f"Replaces booking {confirmed.pk}, which will be cancelled once this one is approved."
        in page(moved)
    )
    decide_all(operator, workers)
    assert f"Booking {moved.pk} takes its place." in page(confirmed)
    assert f"Replaces booking {confirmed.pk}. The cancellation of that one is on" in page(moved)
    decide_all(operator, workers)
    assert "This booking was cancelled because it was moved." in page(confirmed)
    assert f"Moved to booking {moved.pk}." in page(confirmed)
    assert f"Replaces booking {confirmed.pk}, which is cancelled." in page(moved)


def test_a_move_that_is_rejected_leaves_the_old_one_as_it_was(
    moved, confirmed, page, operator, workers
):
    decide_all(operator, workers, "Bay closed.")
    text = page(confirmed)
    assert "Approved The operator approved the booking." in text
    assert (
        "The move did not go through. The operator says: Bay closed. This booking stays as it was."
        in text
    )
    assert f"Booking {moved.pk} :" in text
    text = page(moved)
    assert "The operator rejected the request" in text
    assert f"Was meant to replace booking {confirmed.pk}, which stays as it was." in text


def test_a_move_that_was_never_sent_says_why(moved, confirmed, page, operator, workers):
    forget_free_times()
    operator.add_booking(location_id=101, evse_id=302, start_at=moved.start_at, end_at=moved.end_at)
    workers.submit()
    text = page(confirmed)
    assert (
        "The move did not go through. The slot was taken before the request could be sent." in text
    )


def test_both_pages_warn_when_the_old_one_was_not_cancelled(
    moved, confirmed, page, operator, workers
):
    decide_all(operator, workers)
    decide_all(operator, workers, "Ask the desk.")
    text = page(confirmed)
    assert f"Booking {moved.pk} was approved in its place, but this one was not cancelled." in text
    for each in (confirmed, moved):
        assert "The operator says: Ask the desk. Both bookings are valid." in page(each)
    assert f"Replaces booking {confirmed.pk}, but that one was not cancelled." in page(moved)
    request_cancellation(booking=confirmed, asked_by=Actor.DRIVER, driver=confirmed.driver)
    decide_all(operator, workers)
    for each in (confirmed, moved):
        assert "Both bookings are valid." not in page(each)
    assert "was cancelled by the driver Ana Alvarez" in page(confirmed)


def test_a_move_that_was_given_up(moved, confirmed, manager, page):
    request_cancellation(booking=moved, asked_by=Actor.MANAGER, user=manager)
    assert "The move did not go through." in page(confirmed)
    assert f"Was meant to replace booking {confirmed.pk}, which stays as it was." in page(moved)


# The charge


def session_of(booking, **changes) -> ChargingSession:
    values = {
        "ampeco_session_id": "9",
        "status": "active",
        "started_at": now() - HOUR,
        "energy_kwh": Decimal("23.456"),
        "currency": "USD",
        "read_at": now(),
        "refresh_at": now(),
    }
    return ChargingSession.objects.create(booking=booking, **(values | changes))


def test_a_charge_shows_so_far_and_then_for_good(fleet, as_manager, page):
    booking = BookingFactory(fleet=fleet, status="completed", ampeco_booking_id=9, slot_key="")
    session = session_of(booking)
    text = page(booking)
    assert "Charging started The driver has started charging." in text
    assert "Charged so far 23.5 kWh" in text
    assert "Cost so far Not known yet" in text
    assert 'data-look-every="10s"' in as_manager.get(f"/bookings/{booking.pk}/").content.decode()
    session.status, session.stopped_at = "finished", session.started_at + HOUR / 2
    session.amount, session.refresh_at = Decimal("12.3"), None
    session.save()
    text = page(booking)
    assert "Charged The driver has charged." in text
    assert "Charged 23.5 kWh" in text
    assert "30 min" in text
    assert "Cost 12.30 USD" in text
    whole = as_manager.get(f"/bookings/{booking.pk}/").content.decode()
    assert 'data-look-every="' not in whole
    assert "Charged" in as_manager.get("/bookings/?view=all").content.decode()


def test_a_charge_without_energy_has_ended_but_nothing_was_charged(fleet, page):
    booking = BookingFactory(fleet=fleet, status="completed", ampeco_booking_id=9, slot_key="")
    session_of(booking, status="failed", energy_kwh=Decimal(0))
    text = page(booking)
    assert "Charging ended Charging has ended." in text
    assert "The operator reports that the charge failed." in text


# Buttons


def test_what_may_be_done_has_a_button(confirmed, as_manager):
    address = f"/bookings/{confirmed.pk}/"
    links = [f"{address}{part}/" for part in ("change", "move", "cancel")]
    assert_links(as_manager, address, links, present=True)
    for change in (
        {"open_change": "update"},
        {"start_at": now() - HOUR},
        {"status": "cancelled"},
        {"status": "completed"},
    ):
        Booking.objects.filter(pk=confirmed.pk).update(**change)
        assert_links(as_manager, address, links, present=False)
        Booking.objects.filter(pk=confirmed.pk).update(
            open_change="", start_at=confirmed.start_at, status="accepted"
        )
    Booking.objects.filter(pk=confirmed.pk).update(status="requested", ampeco_booking_id=None)
    assert_links(as_manager, address, links[:2], present=False)
    assert_links(as_manager, address, links[2:], present=True)


def assert_links(as_manager, address, links, *, present):
    page = as_manager.get(address).content.decode()
    for link in links:
        assert (f'href="{link}"' in page) is present, link


def test_a_viewer_has_no_buttons(confirmed, as_viewer):
    page = as_viewer.get(f"/bookings/{confirmed.pk}/").content.decode()
    for name in ("change-link", "move-link", "cancel-link", "revoke-link", "dismiss"):
        assert f'id="{name}"' not in page
    assert 'id="calendar-link"' in page


def test_the_link_that_drivers_have_can_be_revoked(confirmed, as_manager):
    address = f"/bookings/{confirmed.pk}/"
    Notification.objects.all().delete()
    assert 'id="revoke-link"' not in as_manager.get(address).content.decode()
    NotificationFactory(
        request=confirmed.requests.get(),
        recipient_email="ana@x.example",
        state="sent",
        sent_at=now() - HOUR,
    )
    page = as_manager.get(address).content.decode()
    assert "The e-mails to ana@x.example contain a link" in page
    as_manager.post(f"{address}revoke-link/")
    page = as_manager.get(address).content.decode()
    assert "The driver's previous link has been revoked." in page
    assert 'id="revoke-link"' not in page


def test_the_link_is_told_of_the_driver_who_has_the_booking_by_now(confirmed, as_manager):
    address = f"/bookings/{confirmed.pk}/"
    Notification.objects.all().delete()
    former, ben = confirmed.driver, Driver.objects.get(ampeco_user_id=cast.BEN.id)

    def sent(driver: Driver, kind: str, minutes: int) -> None:
        NotificationFactory(
            request=confirmed.requests.get(),
            kind=kind,
            recipient_email=driver.email,
            recipient_driver=driver,
            state="sent",
            sent_at=now() - timedelta(minutes=minutes),
        )

    sent(former, "approved", 9)
    change_booking(confirmed, what=BookingEvent.What.CHANGED, actor=Actor.OPERATOR, driver=ben)
    Notification.objects.filter(state="queued").delete()
    sent(former, "cancelled", 7)
    page = as_manager.get(address).content.decode()
    assert "contain a link" not in page
    assert 'id="revoke-link"' not in page
    sent(ben, "approved", 8)
    page = as_manager.get(address).content.decode()
    assert f"The e-mails to {ben.email} contain a link" in page


# How the page keeps up


@pytest.mark.parametrize(
    ("changes", "every"),
    [
        ({}, "60s"),
        ({"open_change": "update"}, "500ms"),
        ({"evse": None}, "2s"),
        ({"refresh_at": now() + timedelta(minutes=1)}, "10s"),
        ({"status": "cancelled"}, ""),
        ({"start_at": now() - 3 * HOUR, "end_at": now() - 2 * HOUR}, ""),
    ],
)
def test_how_often_a_page_looks_again(fleet, as_manager, changes, every):
    booking = BookingFactory(fleet=fleet, accepted=True)
    Booking.objects.update(**changes)
    page = as_manager.get(f"/bookings/{booking.pk}/").content.decode()
    assert re.findall(r'data-look-every="(\w+)"', page) == ([every] if every else [])


def test_the_facts_come_along_when_they_have_changed(confirmed, as_manager):
    address = f"/bookings/{confirmed.pk}/status/"
    same = as_manager.get(address, {"seen": str(confirmed.version)}).content.decode()
    assert "booking-facts" not in same
    ben = Driver.objects.get(ampeco_user_id=cast.BEN.id)
    change_booking(confirmed, what=BookingEvent.What.CHANGED, actor=Actor.OPERATOR, driver=ben)
    news = as_manager.get(address, {"seen": str(confirmed.version - 1)}).content.decode()
    assert 'id="booking-facts"' in news
    assert 'hx-swap-oob="true"' in news
    assert "Ben Okafor" in news.split('id="booking-facts"')[1]
    for nonsense in ("\x00", "9" * 5000, ""):
        assert as_manager.get(address, {"seen": nonsense}).status_code == 200


def test_the_page_asks_the_database_a_constant_number_of_times(
    confirmed, moved, as_manager, manager, operator, workers
):
    def queries():
        with CaptureQueriesContext(connection) as captured:
            assert as_manager.get(f"/bookings/{confirmed.pk}/").status_code == 200
        return len(captured)

    decide_all(operator, workers, "No.")
    few = queries()
    for _ in range(3):
        confirmed.refresh_from_db()
        ask_for_change(confirmed, manager, end_at=confirmed.end_at + HOUR)
        decide_all(operator, workers, "No.")
    assert BookingRequest.objects.filter(booking=confirmed).count() == 4
    assert queries() == few <= 14
