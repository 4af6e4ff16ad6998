import html
import re
import uuid
from datetime import timedelta

import pytest
from django.utils.timezone import now

from bookings.models import Booking, BookingRequest
from tests.factories import (
    BookingFactory,
    BookingRequestFactory,
    MembershipFactory,
    next_noon,
)
from tests.small_operator import slot_of

pytestmark = pytest.mark.django_db

MANY = "/bookings/cancel/"


def url(booking: Booking) -> str:
    return f"/bookings/{booking.pk}/cancel/"


def page_of(answer) -> str:
    assert answer.status_code == 200
    return html.unescape(answer.content.decode())


def row(page: str, booking: Booking) -> str:
    """Return what the page says about one of several bookings."""
    text = page.split(f'<tr id="booking-{booking.pk}"')[1].split("</tr>")[0]
    return " ".join(re.sub(r"<[^>]*>", " ", text).split())


def shown(bookings) -> dict:
    """Return what the page's form sends of bookings as they are shown now."""
    now_shown = Booking.objects.in_bulk([booking.pk for booking in bookings])
    return {
        "booking": list(now_shown),
        "seen": [f"{pk}.{booking.version}" for pk, booking in now_shown.items()],
    }


def cancellations() -> list[BookingRequest]:
    return list(BookingRequest.objects.filter(kind="cancel").order_by("start_at"))


@pytest.fixture
def approve(workers, operator):
    """Send what waits, and let the operator approve all of it."""

    def approve() -> None:
        workers.submit()
        for request in list(operator.requests.values()):
            operator.approve(request)
        workers.poll()

    return approve


@pytest.fixture
def bookings(ask, evse, approve) -> list[Booking]:
    """Three bookings that the operator has approved, hour after hour."""
    noon = next_noon()
    for hours in range(3):
        ask(slot_of(evse, noon + timedelta(hours=hours)))
    approve()
    found = list(Booking.objects.order_by("start_at"))
    assert [booking.status for booking in found] == ["accepted"] * 3
    return found


@pytest.fixture
def booking(bookings) -> Booking:
    return bookings[0]


# One


def test_looking_at_the_page_asks_for_nothing(as_manager, booking):
    page = page_of(as_manager.get(url(booking)))
    assert "The operator decides; until then the booking remains valid." in page
    assert "Pier 40" in page
    assert "Ana Alvarez" in page
    assert not cancellations()


def test_cancelling_asks_the_operator(as_manager, manager, booking, approve):
    answer = as_manager.post(url(booking), {"version": booking.version}, follow=True)
    assert answer.redirect_chain[-1][0] == f"/bookings/{booking.pk}/"
    page = page_of(answer)
    assert "Cancellation requested. Until the operator decides, the booking remains valid." in page
    (request,) = cancellations()
    assert request.created_by == manager
    booking.refresh_from_db()
    assert booking.status == "accepted"
    approve()
    booking.refresh_from_db()
    assert booking.status == "cancelled"


def test_what_was_never_sent_is_withdrawn_at_once(as_manager, request_row):
    booking = request_row.booking
    assert "not approved this booking yet" in page_of(as_manager.get(url(booking)))
    page = page_of(as_manager.post(url(booking), {"version": booking.version}, follow=True))
    assert "The request was withdrawn before it reached the operator." in page
    booking.refresh_from_db()
    assert booking.status == "cancelled"
    assert not cancellations()


def test_what_is_undecided_is_cancelled_once_it_is_approved(
    as_manager, request_row, workers, approve
):
    booking = request_row.booking
    workers.submit()
    page = page_of(as_manager.post(url(booking), {"version": booking.version}, follow=True))
    assert "request its cancellation at once" in page
    approve()
    assert len(cancellations()) == 1
    approve()
    booking.refresh_from_db()
    assert booking.status == "cancelled"


def test_who_comes_second_is_told_what_happened(as_manager, booking):
    Booking.objects.filter(pk=booking.pk).update(
        version=booking.version + 1, end_at=booking.end_at + timedelta(hours=5)
    )
    page = page_of(as_manager.post(url(booking), {"version": booking.version}))
    assert "has changed since you opened the page" in page
    assert f'name="version" value="{booking.version + 1}"' in page
    assert not cancellations()


