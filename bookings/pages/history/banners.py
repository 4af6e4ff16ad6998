"""What a booking's page says besides its status: what is asked for or refused, how a move went."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _

from bookings.models import Actor, Booking, BookingEvent, BookingRequest
from bookings.pages.history.record import HistoryRecord, when_settled
from bookings.wording.attention import TROUBLES, last_troubles, reported, trouble_text
from bookings.wording.history import OCCURRENCES, OPENED_BY, who_did
from bookings.wording.versions import Difference, differences_asked

Kind = BookingRequest.Kind
Status = BookingRequest.Status
What = BookingEvent.What
OpenChange = Booking.OpenChange


@dataclass(frozen=True, slots=True)
class Banner:
    """Something to know about a booking: a sentence, what belongs to it, and what follows from it.

    `key` tells one kind from another, `warns` that somebody should do something. `words` are the
    operator's own, `other` the booking that it leads to.
    """

    key: str
    text: str
    warns: bool = False
    differences: tuple[Difference, ...] = ()
    details: tuple[str, ...] = ()
    words: str = ""
    after: str = ""
    other: Booking | None = None


def banners_of(record: HistoryRecord, *, now: datetime) -> list[Banner]:
    """Return what a booking's page says besides its status, what is most pressing first."""
    found = [
        _open_change(record),
        _reported(record, now=now),
        _unnamed(record, now=now),
        _refused(record, now=now),
        _ended_move(record, now=now),
        _replacing(record, now=now),
        _moved_away(record),
        *_troubles(record, now=now),
    ]
    return [banner for banner in found if banner]


def who_asked(request: BookingRequest) -> str:
    return who_did(request.asked_by, request.created_by, request.driver)


def _open_change(record: HistoryRecord) -> Banner | None:
    change = record.booking.open_change
    if not change:
        return None
    request, other, who = record.open_request, None, ""
    occurrence = OCCURRENCES[OPENED_BY[change]]
    if change == OpenChange.WITHDRAW:
        # What is undecided besides is the booking itself, of which its status tells.
        request, event = None, record.last_event(What.WITHDRAWAL_ASKED)
        who = who_did(event.actor, event.user, event.driver) if event else ""
    elif change == OpenChange.MOVE:
        request = record.moves[-1] if record.moves else None
        other = request.booking if request else None
    elif change == OpenChange.CANCEL and request:
        other = record.move_behind(request)
        occurrence = OCCURRENCES["replaced"] if other else occurrence
    if request:
        who = who_asked(request)
    text = str(occurrence.banner if who else occurrence.unsigned)
    return Banner(
        "open-change",
        text % {"who": who, "number": other.pk if other else 0},
        differences=differences_asked(request, zone=record.booking.zone) if request else (),
        details=_delay(request) if request else (),
        after=str(occurrence.after),
        other=other,
    )


def _reported(record: HistoryRecord, *, now: datetime) -> Banner | None:
    """What the driver found at the charger, as long as the booking goes on there."""
    event = record.last_event(What.CHARGER_REPORTED)
    booking = record.booking
    over = booking.status not in Booking.GOES_AHEAD or booking.is_past(now)
    if event is None or over or event.driver_id != booking.driver_id:
        return None
    occurrence, report = OCCURRENCES[event.what], record.reports.get(event.pk)
    said = report.message if report else ""
    words = {
        "who": who_did(event.actor, event.user, event.driver),
        "reported": reported(event),
    }
    return Banner(
        What.CHARGER_REPORTED,
        str(occurrence.banner) % words,
        warns=True,
        details=(_("“%(message)s”") % {"message": said},) if said else (),
        after=str(occurrence.after),
    )


def _delay(request: BookingRequest) -> tuple[str, ...]:
    if request.trouble:
        return (request.delay_text,)
    if request.status == Status.STALE:
        return (
            _(
                "The operator has not decided for a long time. The portal keeps asking; you may "
                "want to call the operator."
            ),
        )
    return ()


def _unnamed(record: HistoryRecord, *, now: datetime) -> Banner | None:
    booking = record.booking
    named = booking.ampeco_booking_id is not None
    if named or not booking.is_confirmed or not _matters_still(booking, now=now):
        return None
    return Banner(
        "unnamed",
        _("The operator has approved this booking but has not said its number yet."),
        after=_("The portal keeps asking. The booking can be changed once the number is known."),
    )


def _matters_still(booking: Booking, *, now: datetime) -> bool:
    return booking.holds_a_place and not booking.open_change and not booking.is_past(now)


