"""What staff see first: how things go, and the rows behind each figure."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import Permission
from django.utils import timezone

from bookings.models import Booking, BookingRequest
from mirror.models import SyncRun
from notifications.models import Notification
from telemetry.measures import OPERATOR_CALLS
from tests.factories import (
    BookingFactory,
    BookingRequestFactory,
    NotificationFactory,
    UserFactory,
)
from upstream.calls import Outcome

pytestmark = pytest.mark.django_db

Status = BookingRequest.Status
INDEX = "/back-office/"


@pytest.fixture
def as_staff(client, staff):
    client.force_login(staff)
    return client


def figures(response, key: str) -> dict[str, tuple[int, str]]:
    """Return the figures of a card: by label, the number and where it leads."""
    cards = {card.key: card for card in response.context["cards"]}
    return {one.label: (one.number, one.url) for one in cards[key].figures}


def request_in(status, **fields) -> BookingRequest:
    return BookingRequestFactory(status=status, **fields)


def listed(client, url: str) -> int:
    """Return how many rows a list shows."""
    return client.get(url).context["cl"].result_count


def test_undecided_requests_lead_to_their_lists(as_staff):
    long_ago = timezone.now() - timedelta(hours=3)
    request_in(Status.PENDING, created_at=long_ago)
    request_in(Status.PENDING)
    request_in(Status.STALE)
    request_in(Status.APPROVED)

    page = as_staff.get(INDEX)

    undecided = figures(page, "undecided")
    assert undecided[Status.PENDING.label][0] == 2
    assert listed(as_staff, undecided[Status.PENDING.label][1]) == 2
    assert undecided[Status.STALE.label][0] == 1
    assert "oldest: 3" in page.content.decode()


def test_failures_and_rejections_are_counted_by_reason(as_staff):
    Failure = BookingRequest.Failure
    request_in(Status.FAILED, failure=Failure.SLOT_GONE)
    request_in(Status.FAILED, failure=Failure.SLOT_GONE)
    request_in(Status.FAILED, failure=Failure.TOO_LATE)
    request_in(Status.REJECTED, rejection_reason="Charger is being repaired & “closed”")
    request_in(Status.REJECTED, rejection_reason="")
    old = timezone.now() - timedelta(days=8)
    request_in(Status.REJECTED, rejection_reason="Long ago", created_at=old)

    page = as_staff.get(INDEX)

    failed, rejected = figures(page, "failed"), figures(page, "rejected")
    assert [number for number, _url in failed.values()] == [2, 1]
    assert listed(as_staff, failed[str(Failure.SLOT_GONE.label)][1]) == 2
    assert set(rejected) == {"Charger is being repaired & “closed”", "Without a reason"}
    assert all(listed(as_staff, url) == number for number, url in rejected.values())


def test_no_shows_mails_and_use(as_staff, fleet):
    yesterday = timezone.now() - timedelta(days=1)
    hour = timedelta(hours=1)
    for status in (Booking.Status.NO_SHOW, Booking.Status.COMPLETED):
        BookingFactory(fleet=fleet, status=status, start_at=yesterday, end_at=yesterday + hour)
    BookingFactory(fleet=fleet)
    NotificationFactory(state=Notification.State.GIVEN_UP)
    NotificationFactory(state=Notification.State.SENT)

    page = as_staff.get(INDEX)

    for key, label in (("no-shows", "No-shows"), ("mails", "E-mails given up")):
        number, url = figures(page, key)[label]
        assert number == listed(as_staff, url) == 1
    use = page.context["fleets_by_use"]
    assert [(one.fleet, one.bookings) for one in use] == [(fleet, 2)]
    assert listed(as_staff, use[0].url) == 2


def test_syncs_have_an_age_and_say_what_is_wrong(as_staff):
    now = timezone.now()
    SyncRun.objects.create(
        kind=SyncRun.Kind.DRIVERS,
        state=SyncRun.State.FINISHED,
        started_at=now - timedelta(hours=2),
        alive_at=now,
        finished_at=now - timedelta(hours=2),
        problem="The operator gave 3 users, and all were left out: 3 without an e-mail.",
    )

    page = as_staff.get(INDEX)

    (sync,) = page.context["syncs"]
    assert (sync.is_bad, listed(as_staff, sync.url)) == (True, 1)
    text = page.content.decode()
    assert "3 without an e-mail" in text
    assert "2 h ago" in text


def test_calls_are_counted_by_what_came_of_them(as_staff):
    for outcome, count in ((Outcome.OK, 5), (Outcome.RATE_LIMITED, 2), (Outcome.UNAVAILABLE, 1)):
        OPERATOR_CALLS.add(count, operation="call_of_this_test", outcome=outcome.value)
    OPERATOR_CALLS.add(9, operation="call_of_this_test", outcome=Outcome.HELD_OFF.value)

    page = as_staff.get("/back-office/operator/calls/")

    row = next(one for one in page.context["operations"] if one.name == "call_of_this_test")
    assert (row.sent, row.too_many, row.failed) == (8, 2, 1)
    assert as_staff.get(INDEX).context["calls"].too_many >= 2


def test_a_first_page_of_nothing_says_so(as_staff):
    text = as_staff.get(INDEX).content.decode()
    assert "None has failed." in text
    assert "Nobody has booked." in text


def test_who_may_see_little_sees_little(client):
    person = UserFactory(is_staff=True)
    person.user_permissions.add(Permission.objects.get(codename="view_notification"))
    client.force_login(person)

    page = client.get(INDEX)

    assert [card.key for card in page.context["cards"]] == ["mails"]
    assert "fleets_by_use" not in page.context
    assert client.get("/back-office/operator/calls/").status_code == 403
    assert client.get("/back-office/operator/roaming/").status_code == 403


@pytest.mark.parametrize("page", ["calls/", "roaming/", "fleets/1/money/"])
def test_fleets_do_not_get_in(as_manager, page):
    assert "/back-office/login/" in as_manager.get(f"/back-office/operator/{page}")["Location"]


def test_the_first_page_costs_the_same_whatever_there_is(
    as_staff, fleet, django_assert_max_num_queries
):
    for _ in range(3):
        request_in(Status.PENDING)
        BookingFactory(fleet=fleet)
    as_staff.get(INDEX)
    with django_assert_max_num_queries(30):
        as_staff.get(INDEX)
