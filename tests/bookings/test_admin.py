"""Bookings, requests and mails in the back office."""

import uuid
from datetime import timedelta

import pytest
from django.contrib.auth.models import Permission
from django.urls import reverse
from django.utils.timezone import now

from bookings.models import (
    Actor,
    Booking,
    BookingEvent,
    BookingRequest,
    BookingRequestEvent,
    ChargingSession,
)
from calendars.models import CalendarFeed
from mirror.search import search_key
from notifications.delivery import deliver_due
from notifications.models import Notification, NotificationPreference
from tests.factories import (
    BookingFactory,
    BookingRequestFactory,
    CalendarFeedFactory,
    DriverFactory,
    NotificationFactory,
    UserFactory,
    secret_of,
)

pytest_plugins = ["tests.smtp_sink"]
pytestmark = pytest.mark.django_db

Status = BookingRequest.Status
BOOKINGS, REQUESTS, MAILS, SESSIONS, FEEDS, PREFERENCES = ALL = [
    reverse(f"admin:{name}_changelist")
    for name in (
        "bookings_booking",
        "bookings_bookingrequest",
        "notifications_notification",
        "bookings_chargingsession",
        "calendars_calendarfeed",
        "notifications_notificationpreference",
    )
]
State = Notification.State


@pytest.fixture
def as_staff(client, staff):
    client.force_login(staff)
    return client


def page_of(row) -> str:
    return reverse(f"admin:{row._meta.label_lower.replace('.', '_')}_change", args=[row.pk])


def found(client, url, query) -> set[int]:
    response = client.get(url, {"q": query})
    assert response.status_code == 200
    return {row.pk for row in response.context["cl"].result_list}


def failed_request(**fields) -> BookingRequest:
    booking = BookingFactory(status=Booking.Status.NOT_PLACED, needs_attention=True)
    return BookingRequestFactory(
        booking=booking,
        status=Status.FAILED,
        failure=BookingRequest.Failure.REFUSED,
        settled_at=now(),
        **fields,
    )


@pytest.mark.parametrize("url", ALL)
def test_fleet_managers_do_not_get_in(as_manager, url):
    assert "/back-office/login/" in as_manager.get(url)["Location"]


@pytest.mark.parametrize("url", ALL)
def test_the_lists_cost_the_same_for_one_row_and_for_many(
    as_staff, url, django_assert_max_num_queries
):
    for _ in range(12):
        booking = NotificationFactory().booking
        session_of(booking)
        CalendarFeedFactory(fleet=booking.fleet, driver=booking.driver)
        preference_of(booking)
    with django_assert_max_num_queries(9):
        response = as_staff.get(url)
    assert len(response.context["cl"].result_list) == 12


def session_of(booking=None) -> ChargingSession:
    booking = booking or BookingFactory(accepted=True)
    return ChargingSession.objects.create(
        booking=booking, ampeco_session_id=f"{700_000 + booking.pk}", status="active"
    )


def preference_of(booking=None) -> NotificationPreference:
    fleet = (booking or BookingFactory()).fleet
    return NotificationPreference.objects.create(
        fleet=fleet, kind="approved", managers="all", driver=False
    )


def feed_of_a_fleet() -> CalendarFeed:
    return CalendarFeedFactory(fleet=BookingFactory().fleet)


@pytest.mark.parametrize(
    "factory",
    [
        BookingFactory,
        BookingRequestFactory,
        NotificationFactory,
        session_of,
        preference_of,
        feed_of_a_fleet,
    ],
)
def test_everything_is_to_be_looked_at_only(as_staff, factory):
    row = factory()
    url = page_of(row)
    assert as_staff.get(url).status_code == 200
    assert as_staff.post(url, {"status": "approved", "state": "sent"}).status_code == 403
    name = row._meta.label_lower.replace(".", "_")
    assert as_staff.get(reverse(f"admin:{name}_add")).status_code == 403
    delete = reverse(f"admin:{name}_delete", args=[row.pk])
    assert as_staff.post(delete, {"post": "yes"}).status_code == 403
    assert type(row).objects.filter(pk=row.pk).exists()


def test_the_page_of_a_request_shows_its_history(as_staff, settings):
    request = failed_request()
    BookingRequestEvent.objects.create(
        request=request,
        from_status=Status.QUEUED,
        to_status=Status.FAILED,
        actor=Actor.PORTAL,
        note="The operator refused a call (422).",
    )
    page = as_staff.get(page_of(request)).content.decode()
    assert "The operator refused a call (422)." in page
    assert str(request.external_id) in page
    assert str(request.submission_key) not in page
    assert settings.AMPECO_API_TOKEN not in page
    page = as_staff.get(page_of(request.booking)).content.decode()
    assert "The operator&#x27;s system refused the request." in page


