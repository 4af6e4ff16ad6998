"""What the books disagree on about tables, series and the waiting list.

Every row of a table is asked for once, or it says why not. So is every date of a series, or it
waits for its time. A wish waits for what is not free, or has one booking at the most.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

from tools.chaos.books.kept import (
    HELD,
    AskedSeries,
    AskedTable,
    AskedWish,
    Books,
    PortalDate,
    PortalRequest,
    PortalRow,
    PortalWish,
    Slot,
)

Times = tuple[datetime, datetime]


def differences(books: Books) -> Iterator[str]:
    yield from _tables(books)
    yield from _series(books)
    yield from _wishes(books)


def is_wanted(books: Books, request: PortalRequest) -> bool:
    """Return whether a row of somebody's table, a series or a wish asks for a request's booking."""
    booking = books.by_number().get(request.booking)
    named = {table.name for table in books.tables}
    if any(row.key == request.key and row.table in named for row in books.rows):
        return True
    if booking and any(booking.slot in asked.days.values() for asked in books.series):
        return True
    wished = {asked.key for asked in books.wishes}
    return any(
        offer.booking == request.booking
        for wish in books.portal_wishes
        if wish.key in wished
        for offer in wish.offers
    )


def cancelled(books: Books) -> set[int]:
    """Return the bookings that went with dates of series that were given up."""
    given_up = {asked.key: asked.given_up for asked in books.series}
    return {
        row.booking
        for row in books.dates
        if row.booking and row.state == "cancelled" and row.day in given_up.get(row.series, ())
    }


def _tables(books: Books) -> Iterator[str]:
    kept: defaultdict[str, list[PortalRow]] = defaultdict(list)
    for row in books.rows:
        kept[row.table].append(row)
        if not row.is_sent and row.booking:
            yield f"A row of {row.table} has booking {row.booking}, and the table was not sent."
    for asked in books.tables:
        rows = kept.pop(asked.name, [])
        if asked.outcome == "returned" and any(row.is_sent for row in rows):
            yield f"{asked.name} was returned ({asked.said}), and yet it was sent."
        if asked.outcome == "taken":
            yield from _table(asked, [row for row in rows if row.is_sent], books)
    yield from (f"Nobody sent {name}." for name, rows in kept.items() if rows[0].is_sent)


def _table(asked: AskedTable, rows: list[PortalRow], books: Books) -> Iterator[str]:
    bookings = books.by_number()
    for number, slot in enumerate(asked.lines):
        line = f"Line {number} of {asked.name}"
        ours = [row for row in rows if row.slot == slot]
        if number in asked.sent and not ours:
            yield f"{line} was sent, and there is no row of it."
        if sum(row.state == "asked" for row in ours) > 1:
            yield f"{line} was asked for more than once."
        for row in ours:
            booking = bookings.get(row.booking or 0)
            if row.state == "asked" and (booking is None or booking.slot != slot):
                # Somebody may have changed a booking that is the same as another table's.
                if booking is None or not row.problem:
                    yield f"{line} was asked for, and has another booking ({row.booking})."
            elif row.state == "refused" and not row.problem:
                yield f"{line} was not asked for, and nothing says why."
            elif row.state not in {"asked", "refused"}:
                yield f"{line} is {row.state} in a table that was sent."
    strange = [row for row in rows if row.slot not in asked.lines]
    if strange:
        yield f"{asked.name} has {len(strange)} rows that are no line of it."


def _series(books: Books) -> Iterator[str]:
    kept: defaultdict[object, list[PortalDate]] = defaultdict(list)
    for row in books.dates:
        kept[row.series].append(row)
    for asked in books.series:
        rows = kept.pop(asked.key, [])
        if asked.outcome == "returned" and rows:
            yield f"Series {asked.key} was returned ({asked.said}), and yet it is there."
        if asked.outcome == "taken":
            yield from _one_series(asked, rows, books)
    yield from (f"Nobody asked for series {key}." for key in kept)


def _one_series(asked: AskedSeries, rows: list[PortalDate], books: Books) -> Iterator[str]:
    name = f"Series {asked.key}"
    days = Counter(row.day for row in rows)
    if set(days) != set(asked.days) or len(days) != len(rows):
        yield f"{name} has {len(rows)} dates, and {len(asked.days)} were asked for."
    standing = Counter(booking.slot for booking in books.bookings if booking.status in HELD)
    bookings = books.by_number()
    for row in rows:
        date, slot = f"{row.day} of {name}", asked.days.get(row.day)
        booking = bookings.get(row.booking or 0)
        if row.state == "asked" and (booking is None or booking.slot != slot):
            yield f"{date} was asked for, and has another booking ({row.booking})."
        elif row.state == "waiting" and not row.is_beyond:
            yield f"{date} could be asked for, and was not."
        elif row.state in {"not-free", "excluded"} and not row.problem:
            yield f"{date} is {row.state}, and nothing says why."
        elif row.state == "cancelled" and row.day not in asked.given_up:
            yield f"Nobody gave up {date}."
        if row.day in asked.given_up and row.state != "cancelled" and not row.problem:
            yield f"{date} was given up, and is {row.state}."
        if slot and standing[slot] > 1:
            yield f"{date} is booked {standing[slot]} times."


def _wishes(books: Books) -> Iterator[str]:
    kept: defaultdict[object, list[PortalWish]] = defaultdict(list)
    for wish in books.portal_wishes:
        kept[wish.key].append(wish)
    for asked in books.wishes:
        wishes = kept.pop(asked.key, [])
        name = f"Wish {asked.key}"
        if asked.outcome == "returned" and wishes:
            yield f"{name} was returned ({asked.said}), and yet it is there."
        elif asked.outcome == "taken" and len(wishes) != 1:
            yield f"{name} was taken, and is there {len(wishes)} times."
        for wish in wishes:
            yield from (f"{name} ({wish.state}) {what}" for what in _wish(asked, wish, books))
    yield from (f"Nobody asked for wish {key}." for key in kept)


def _wish(asked: AskedWish, wish: PortalWish, books: Books) -> Iterator[str]:
    bookings = books.by_number()
    ours = {offer.booking for offer in wish.offers if offer.booking}
    standing = [pk for pk in ours if pk in bookings and bookings[pk].status in HELD]
    gone = books.cancelled
    opened = [offer for offer in wish.offers if offer.state == "open"]
    if len(standing) > 1:
        yield f"has {len(standing)} bookings."
    if asked.took and asked.took not in ours:
        yield f"does not know booking {asked.took}, which was shown."
    for pk in standing:
        if not _would_do(asked, bookings[pk].slot):
            yield f"has booking {pk}, which is not what was wanted."
    if wish.state == "fulfilled" and not (standing or wish.booking in gone):
        yield "has no booking that stands."
    elif wish.state == "asked":
        yield "still waits for the operator's decision."
    elif wish.state == "offered" and len(opened) != 1:
        yield f"has {len(opened)} open offers."
    elif wish.state == "waiting" and opened:
        yield "has an open offer."
    elif wish.state == "waiting" and could_be_had(asked, wish, books):
        yield "waits for what is free."
    elif wish.state == "ended" and not wish.note:
        yield "ended before its time, and nothing says why."
    elif wish.state == "cancelled" and not ours & gone:
        yield "was cancelled by nobody."
    if wish.state in {"waiting", "offered", "ended", "cancelled"} and standing:
        yield f"has booking {standing[0]} all the same."


def _would_do(asked: AskedWish, slot: Slot) -> bool:
    within = asked.within
    return (
        (slot.user, slot.evse) == (within.user, within.evse)
        and within.start_at <= slot.start_at
        and slot.end_at <= within.end_at
        and slot.end_at - slot.start_at == asked.length
    )


def could_be_had(asked: AskedWish, wish: PortalWish, books: Books) -> bool:
    """Return whether driver and charger are both free for long enough within the window.

    What was refused or let pass is not offered again.
    """
    within = asked.within
    taken: list[Slot] = [each.slot for each in books.operator_bookings if each.status in HELD]
    taken += [each.slot for each in books.bookings if each.status in {*HELD, "requested"}]
    taken += [o.slot for each in books.portal_wishes for o in each.offers if o.state == "open"]
    times: list[Times] = [
        (slot.start_at, slot.end_at)
        for slot in taken
        if slot.evse == within.evse or slot.user == within.user
    ]
    times += [
        (offer.slot.start_at, offer.slot.end_at)
        for offer in wish.offers
        if offer.state in {"refused", "let-pass"}
    ]
    return any(gap >= asked.length for gap in _gaps(times, within=(within.start_at, within.end_at)))


def _gaps(taken: Iterable[Times], *, within: Times) -> Iterator[timedelta]:
    free_since, until = within
    for start_at, end_at in sorted(taken):
        yield min(start_at, until) - free_since
        free_since = max(free_since, end_at)
    yield until - free_since