@pytest.mark.parametrize("version", ["", "x", "-1", "9" * 40, "\x00"])
def test_a_form_without_a_version_is_shown_again(as_manager, booking, version):
    assert "Keep it" in page_of(as_manager.post(url(booking), {"version": version}))
    assert not cancellations()


@pytest.mark.parametrize(
    ("state", "words"),
    [
        ({"status": "cancelled"}, "can no longer be"),
        ({"status": "completed"}, "can no longer be"),
        ({"status": "rejected"}, "can no longer be"),
        ({"open_change": "cancel"}, "Cancellation requested"),
        ({"open_change": "update"}, "has not decided yet"),
        ({"start_at": now() - timedelta(minutes=20)}, "This booking has already started"),
    ],
)
def test_what_may_not_be_cancelled_is_refused_with_the_reason(as_manager, booking, state, words):
    Booking.objects.filter(pk=booking.pk).update(**state)
    for answer in (
        as_manager.get(url(booking)),
        as_manager.post(url(booking), {"version": booking.version}),
    ):
        assert answer.status_code == 409
        assert words in answer.content.decode()
        assert "This booking cannot be cancelled" in answer.content.decode()
    assert not cancellations()


def test_who_may_not_cancel(as_viewer, client, booking, other_manager):
    data = {"version": booking.version}
    assert as_viewer.get(url(booking)).status_code == 403
    assert as_viewer.post(url(booking), data).status_code == 403
    assert as_viewer.get(MANY, {"booking": booking.pk}).status_code == 403
    assert as_viewer.post(MANY, {"booking": booking.pk}).status_code == 403
    client.force_login(other_manager)
    assert client.get(url(booking)).status_code == 404
    assert client.post(url(booking), data).status_code == 404
    assert not cancellations()


# Several


def test_the_list_leads_to_a_page_that_shows_what_will_be_cancelled(
    as_manager, bookings, fleet, other_fleet
):
    over = BookingFactory(fleet=fleet, accepted=True, start_at=now() - timedelta(minutes=10))
    changing = BookingFactory(fleet=fleet, accepted=True, open_change="update")
    gone = BookingFactory(fleet=fleet, status="cancelled", slot_key="")
    stranger = BookingFactory(fleet=other_fleet, accepted=True, reference="Secret")
    keys = [each.pk for each in (*bookings[:2], over, changing, gone, stranger)]
    page = page_of(as_manager.get(MANY, {"booking": [*keys, "999999", "x", keys[0]]}))
    assert "Cancel 2 bookings" in page
    assert "Cancellation will be requested" in row(page, bookings[0])
    assert "it has already started" in row(page, over)
    assert "Cannot be cancelled now: Change requested" in row(page, changing)
    assert "Cannot be cancelled: Cancelled" in row(page, gone)
    assert f'id="booking-{stranger.pk}"' not in page
    sent = re.findall(r'name="booking" value="(\d+)"', page)
    assert sent == [str(booking.pk) for booking in bookings[:2]]
    assert not cancellations()


def test_nothing_ticked_leads_back_to_the_list(as_manager, bookings, other_fleet):
    stranger = BookingFactory(fleet=other_fleet, accepted=True)
    for data in ({}, {"booking": "x"}, {"booking": stranger.pk}, {"booking": "9" * 500}):
        for ask in (as_manager.get, as_manager.post):
            answer = ask(MANY, data, follow=True)
            assert answer.redirect_chain[-1][0] == "/bookings/"
            assert "Please select the bookings" in answer.content.decode()
    assert not cancellations()


def test_nothing_that_can_be_cancelled_has_no_button(as_manager, fleet):
    gone = BookingFactory(fleet=fleet, status="cancelled", slot_key="")
    page = page_of(as_manager.get(MANY, {"booking": gone.pk}))
    assert "None of these bookings can be cancelled" in page
    assert 'id="send-cancel"' not in page