def _refused(record: HistoryRecord, *, now: datetime) -> Banner | None:
    request = record.latest
    if request is None or request.kind == Kind.CREATE or not request.is_refused:
        return None
    move = record.last_event(What.MOVE_ASKED)
    if not _matters_still(record.booking, now=now) or (move and move.at > when_settled(request)):
        return None
    other = record.move_behind(request)
    if other is not None:
        text = _("Booking %(number)d was approved in its place, but this one was not cancelled.")
        return _both_stand(text % {"number": other.pk}, request, other)
    occurrence = OCCURRENCES[request.kind, request.status]
    return Banner(
        "refused",
        str(occurrence.banner) % {"who": who_asked(request)},
        warns=True,
        differences=differences_asked(request, zone=record.booking.zone),
        details=_failure(request),
        words=request.rejection_reason,
        after=str(occurrence.after),
    )


def _failure(request: BookingRequest) -> tuple[str, ...]:
    """Return why a request was never asked for, or that the operator gave no reason."""
    if request.status == Status.FAILED:
        return tuple(filter(None, [str(request.get_failure_display())]))
    return () if request.rejection_reason else (_("The operator gave no reason."),)


def _both_stand(text: str, cancellation: BookingRequest, other: Booking) -> Banner:
    return Banner(
        "both-stand",
        text,
        warns=True,
        details=_failure(cancellation),
        words=cancellation.rejection_reason,
        other=other,
        after=_("Both bookings are valid. Cancel the one you do not need, or call the operator."),
    )


def _ended_move(record: HistoryRecord, *, now: datetime) -> Banner | None:
    event = record.last_event(What.MOVE_ASKED, What.MOVE_ENDED)
    if event is None or event.what != What.MOVE_ENDED:
        return None
    later = record.latest is not None and when_settled(record.latest) > event.at
    if later or not _matters_still(record.booking, now=now):
        return None
    occurrence = OCCURRENCES[event.what]
    by_operator = event.actor == Actor.OPERATOR
    return Banner(
        "move-ended",
        str(occurrence.banner),
        warns=True,
        details=() if by_operator or not event.note else (event.note,),
        words=event.note if by_operator else "",
        other=record.moves[-1].booking if record.moves else None,
        after=str(occurrence.after),
    )


def _troubles(record: HistoryRecord, *, now: datetime) -> Iterator[Banner]:
    """Yield what is wrong besides; that a mail did not arrive, until it is marked as done."""
    booking = record.booking
    found = last_troubles(record.events)
    for event in sorted(found, key=lambda each: TROUBLES.index(What(each.what))):
        matters = booking.is_confirmed and not booking.is_past(now)
        if event.what == What.UNDELIVERED:
            matters = booking.needs_attention
        if matters and (text := trouble_text(event, booking)):
            after = str(OCCURRENCES[event.what].after)
            yield Banner(event.what, text, warns=True, after=after)


def wants_another_place(record: HistoryRecord, *, now: datetime) -> bool:
    """Return whether a booking that still stands has lost its charger, or the charger its site.

    So it has as long as planned downtime is in the way.
    """
    lost = {What.PLACE_GONE, What.PLACE_MOVED, What.DOWNTIME}
    return record.booking.can_change(now) and any(
        banner.key in lost for banner in _troubles(record, now=now)
    )


def _moved_away(record: HistoryRecord) -> Banner | None:
    other = moved_to(record)
    if other is None:
        return None
    return Banner("moved", _("Moved to booking %(number)d.") % {"number": other.pk}, other=other)


def moved_to(record: HistoryRecord) -> Booking | None:
    cancellation = record.cancellation
    if record.booking.status != Booking.Status.CANCELLED or cancellation is None:
        return None
    return record.move_behind(cancellation) if cancellation.status == Status.APPROVED else None


def _replacing(record: HistoryRecord, *, now: datetime) -> Banner | None:
    booking, old = record.booking, record.replaced
    if old is None:
        return None
    cancellation = record.cancellation_of_replaced()
    if booking.status == Booking.Status.REQUESTED:
        text = _("Replaces booking %(number)d, which will be cancelled once this one is approved.")
        if booking.open_change or old.open_change != OpenChange.MOVE:
            text = _("Was meant to replace booking %(number)d, which stays as it is.")
    elif cancellation is None and old.holds_a_place:
        text = _("Was meant to replace booking %(number)d, which stays as it was.")
    elif cancellation is None:
        text = _("Was meant to replace booking %(number)d (%(status)s).")
    elif cancellation.is_refused and old.holds_a_place and not old.is_past(now):
        text = _("Replaces booking %(number)d.")
        if booking.holds_a_place and not old.open_change:
            text = _("Replaces booking %(number)d, but that one was not cancelled.")
            return _both_stand(text % {"number": old.pk}, cancellation, old)
    elif old.status == Booking.Status.CANCELLED:
        text = _("Replaces booking %(number)d, which is cancelled.")
    elif not cancellation.is_settled:
        text = _("Replaces booking %(number)d. The cancellation of that one is on the way.")
    else:
        text = _("Replaces booking %(number)d (%(status)s).")
    words = {"number": old.pk, "status": old.get_status_display()}
    return Banner("replaces", text % words, other=old)
