"""Each way in which the books of tables, series and the waiting list can differ is told."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest

from tools.chaos.books.kept import (
    AskedSeries,
    AskedTable,
    AskedWish,
    Books,
    OperatorBooking,
    OperatorRequest,
    PortalBooking,
    PortalDate,
    PortalMail,
    PortalOffer,
    PortalRequest,
    PortalRow,
    PortalWish,
    Slot,
)
from tools.chaos.books.single import differences

START, HOUR = datetime(2026, 6, 1, 8, tzinfo=UTC), timedelta(hours=1)
FIRST, SECOND, THIRD, FOURTH = (Slot(500 + n, 300 + n, START, START + HOUR) for n in range(4))
MONDAY, LATER = date(2026, 6, 1), date(2026, 6, 8)
NEXT_WEEK = replace(
    THIRD, start_at=START + timedelta(days=7), end_at=START + timedelta(days=7) + HOUR
)
SERIES, WISH = UUID(int=7), UUID(int=8)
DRIVER = "driver@fleet.example"


def approved(books: Books, number: int, slot: Slot) -> None:
    """Add a booking that the operator has, with its request and its mail."""
    key, sent_as = UUID(int=100 + number), UUID(int=200 + number)
    books.requests.append(
        PortalRequest(number, key, sent_as, "create", "approved", 70 + number, number)
    )
    books.operator_requests.append(
        OperatorRequest(70 + number, str(sent_as), "create", "approved", 90 + number)
    )
    books.bookings.append(PortalBooking(number, "accepted", 90 + number, slot))
    books.operator_bookings.append(OperatorBooking(90 + number, "accepted", slot))
    about = ("request", number, "approved")
    books.notifications.append(PortalMail(f"m{number}", "dropped", DRIVER, about))


@pytest.fixture
def books() -> Books:
    """A table of two lines, one not free; a series with a date to come; a wish that came true."""
    books = Books(
        tables=[AskedTable("table 1", [FIRST, SECOND], outcome="taken", sent={0, 1})],
        rows=[
            PortalRow("table 1", True, "asked", UUID(int=101), FIRST, 1),
            PortalRow("table 1", True, "refused", UUID(int=99), SECOND, None, "Not free then."),
        ],
        series=[AskedSeries(SERIES, {MONDAY: THIRD, LATER: NEXT_WEEK}, outcome="taken")],
        dates=[
            PortalDate(SERIES, MONDAY, "asked", 2),
            PortalDate(SERIES, LATER, "waiting", None, is_beyond=True),
        ],
        wishes=[AskedWish(WISH, FOURTH, HOUR, by_itself=True, outcome="taken", number=5)],
        portal_wishes=[PortalWish(5, WISH, "fulfilled", 3, (PortalOffer("taken", FOURTH, 3),))],
    )
    for number, slot in ((1, FIRST), (2, THIRD), (3, FOURTH)):
        approved(books, number, slot)
    return books


def test_books_that_agree_are_silent(books):
    assert differences(books) == []


def test_a_line_that_was_said_to_be_impossible_needs_no_row(books):
    books.tables[0].sent = {0}
    books.rows.pop(1)
    assert differences(books) == []


def test_dates_given_up_go_with_their_bookings(books):
    books.series[0].given_up = {MONDAY}
    books.dates[0] = replace(books.dates[0], state="cancelled")
    books.bookings[1] = replace(books.bookings[1], status="cancelled")
    books.operator_bookings[1] = OperatorBooking(92, "cancelled", THIRD)
    assert differences(books) == []


@pytest.mark.parametrize("state", ["waiting", "offered", "cancelled"])
def test_a_wish_whose_slot_somebody_has_may_be_anything_but_fulfilled(books, state):
    # Somebody else has what it waits for.
    books.bookings[2] = replace(books.bookings[2], slot=replace(FOURTH, user=509))
    books.operator_bookings[2] = OperatorBooking(93, "accepted", replace(FOURTH, user=509))
    offers = (PortalOffer("open", FOURTH, None),) if state == "offered" else ()
    if state == "cancelled":
        # Its booking was withdrawn before it was decided.
        offers = (PortalOffer("taken", FOURTH, 4),)
        books.cancelled.add(4)
    books.portal_wishes[0] = PortalWish(5, WISH, state, None, offers)
    told = [each for each in differences(books) if "Wish" in each]
    assert told == []


def row(books: Books, at: int, **changes: object) -> None:
    books.rows[at] = replace(books.rows[at], **changes)


def day(books: Books, at: int, **changes: object) -> None:
    books.dates[at] = replace(books.dates[at], **changes)


def wish(books: Books, **changes: object) -> None:
    books.portal_wishes[0] = replace(books.portal_wishes[0], **changes)


def line_lost(books: Books) -> None:
    books.rows.pop(1)


def line_twice(books: Books) -> None:
    books.rows.append(replace(books.rows[0], key=UUID(int=98)))


def row_from_nowhere(books: Books) -> None:
    row(books, 1, slot=FOURTH)


def sent_though_returned(books: Books) -> None:
    books.tables[0].outcome = "returned"


def booked_in_a_draft(books: Books) -> None:
    row(books, 0, is_sent=False)


def sent_by_nobody(books: Books) -> None:
    books.tables.clear()


def series_there_though_returned(books: Books) -> None:
    books.series[0].outcome = "returned"


def date_lost(books: Books) -> None:
    books.dates.pop()


def date_booked_twice(books: Books) -> None:
    approved(books, 4, THIRD)


def series_of_nobody(books: Books) -> None:
    books.series.clear()


def given_up_and_stands(books: Books) -> None:
    books.series[0].given_up = {MONDAY}


def wish_lost(books: Books) -> None:
    books.portal_wishes.clear()


def wish_twice(books: Books) -> None:
    books.portal_wishes.append(replace(books.portal_wishes[0], pk=6))


def wish_of_nobody(books: Books) -> None:
    books.wishes.clear()


def booked_twice_for_a_wish(books: Books) -> None:
    later = replace(FOURTH, start_at=START + HOUR, end_at=START + 2 * HOUR)
    approved(books, 4, later)
    books.wishes[0].within = replace(FOURTH, end_at=START + 2 * HOUR)
    wish(books, offers=(PortalOffer("taken", FOURTH, 3), PortalOffer("taken", later, 4)))


def booked_beside_the_window(books: Books) -> None:
    books.wishes[0].within = replace(FOURTH, start_at=START + HOUR / 2)


def took_what_is_unknown(books: Books) -> None:
    books.wishes[0].took = 9


def waits_for_what_is_free(books: Books) -> None:
    books.bookings.pop()
    books.operator_bookings.pop()
    wish(books, state="waiting", booking=None, offers=())


def waits_with_a_gap_that_is_free(books: Books) -> None:
    books.wishes[0].within = replace(FOURTH, end_at=START + 2 * HOUR)
    wish(books, state="waiting", booking=None, offers=())


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (line_lost, "Line 1 of table 1 was sent, and there is no row of it"),
        (line_twice, "Line 0 of table 1 was asked for more than once"),
        (lambda books: row(books, 0, booking=3), "has another booking (3)"),
        (lambda books: row(books, 1, problem=""), "nothing says why"),
        (lambda books: row(books, 1, state="proposed"), "is proposed in a table that was sent"),
        (lambda books: row(books, 0, key=UUID(int=97)), "Nobody asked for request 1 (create)"),
        (row_from_nowhere, "1 rows that are no line of it"),
        (sent_though_returned, "was returned (), and yet it was sent"),
        (booked_in_a_draft, "and the table was not sent"),
        (sent_by_nobody, "Nobody sent table 1"),
        (series_there_though_returned, "was returned (), and yet it is there"),
        (date_lost, "has 1 dates, and 2 were asked for"),
        (date_booked_twice, f"{MONDAY} of Series {SERIES} is booked 2 times"),
        (series_of_nobody, f"Nobody asked for series {SERIES}"),
        (given_up_and_stands, "was given up, and is asked"),
        (lambda books: day(books, 0, booking=3), "was asked for, and has another booking (3)"),
        (lambda books: day(books, 1, is_beyond=False), "could be asked for, and was not"),
        (lambda books: day(books, 0, state="not-free"), "is not-free, and nothing says why"),
        (lambda books: day(books, 0, state="cancelled"), "Nobody gave up"),
        (wish_lost, "was taken, and is there 0 times"),
        (wish_twice, "was taken, and is there 2 times"),
        (wish_of_nobody, f"Nobody asked for wish {WISH}"),
        (booked_twice_for_a_wish, "has 2 bookings"),
        (booked_beside_the_window, "which is not what was wanted"),
        (took_what_is_unknown, "does not know booking 9, which was shown"),
        (waits_for_what_is_free, "waits for what is free"),
        (waits_with_a_gap_that_is_free, "waits for what is free"),
        (lambda books: wish(books, offers=()), "has no booking that stands"),
        (lambda books: wish(books, state="asked"), "still waits for the operator's decision"),
        (lambda books: wish(books, state="offered"), "has 0 open offers"),
        (lambda books: wish(books, state="ended"), "ended before its time"),
        (lambda books: wish(books, state="ended", note="x"), "has booking 3 all the same"),
        (lambda books: wish(books, state="cancelled"), "was cancelled by nobody"),
    ],
)
def test_what_differs_is_told(books, change, words):
    change(books)
    assert any(words in sentence for sentence in differences(books)), differences(books)