def test_a_bounded_number_is_cancelled_together(as_manager, bookings):
    first, second, third = (booking.pk for booking in bookings)
    keys = [first, second, *range(10**6, 10**6 + 98), third]
    page = page_of(as_manager.get(MANY, {"booking": keys}))
    assert "You can cancel at most 100 bookings at once." in page
    assert "Cancel 2 bookings" in page
    as_manager.post(MANY, shown(bookings) | {"booking": keys})
    assert [request.booking_id for request in cancellations()] == [first, second]


def test_each_has_its_own_outcome(
    as_manager, client, other_manager, bookings, ask, evse, workers, operator, fleet
):
    approved, rejected, _kept = bookings
    unsent = ask(slot_of(evse, next_noon() + timedelta(hours=6))).request.booking
    changing = BookingFactory(
        fleet=fleet, accepted=True, start_at=next_noon() + timedelta(days=1), open_change="update"
    )
    chosen = [approved, rejected, unsent, changing]
    answer = as_manager.post(MANY, shown(chosen))
    batch = cancellations()[0].batch
    assert answer.url == f"/bookings/cancelled/{batch}/"
    page = page_of(as_manager.get(answer.url))
    assert "1 of 4 cancelled, 2 waiting for the operator." in page
    assert 'data-look-every="1s"' in page
    assert "Requested. The operator decides." in row(page, approved)
    assert "Cancelled." in row(page, unsent)
    assert "Not cancelled: A change has been requested." in row(page, changing)
    assert f'id="booking-{_kept.pk}"' not in page

    workers.submit()
    asked = {request.booking_id: request.ampeco_request_id for request in cancellations()}
    operator.approve(operator.requests[asked[approved.pk]])
    operator.reject(operator.requests[asked[rejected.pk]], "Too late to cancel.")
    workers.poll()
    page = page_of(as_manager.get(answer.url, headers={"HX-Request": "true"}))
    assert 'data-look-every="1s"' in page, "the operator still decides on a change"
    Booking.objects.filter(pk=changing.pk).update(open_change="")
    page = page_of(as_manager.get(answer.url, headers={"HX-Request": "true"}))
    assert "<html" not in page
    assert 'data-look-every="1s"' not in page, "all is settled"
    assert "2 of 4 cancelled, 0 waiting" in page
    assert "Cancelled." in row(page, approved)
    assert "says: “Too late to cancel.”" in row(page, rejected)
    assert "Not cancelled" in row(page, changing)

    client.force_login(other_manager)
    assert client.get(answer.url).status_code == 404


def test_an_undecided_one_is_followed_until_it_is_cancelled(
    as_manager, request_row, workers, approve
):
    workers.submit()
    answer = as_manager.post(MANY, shown([request_row.booking]))
    booking = request_row.booking
    page = page_of(as_manager.get(answer.url))
    assert "Will be cancelled as soon as the operator has decided" in row(page, booking)
    assert 'data-look-every="1s"' in page
    approve()
    page = page_of(as_manager.get(answer.url))
    assert "Requested. The operator decides." in row(page, booking)
    approve()
    page = page_of(as_manager.get(answer.url))
    assert "1 of 1 cancelled, 0 waiting" in page
    assert 'data-look-every="1s"' not in page


def test_a_colleague_sees_what_was_asked_for(as_manager, client, fleet, bookings):
    answer = as_manager.post(MANY, shown(bookings))
    client.logout()
    client.force_login(MembershipFactory(fleet=fleet).user)
    page = page_of(client.get(answer.url))
    assert "0 of 3 cancelled, 3 waiting" in page


def test_what_a_booking_is_now_wins_over_what_was_said_when_it_was_asked_for(
    as_manager, fleet, bookings, approve, client
):
    """A colleague had asked for the end of the same bookings a moment before."""
    colleague = MembershipFactory(fleet=fleet, user__name="Bo Quist").user
    form = shown(bookings)
    as_manager.post(MANY, form)
    client.logout()
    client.force_login(colleague)
    answer = client.post(MANY, form)
    page = page_of(client.get(answer.url))
    assert "0 of 3 cancelled, 3 waiting" in page
    assert 'data-look-every="1s"' in page
    for booking in bookings:
        assert "Requested. The operator decides." in row(page, booking)
        assert "Not cancelled" not in row(page, booking)
    approve()
    page = page_of(client.get(answer.url))
    assert "3 of 3 cancelled, 0 waiting" in page
    assert 'data-look-every="1s"' not in page
    for booking in bookings:
        assert row(page, booking).endswith("Cancelled Cancelled.")


