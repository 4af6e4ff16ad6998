from datetime import timedelta

import pytest
from django.utils.timezone import now

from bookings.models import Actor, Booking, BookingEvent
from bookings.wording.attention import reasons_of
from tests.factories import BookingFactory, BookingRequestFactory

pytestmark = pytest.mark.django_db


def reason_of(booking: Booking) -> str:
    return reasons_of([booking])[booking.pk]


def marked(**fields) -> Booking:
    return BookingFactory(**({"needs_attention": True, "accepted": True} | fields))


@pytest.mark.parametrize(
    ("status", "words"),
    [
        ("requested", "No answer yet"),
        ("no-show", "The driver did not start charging in time."),
        ("failed", "The charger could not be held for this booking."),
        ("cancelled", "Cancelled on the operator’s side, not from this portal."),
    ],
)
def test_what_became_of_it_is_reason_enough(status, words):
    assert reason_of(marked(status=status)) == words


@pytest.mark.parametrize(
    ("kind", "words", "bare"),
    [
        ("create", "The operator says: “Works until noon.”", "The operator gave no reason."),
        ("update", "Change rejected: “Works until noon.”", "Change rejected."),
        ("cancel", "Cancellation rejected: “Works until noon.”", "Cancellation rejected."),
    ],
)
def test_what_the_operator_rejected_is_in_its_words(kind, words, bare):
    for reason, expected in (("Works  until\nnoon.", words), ("", bare)):
        booking = marked(status="rejected" if kind == "create" else "accepted")
        BookingRequestFactory(approved=True, booking=booking)
        BookingRequestFactory(rejected=True, kind=kind, booking=booking, rejection_reason=reason)
        assert reason_of(booking) == expected


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("create", "The slot was taken before the request could be sent."),
        ("update", "Not changed: The slot was taken before the request could be sent."),
        ("cancel", "Not cancelled: The slot was taken before the request could be sent."),
    ],
)
def test_what_never_reached_the_operator_says_why(kind, words):
    booking = marked(status="not-placed" if kind == "create" else "accepted")
    BookingRequestFactory(booking=booking, kind=kind, status="failed", failure="slot-gone")
    assert reason_of(booking) == words


def test_a_change_without_an_answer():
    booking = marked(open_change="update")
    BookingRequestFactory(booking=booking, kind="update", status="stale")
    assert reason_of(booking) == "No answer yet"


@pytest.mark.parametrize(
    ("event", "words"),
    [
        ({"what": "changed", "changes": {"start_at": ["a", "b"]}}, "moved it to another time"),
        ({"what": "changed", "changes": {"evse": [1, 2]}}, "moved it to another charger"),
        ({"what": "changed", "changes": {"driver": [1, 2]}}, "gave it to another driver"),
        ({"what": "gone"}, "no longer knows this booking"),
        ({"what": "running-late", "actor": "driver"}, "The driver is running late."),
        (
            {
                "what": "charger-reported",
                "actor": "driver",
                "changes": {"report": [None, "broken"]},
            },
            "The driver reports: The charger does not work.",
        ),
        ({"what": "move-ended", "note": "Full."}, "Not moved: “Full.”"),
        ({"what": "move-ended"}, "Not moved."),
    ],
)
def test_what_happened_since_the_last_request(event, words):
    booking = marked()
    BookingRequestFactory(approved=True, booking=booking)
    BookingEvent.objects.create(booking=booking, **({"actor": Actor.OPERATOR} | event))
    assert words in reason_of(booking)


def test_the_latest_counts():
    booking = marked()
    BookingEvent.objects.create(
        booking=booking,
        at=now() - timedelta(hours=1),
        what="changed",
        actor=Actor.OPERATOR,
        changes={"start_at": ["a", "b"]},
    )
    assert "another time" in reason_of(booking)
    BookingRequestFactory(rejected=True, kind="update", booking=booking, rejection_reason="No.")
    assert reason_of(booking) == "Change rejected: “No.”"


def test_reasons_cost_two_queries_or_none(django_assert_num_queries):
    bookings = [marked() for _number in range(10)]
    with django_assert_num_queries(2):
        assert len(reasons_of(bookings)) == 10
    quiet = BookingFactory(accepted=True)
    with django_assert_num_queries(0):
        assert reasons_of([quiet]) == {}