@pytest.mark.parametrize(
    "narrowed",
    [
        {"status__exact": "failed"},
        {"failure__exact": "refused"},
        {"kind__exact": "cancel"},
        {"trouble__exact": "busy"},
    ],
)
def test_requests_are_filtered(as_staff, narrowed):
    BookingRequestFactory()
    wanted = failed_request(kind=BookingRequest.Kind.CANCEL, trouble=BookingRequest.Trouble.BUSY)
    response = as_staff.get(REQUESTS, narrowed)
    assert [row.pk for row in response.context["cl"].result_list] == [wanted.pk]


def test_requests_are_filtered_by_fleet(as_staff, fleet):
    BookingRequestFactory()
    wanted = BookingRequestFactory(booking__fleet=fleet)
    response = as_staff.get(REQUESTS, {"booking__fleet__id__exact": fleet.pk})
    assert [row.pk for row in response.context["cl"].result_list] == [wanted.pk]


def test_requests_are_found_by_their_ids_and_their_driver(as_staff):
    driver = DriverFactory(
        first_name="Zoé",
        email="zoe@hudson.example",
        search_text=search_key("Zoé", "zoe@hudson.example"),
    )
    booking = BookingFactory(accepted=True, driver=driver, ampeco_booking_id=770_001)
    wanted = BookingRequestFactory(approved=True, booking=booking, ampeco_request_id=880_001)
    other = BookingRequestFactory(pending=True)

    queries = [wanted.pk, wanted.external_id, wanted.external_id.hex, 880_001, 770_001]
    for query in [*queries, "ZOE@hudson.example", "zoé"]:
        assert found(as_staff, REQUESTS, query) == {wanted.pk}
    for query in [uuid.uuid4(), "9" * 18, "9" * 40, "²³", "nobody"]:
        assert found(as_staff, REQUESTS, query) == set()
    assert found(as_staff, REQUESTS, " ") == {wanted.pk, other.pk}


def test_bookings_are_found(as_staff):
    driver = DriverFactory(search_text="zoe zoe@hudson.example")
    wanted = BookingFactory(
        accepted=True, driver=driver, ampeco_booking_id=770_001, reference="Job 17/b"
    )
    request = BookingRequestFactory(approved=True, booking=wanted)
    BookingRequestFactory(booking=BookingFactory(reference="4711"))
    for query in [wanted.pk, 770_001, wanted.uid, request.external_id, "job 17", "zoe@"]:
        assert found(as_staff, BOOKINGS, query) == {wanted.pk}
    assert len(found(as_staff, BOOKINGS, "4711")) == 1


def test_mails_are_found(as_staff):
    user = UserFactory(email="maya@hudson.example")
    wanted = NotificationFactory(
        audience=Notification.Audience.MANAGER, recipient_email=user.email, recipient_user=user
    )
    other = NotificationFactory()
    assert found(as_staff, MAILS, "Maya@Hudson.example") == {wanted.pk}
    assert found(as_staff, MAILS, other.booking_id) == {other.pk}
    assert found(as_staff, MAILS, other.booking.driver.email) == {other.pk}
    assert found(as_staff, MAILS, wanted.message_id) == {wanted.pk}


def try_again(client, *requests):
    chosen = {"action": "try_again", "_selected_action": [each.pk for each in requests]}
    return client.post(REQUESTS, chosen, follow=True).content.decode()


def test_failed_requests_are_tried_again(as_staff, staff):
    failed, open_one, decided = (
        failed_request(),
        BookingRequestFactory(pending=True),
        BookingRequestFactory(rejected=True),
    )
    page = try_again(as_staff, failed, open_one, decided)

    assert "1 request is sent again." in page
    assert "2 are not: they did not fail" in page
    failed.refresh_from_db()
    assert failed.status == Status.FAILED
    again = failed.booking.requests.get(status=Status.QUEUED)
    event = again.events.get()
    assert (event.actor, event.user) == (Actor.STAFF, staff)
    assert BookingRequest.objects.count() == 4


def test_a_request_whose_start_has_passed_is_not_tried_again(as_staff):
    past = now() - timedelta(hours=2)
    request = failed_request(start_at=past, end_at=past + timedelta(hours=1))
    page = try_again(as_staff, request)
    assert "1 is not: it did not fail, its start has passed" in page
    assert "sent again" not in page
    assert BookingRequest.objects.count() == 1