def test_a_refusal_of_long_ago_is_no_answer(as_manager, bookings):
    booking = bookings[0]
    BookingRequestFactory(
        booking=booking,
        kind="cancel",
        status="rejected",
        rejection_reason="Too early.",
        settled_at=now() - timedelta(hours=1),
    )
    Booking.objects.filter(pk=booking.pk).update(open_change="update")
    page = page_of(as_manager.post(MANY, shown([booking]), follow=True))
    assert "Not cancelled: A change has been requested." in row(page, booking)
    Booking.objects.filter(pk=booking.pk).update(open_change="", version=booking.version + 2)
    batch = as_manager.session["cancelled_together"]
    page = page_of(as_manager.get(f"/bookings/cancelled/{list(batch)[-1]}/"))
    assert "Not cancelled when you asked: A change has been requested." in row(page, booking)


def test_what_changed_since_it_was_shown_is_told_and_asked_about(as_manager, bookings):
    moved, same, _other = bookings
    form = shown([moved, same])
    later = moved.end_at + timedelta(hours=7)
    Booking.objects.filter(pk=moved.pk).update(version=moved.version + 1, end_at=later)
    page = page_of(as_manager.post(MANY, form, follow=True))
    assert [request.booking for request in cancellations()] == [same]
    assert "This booking has changed since you opened the page. It is now:" in row(page, moved)
    assert "Pier 40, Ana Alvarez" in row(page, moved)
    assert "Requested. The operator decides." in row(page, same)
    assert "Cancel 1 that was left out…" in page
    again = re.findall(r'name="booking" value="(\d+)"', page)
    assert again == [str(moved.pk)]
    page = page_of(as_manager.get(MANY, {"booking": again}))
    assert "Cancel 1 booking" in page
    seen = re.findall(r'name="seen" value="([^"]+)"', page)
    as_manager.post(MANY, {"booking": again, "seen": seen})
    assert {request.booking for request in cancellations()} == {moved, same}


@pytest.mark.parametrize("seen", [[], ["x"], ["1"], ["1.2.3"], ["9" * 40 + ".1"]])
def test_a_form_that_does_not_tell_what_was_seen_is_shown_again(as_manager, bookings, seen):
    page = page_of(as_manager.post(MANY, {"booking": bookings[0].pk, "seen": seen}))
    assert "Cancel 1 booking" in page
    assert not cancellations()


def test_a_batch_that_there_is_not_is_a_404(as_manager):
    assert as_manager.get(f"/bookings/cancelled/{uuid.uuid4()}/").status_code == 404


def test_a_page_that_waits_lets_the_next_sweep_ask(as_manager, bookings, workers):
    answer = as_manager.post(MANY, shown(bookings[:1]))
    workers.submit()
    BookingRequest.objects.filter(status="pending").update(
        next_attempt_at=now() + timedelta(minutes=1)
    )
    as_manager.get(answer.url)
    assert BookingRequest.objects.get(status="pending").next_attempt_at <= now()


def test_the_pages_ask_the_database_a_constant_number_of_times(
    as_manager, fleet, django_assert_max_num_queries
):
    batch = uuid.uuid4()
    keys = []
    for _number in range(20):
        request = BookingRequestFactory(
            pending=True,
            kind="cancel",
            batch=batch,
            booking__fleet=fleet,
            booking__accepted=True,
            booking__open_change="cancel",
        )
        keys.append(request.booking_id)
    with django_assert_max_num_queries(12):
        page_of(as_manager.get(MANY, {"booking": keys}))
    with django_assert_max_num_queries(12):
        page_of(as_manager.get(f"/bookings/cancelled/{batch}/"))
