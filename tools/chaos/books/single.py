"""What the books disagree on about requests, bookings and mails, whoever asked for them."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator

from tools.chaos.books import many
from tools.chaos.books.kept import HELD, Books, OperatorRequest, Slot

SETTLED = frozenset({"approved", "rejected", "failed"})
# Which mail a request calls for, by its kind and how it was settled.
MAIL_OF = {
    ("create", "approved"): "approved",
    ("create", "rejected"): "rejected",
    ("create", "failed"): "not-placed",
    ("update", "approved"): "changed",
    ("cancel", "approved"): "cancelled",
}


def differences(books: Books) -> list[str]:
    """Return what the books disagree on, a sentence each; empty when all is well."""
    return [
        *_asked_and_kept(books),
        *many.differences(books),
        *_as_asked(books),
        *_open(books),
        *_requests_upstream(books),
        *_bookings_upstream(books),
        *_cancellations(books),
        *_mails(books),
    ]


def repeated_mails(books: Books) -> int:
    """Return how many mails came again under their Message-ID.

    The one thing that nobody can rule out: the mail server has taken the mail, and we die or are
    cut off before we have heard or noted it.
    """
    return sum(times - 1 for times in Counter(mail.message_id for mail in books.mails).values())


def _asked_and_kept(books: Books) -> Iterator[str]:
    kept = {request.key: request for request in books.requests}
    asked = {each.key for each in books.asked}
    for each in books.asked:
        request = kept.get(each.key)
        if each.outcome == "taken" and request is None:
            yield f"{each.kind} {each.key} was taken, and there is no row of it."
        elif each.outcome == "taken" and request and request.booking != each.booking:
            yield f"{each.kind} {each.key} is of another booking than the one that was shown."
        elif each.outcome == "returned" and request is not None:
            yield f"{each.kind} {each.key} was returned ({each.said}), and yet there is a row."
    for request in books.requests:
        by_many = request.kind == "create" and many.is_wanted(books, request)
        if request.kind != "cancel" and request.key not in asked and not by_many:
            yield f"Nobody asked for request {request.pk} ({request.kind})."


def _as_asked(books: Books) -> Iterator[str]:
    asked = {each.key: each.slot for each in books.asked}
    wanted: dict[int, Slot] = {}
    for request in books.requests:
        if request.key in asked and (request.kind == "create" or request.status == "approved"):
            wanted[request.booking] = asked[request.key]
    for booking in books.bookings:
        slot = wanted.get(booking.pk)
        if slot is not None and slot != booking.slot:
            yield f"Booking {booking.pk} is {booking.slot}, and {slot} was asked for."


def _open(books: Books) -> Iterator[str]:
    for request in books.requests:
        if request.status not in SETTLED:
            yield f"Request {request.pk} ({request.kind}) is still {request.status}."
    for booking in books.bookings:
        if booking.open_change:
            yield f"Booking {booking.pk} still waits for its change ({booking.open_change})."


def _requests_upstream(books: Books) -> Iterator[str]:
    there: defaultdict[str, list[OperatorRequest]] = defaultdict(list)
    for upstream in books.operator_requests:
        there[upstream.external_id].append(upstream)
    for request in books.requests:
        twins = there.pop(str(request.external_id), [])
        name = f"Request {request.pk} ({request.kind}, {request.status})"
        if request.status == "failed":
            if any(twin.status == "approved" for twin in twins):
                yield f"{name} is approved at the operator's."
            continue
        if len(twins) != 1:
            yield f"{name} is {len(twins)} times at the operator's."
        for twin in twins:
            if twin.status != request.status:
                yield f"{name} is {twin.status} at the operator's."
            if len(twins) == 1 and twin.pk != request.ampeco_id:
                yield f"{name} has number {request.ampeco_id}, at the operator's {twin.pk}."
    for external_id, strangers in there.items():
        yield f"The operator has {len(strangers)} requests that are not ours ({external_id})."


def _bookings_upstream(books: Books) -> Iterator[str]:
    """Compare bookings: one for each that was approved, none for the others, all alike."""
    there = {booking.pk: booking for booking in books.operator_bookings}
    approved = {
        request.booking
        for request in books.requests
        if request.kind == "create" and request.status == "approved"
    }
    ours: Counter[int] = Counter()
    for booking in books.bookings:
        name = f"Booking {booking.pk} ({booking.status})"
        if booking.pk not in approved:
            if booking.ampeco_id is not None:
                yield f"{name} has a number of the operator's without having been approved."
            continue
        upstream = there.get(booking.ampeco_id or 0)
        if upstream is None:
            yield f"{name} is not at the operator's."
            continue
        ours[upstream.pk] += 1
        if upstream.status != booking.status:
            yield f"{name} is {upstream.status} at the operator's."
        if upstream.slot != booking.slot:
            yield f"{name} is {booking.slot}, at the operator's {upstream.slot}."
    yield from (
        f"The operator's booking {pk} is ours {n} times." for pk, n in ours.items() if n > 1
    )
    for pk in there.keys() - ours.keys():
        yield f"The operator holds booking {pk}, which the portal does not know as approved."
    held = Counter(each.slot for each in books.operator_bookings if each.status in HELD)
    yield from (f"{slot} is held {n} times." for slot, n in held.items() if n > 1)


def _cancellations(books: Books) -> Iterator[str]:
    refused = {
        request.booking
        for request in books.requests
        if request.kind == "cancel" and request.status != "approved"
    }
    gone = books.cancelled | moved(books) | many.cancelled(books)
    for booking in books.bookings:
        stands = booking.status in HELD
        if booking.pk in gone and stands and booking.pk not in refused:
            yield f"Booking {booking.pk} was cancelled by its fleet, and stands."
        if booking.pk not in gone and booking.status == "cancelled":
            yield f"Nobody cancelled booking {booking.pk}."


def moved(books: Books) -> set[int]:
    """Return the bookings that another one has replaced: it is approved, and was to stay."""
    settled = {request.key: request for request in books.requests}
    return {
        each.replaces
        for each in books.asked
        if each.replaces is not None
        and (request := settled.get(each.key)) is not None
        and request.status == "approved"
        and request.booking not in books.cancelled
    }


def _mails(books: Books) -> Iterator[str]:
    arrived: defaultdict[str, set[str]] = defaultdict(set)
    for mail in books.mails:
        arrived[mail.message_id].add(mail.to)
    told: Counter[tuple[object, ...]] = Counter()
    for row in books.notifications:
        recipients = arrived.pop(row.message_id, set())
        if row.state == "sent":
            told[(*row.about, row.to)] += 1
            if recipients != {row.to}:
                yield f"The mail {row.about} to {row.to} has come to {sorted(recipients)}."
        elif row.state == "perhaps sent":
            # The portal says that it cannot know.
            if recipients - {row.to}:
                yield f"The mail {row.about} to {row.to} has come to {sorted(recipients)}."
        elif row.state != "dropped" or recipients:
            came_to = sorted(recipients)
            yield f"The mail {row.about} to {row.to} is {row.state}; it came to {came_to}."
    yield from (f"{what} was told {n} times." for what, n in told.items() if n > 1)
    yield from (f"A mail came that nobody wrote ({each})." for each in arrived)
    yield from _untold(
        books, {row.about[1:] for row in books.notifications if row.about[0] == "request"}
    )


def _untold(books: Books, told: Iterable[tuple[int, str]]) -> Iterator[str]:
    """Yield the settled requests of which nobody was to be told.

    Who cancels a booking before it is decided knows, and nobody else had heard of it.
    """
    told, gone = set(told), books.cancelled | many.cancelled(books)
    for request in books.requests:
        mail = MAIL_OF.get((request.kind, request.status))
        if mail is None or (request.pk, mail) in told:
            continue
        if request.kind == "cancel" or request.booking not in gone:
            yield f"Nobody was told that request {request.pk} ({request.kind}) is {request.status}."
