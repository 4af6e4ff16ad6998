"""Each way in which the books of a chaos run can differ is told; books that agree are silent."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from tools.chaos.books.kept import (
    Asked,
    Books,
    Mail,
    OperatorBooking,
    OperatorRequest,
    PortalBooking,
    PortalMail,
    PortalRequest,
    Slot,
)
from tools.chaos.books.single import differences, repeated_mails

START = datetime(2026, 6, 1, 8, tzinfo=UTC)
SLOT = Slot(501, 301, START, START + timedelta(hours=1))
ELSEWHERE = replace(SLOT, evse=302)
KEY, OTHER_KEY, CANCEL_KEY = (UUID(int=number) for number in (1, 2, 3))
SENT_AS, REJECTED_AS, CANCELLED_AS = (UUID(int=number) for number in (11, 12, 13))
DRIVER = "driver@fleet.example"


@pytest.fixture
def books() -> Books:
    """One booking that was approved and one that was rejected, with their mails."""
    return Books(
        asked=[
            Asked(KEY, SLOT, outcome="taken", booking=1),
            Asked(OTHER_KEY, ELSEWHERE, outcome="taken", booking=2),
        ],
        requests=[
            PortalRequest(1, KEY, SENT_AS, "create", "approved", 71, 1),
            PortalRequest(2, OTHER_KEY, REJECTED_AS, "create", "rejected", 72, 2),
        ],
        bookings=[
            PortalBooking(1, "accepted", 91, SLOT),
            PortalBooking(2, "rejected", None, ELSEWHERE),
        ],
        notifications=[
            PortalMail("m1", "sent", DRIVER, ("request", 1, "approved")),
            PortalMail("m2", "dropped", DRIVER, ("request", 2, "rejected")),
        ],
        operator_requests=[
            OperatorRequest(71, str(SENT_AS), "create", "approved", 91),
            OperatorRequest(72, str(REJECTED_AS), "create", "rejected", None),
        ],
        operator_bookings=[OperatorBooking(91, "accepted", SLOT)],
        mails=[Mail("m1", DRIVER)],
    )


def test_books_that_agree_are_silent(books):
    assert differences(books) == []


@pytest.mark.parametrize("came", [0, 1])
def test_a_mail_that_the_portal_says_it_cannot_know_of_may_have_come(books, came):
    books.notifications[1] = PortalMail("m2", "perhaps sent", DRIVER, books.notifications[1].about)
    books.mails += [Mail("m2", DRIVER)] * came
    assert differences(books) == []
    books.mails.append(Mail("m2", "somebody@else.example"))
    assert len(differences(books)) == 1


def lost(books: Books) -> None:
    books.requests.pop(1)
    books.operator_requests.pop(1)


def kept_though_returned(books: Books) -> None:
    books.asked[1].outcome = "returned"


def of_another_booking(books: Books) -> None:
    books.asked[0].booking = 2


def invented(books: Books) -> None:
    books.asked.pop(0)


def still_open(books: Books) -> None:
    books.requests[1] = replace(books.requests[1], status="pending")
    books.operator_requests[1] = replace(books.operator_requests[1], status="pending")


def change_still_open(books: Books) -> None:
    books.bookings[0] = replace(books.bookings[0], open_change="cancel")


def sent_twice(books: Books) -> None:
    twin = replace(books.operator_requests[1], pk=73)
    books.operator_requests.append(twin)


def never_arrived(books: Books) -> None:
    books.operator_requests.pop(1)


def decided_otherwise(books: Books) -> None:
    books.operator_requests[1] = replace(books.operator_requests[1], status="approved")


def another_number(books: Books) -> None:
    books.requests[1] = replace(books.requests[1], ampeco_id=99)


def failed_but_approved(books: Books) -> None:
    books.requests[0] = replace(books.requests[0], status="failed")


def not_ours(books: Books) -> None:
    books.operator_requests.append(OperatorRequest(74, "strange", "create", "rejected", None))


def booked_twice(books: Books) -> None:
    books.operator_bookings.append(OperatorBooking(92, "accepted", SLOT))


def not_booked(books: Books) -> None:
    books.operator_bookings.clear()


def in_another_state(books: Books) -> None:
    books.operator_bookings[0] = OperatorBooking(91, "cancelled", SLOT)


def at_another_place(books: Books) -> None:
    books.operator_bookings[0] = OperatorBooking(91, "accepted", ELSEWHERE)


def not_as_asked(books: Books) -> None:
    books.asked[0].slot = ELSEWHERE


def moved_and_stands(books: Books) -> None:
    books.asked[0].replaces = 2
    books.bookings[1] = replace(books.bookings[1], status="accepted")


def two_rows_for_one(books: Books) -> None:
    books.asked.append(Asked(CANCEL_KEY, SLOT, outcome="taken", booking=3))
    books.requests.append(PortalRequest(3, CANCEL_KEY, CANCELLED_AS, "create", "approved", 75, 3))
    books.operator_requests.append(OperatorRequest(75, str(CANCELLED_AS), "create", "approved", 91))
    books.bookings.append(PortalBooking(3, "accepted", 91, SLOT))
    books.notifications.append(PortalMail("m3", "sent", DRIVER, ("request", 3, "approved")))
    books.mails.append(Mail("m3", DRIVER))


def numbered_without_approval(books: Books) -> None:
    books.bookings[1] = replace(books.bookings[1], ampeco_id=93)


def cancelled_and_stands(books: Books) -> None:
    books.cancelled.add(1)


def cancelled_by_nobody(books: Books) -> None:
    books.bookings[0] = replace(books.bookings[0], status="cancelled")
    books.operator_bookings[0] = OperatorBooking(91, "cancelled", SLOT)


def mail_lost(books: Books) -> None:
    books.mails.clear()


def mail_waiting(books: Books) -> None:
    books.notifications[0] = replace(books.notifications[0], state="queued")


def mail_to_somebody_else(books: Books) -> None:
    books.mails[0] = Mail("m1", "other@fleet.example")


def mail_from_nowhere(books: Books) -> None:
    books.mails.append(Mail("m9", DRIVER))


def told_twice(books: Books) -> None:
    books.notifications.append(replace(books.notifications[0], message_id="m4"))
    books.mails.append(Mail("m4", DRIVER))


def nobody_told(books: Books) -> None:
    books.notifications.pop(0)
    books.mails.clear()


def nobody_told_of_no(books: Books) -> None:
    books.notifications.pop(1)


def nobody_told_of_the_end(books: Books) -> None:
    books.cancelled.add(1)
    books.bookings[0] = replace(books.bookings[0], status="cancelled")
    books.operator_bookings[0] = OperatorBooking(91, "cancelled", SLOT)
    books.requests.append(PortalRequest(3, CANCEL_KEY, CANCELLED_AS, "cancel", "approved", 75, 1))
    books.operator_requests.append(OperatorRequest(75, str(CANCELLED_AS), "cancel", "approved", 91))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lost, "there is no row of it"),
        (kept_though_returned, "and yet there is a row"),
        (of_another_booking, "of another booking"),
        (invented, "Nobody asked for request 1"),
        (still_open, "is still pending"),
        (change_still_open, "still waits for its change"),
        (sent_twice, "is 2 times at the operator's"),
        (never_arrived, "is 0 times at the operator's"),
        (decided_otherwise, "is approved at the operator's"),
        (another_number, "has number 99"),
        (failed_but_approved, "(create, failed) is approved at the operator's"),
        (not_ours, "requests that are not ours"),
        (booked_twice, "is held 2 times"),
        (not_booked, "is not at the operator's"),
        (in_another_state, "is cancelled at the operator's"),
        (at_another_place, "evse=302"),
        (not_as_asked, "was asked for"),
        (moved_and_stands, "Booking 2 was cancelled by its fleet, and stands"),
        (two_rows_for_one, "is ours 2 times"),
        (numbered_without_approval, "without having been approved"),
        (cancelled_and_stands, "was cancelled by its fleet, and stands"),
        (cancelled_by_nobody, "Nobody cancelled booking 1"),
        (mail_lost, "has come to []"),
        (mail_waiting, "is queued"),
        (mail_to_somebody_else, "has come to ['other@fleet.example']"),
        (mail_from_nowhere, "that nobody wrote"),
        (told_twice, "was told 2 times"),
        (nobody_told, "Nobody was told that request 1 (create) is approved"),
        (nobody_told_of_no, "Nobody was told that request 2 (create) is rejected"),
        (nobody_told_of_the_end, "Nobody was told that request 3 (cancel) is approved"),
    ],
)
def test_what_differs_is_told(books, change, words):
    change(books)
    assert any(words in sentence for sentence in differences(books)), differences(books)


def test_a_mail_that_came_again_is_counted_and_no_difference(books):
    books.mails.append(Mail("m1", DRIVER))
    assert differences(books) == []
    assert repeated_mails(books) == 1
