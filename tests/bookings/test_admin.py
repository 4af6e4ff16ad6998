"""Bookings, requests and mails in the back office."""

import uuid
from datetime import timedelta

import pytest
from django.contrib.auth.models import Permission
from django.urls import reverse
from django.utils.timezone import now

from bookings.models import Actor, Booking, BookingRequest, BookingRequestEvent, Notification
from mirror.search import search_key
from tests.factories import (
    BookingFactory,
    BookingRequestFactory,
    DriverFactory,
    NotificationFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db

Status = BookingRequest.Status
BOOKINGS, REQUESTS, MAILS = (
    reverse(f"admin:bookings_{name}_changelist")
    for name in ("booking", "bookingrequest", "notification")
)


@pytest.fixture
def as_staff(client, staff):
    client.force_login(staff)
    return client


def page_of(row) -> str:
    return reverse(f"admin:bookings_{row._meta.model_name}_change", args=[row.pk])


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


@pytest.mark.parametrize("url", [BOOKINGS, REQUESTS, MAILS])
def test_fleet_managers_do_not_get_in(as_manager, url):
    assert "/back-office/login/" in as_manager.get(url)["Location"]


@pytest.mark.parametrize("url", [BOOKINGS, REQUESTS, MAILS])
def test_the_lists_cost_the_same_for_one_row_and_for_many(
    as_staff, url, django_assert_max_num_queries
):
    for _ in range(12):
        NotificationFactory()
    with django_assert_max_num_queries(9):
        response = as_staff.get(url)
    assert len(response.context["cl"].result_list) == 12


@pytest.mark.parametrize("factory", [BookingFactory, BookingRequestFactory, NotificationFactory])
def test_everything_is_to_be_looked_at_only(as_staff, factory):
    row = factory()
    url = page_of(row)
    assert as_staff.get(url).status_code == 200
    assert as_staff.post(url, {"status": "approved", "state": "sent"}).status_code == 403
    name = row._meta.model_name
    assert as_staff.get(reverse(f"admin:bookings_{name}_add")).status_code == 403
    delete = reverse(f"admin:bookings_{name}_delete", args=[row.pk])
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