def test_who_may_only_look_cannot_try_again(client):
    clerk = UserFactory(is_staff=True)
    clerk.user_permissions.set(Permission.objects.filter(codename="view_bookingrequest"))
    client.force_login(clerk)
    request = failed_request()
    assert "try_again" not in client.get(REQUESTS).content.decode()
    try_again(client, request)
    assert BookingRequest.objects.count() == 1


# Mails


def reminder(**fields) -> Notification:
    booking = BookingFactory(accepted=True)
    return Notification.objects.create(
        booking=booking,
        kind="reminder",
        audience="driver",
        recipient_email=booking.driver.email,
        recipient_driver=booking.driver,
        **fields,
    )


def test_a_mail_about_no_request_is_shown(as_staff):
    row = reminder()
    assert "Reminder before the start" in as_staff.get(MAILS).content.decode()
    assert row.recipient_email in as_staff.get(page_of(row)).content.decode()
    assert found(as_staff, MAILS, row.booking_id) == {row.pk}


def send_again(client, *mails):
    chosen = {"action": "send_again", "_selected_action": [each.pk for each in mails]}
    return client.post(MAILS, chosen, follow=True).content.decode()


def test_mails_that_could_not_be_delivered_are_sent_again(as_staff, smtp_sink):
    tried = {"attempts": 12, "problem": "The mail server cannot be reached."}
    long_ago = now() - timedelta(days=3)
    given_up = NotificationFactory(state=State.GIVEN_UP, created_at=long_ago, **tried)
    others = [NotificationFactory(state=state) for state in (State.SENT, State.DROPPED)]
    page = send_again(as_staff, given_up, *others)
    assert "1 e-mail is sent again." in page
    assert "2 are not: they were sent, wait, or were left out." in page
    assert deliver_due() == 1
    (mail,) = smtp_sink.received
    assert mail.recipients == [given_up.recipient_email]
    assert str(given_up.message_id) in mail.message["Message-ID"]
    given_up.refresh_from_db()
    assert (given_up.state, given_up.attempts, given_up.problem) == (State.SENT, 1, "")


def test_a_mail_that_is_sent_again_has_all_its_attempts(as_staff, smtp_sink):
    row = NotificationFactory(
        state=State.GIVEN_UP, attempts=12, created_at=now() - timedelta(days=3)
    )
    send_again(as_staff, row)
    smtp_sink.stop()
    assert deliver_due() == 0
    row.refresh_from_db()
    assert (row.state, row.attempts) == (State.QUEUED, 1)


def test_a_mail_that_is_no_longer_true_is_not_sent_again(as_staff, smtp_sink):
    row = reminder(state=State.GIVEN_UP)
    Booking.objects.update(status="cancelled")
    send_again(as_staff, row)
    assert deliver_due() == 0
    row.refresh_from_db()
    assert row.state == State.DROPPED


def test_who_may_only_look_cannot_send_again(client):
    clerk = UserFactory(is_staff=True)
    clerk.user_permissions.set(Permission.objects.filter(codename="view_notification"))
    client.force_login(clerk)
    row = NotificationFactory(state=State.GIVEN_UP)
    assert "send_again" not in client.get(MAILS).content.decode()
    send_again(client, row)
    row.refresh_from_db()
    assert row.state == State.GIVEN_UP


# What came with following bookings


def test_the_page_of_a_booking_shows_what_happened_and_what_was_charged(as_staff):
    session = session_of()
    BookingEvent.objects.create(
        booking=session.booking,
        what=BookingEvent.What.CHANGED,
        actor=Actor.OPERATOR,
        changes={"status": ["accepted", "completed"]},
        note="For a driver who does not belong to this fleet (9).",
    )
    page = as_staff.get(page_of(session.booking)).content.decode()
    assert "For a driver who does not belong to this fleet (9)." in page
    assert session.ampeco_session_id in page


def test_sessions_are_found(as_staff):
    wanted, _other = session_of(), session_of()
    driver = wanted.booking.driver
    for query in (wanted.booking_id, wanted.ampeco_session_id, wanted.booking.uid, driver.email):
        assert found(as_staff, SESSIONS, query) == {wanted.pk}


def test_the_secret_of_a_calendar_is_nobody_else_s(as_staff):
    feed = feed_of_a_fleet()
    for url in (FEEDS, page_of(feed)):
        page = as_staff.get(url).content.decode()
        assert feed.fleet.name in page
        assert secret_of(feed) not in page
