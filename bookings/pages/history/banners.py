"""What a booking's page says besides its status: what is asked for or refused, how a move went."""

from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _

from bookings.models import Actor, Booking, BookingEvent, BookingRequest
from bookings.pages.history.record import Dossier, when_settled
from bookings.wording.differences import Difference, differences_asked
from bookings.wording.people import who_did

Kind = BookingRequest.Kind
Status = BookingRequest.Status
What = BookingEvent.What
OpenChange = Booking.OpenChange


@dataclass(frozen=True, slots=True)
class Notice:
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


def notices_of(dossier: Dossier, *, now: datetime) -> list[Notice]:
    """Return what a booking's page says besides its status, what is most pressing first."""
    found = [
        _asked_for(dossier),
        _refused_request(dossier, now=now),
        _ended_move(dossier, now=now),
        _replacing(dossier, now=now),
        _moved_away(dossier),
    ]
    return [notice for notice in found if notice]


# What is asked for and undecided


def _asked_for(dossier: Dossier) -> Notice | None:
    match dossier.booking.open_change:
        case OpenChange.UPDATE:
            return _asked_change(dossier)
        case OpenChange.CANCEL:
            return _asked_cancellation(dossier)
        case OpenChange.MOVE:
            return _asked_move(dossier)
        case OpenChange.WITHDRAW:
            event = dossier.last_event(What.WITHDRAWAL_ASKED)
            who = who_did(event.actor, event.user, event.driver) if event else _("the portal")
            return Notice(
                "open-change",
                _("Cancellation requested by %(who)s.") % {"who": who},
                after=_(
                    "The operator has not decided about this booking yet. If it is approved, the "
                    "portal asks for its cancellation at once."
                ),
            )
    return None


def _asked_change(dossier: Dossier) -> Notice:
    request = dossier.open_request
    stays = _("Until the operator decides, the booking stays as it is.")
    if request is None:
        return Notice("open-change", _("A change has been requested."), after=stays)
    return Notice(
        "open-change",
        _("Change requested by %(who)s:") % {"who": who_asked(request)},
        differences=differences_asked(request, zone=dossier.booking.zone),
        details=_delay(request),
        after=stays,
    )


def _asked_cancellation(dossier: Dossier) -> Notice:
    request = dossier.open_request
    stands = _("Until the operator decides, the booking stands.")
    if request is None:
        return Notice("open-change", _("A cancellation has been requested."), after=stands)
    other = dossier.move_behind(request)
    if other is not None:
        text = _("Booking %(number)d takes its place. The cancellation of this one is on the way.")
        return Notice(
            "open-change",
            text % {"number": other.pk},
            details=_delay(request),
            other=other,
            after=stands,
        )
    return Notice(
        "open-change",
        _("Cancellation requested by %(who)s.") % {"who": who_asked(request)},
        details=_delay(request),
        after=stands,
    )


def _asked_move(dossier: Dossier) -> Notice:
    stays = _("This booking is cancelled only after the new one is approved.")
    if not dossier.moves:
        return Notice("open-change", _("A move to another place has been requested."), after=stays)
    move = dossier.moves[-1]
    text = _("Move requested by %(who)s: see booking %(number)d.")
    return Notice(
        "open-change",
        text % {"who": who_asked(move), "number": move.booking_id},
        details=_delay(move),
        other=move.booking,
        after=stays,
    )


def _delay(request: BookingRequest) -> tuple[str, ...]:
    """Return why an undecided request is not getting on, if there is a reason to tell."""
    if request.trouble:
        return (str(request.get_trouble_display()),)
    if request.status == Status.STALE:
        return (
            _(
                "The operator has not decided for a long time. The portal keeps asking; you may "
                "want to call the operator."
            ),
        )
    return ()


def who_asked(request: BookingRequest) -> str:
    """Return who asked for a request, as the middle of a sentence names them."""
    return who_did(request.asked_by, request.created_by, request.driver)


# What was refused


def _refused_request(dossier: Dossier, *, now: datetime) -> Notice | None:
    """Return that the latest change or cancellation was refused, as long as that matters."""
    booking, request = dossier.booking, dossier.latest
    if request is None or request.kind == Kind.CREATE or not request.is_refused:
        return None
    if not booking.holds_a_place or booking.open_change or booking.is_past(now):
        return None
    asked = dossier.last_event(What.MOVE_ASKED)
    if asked and asked.at > when_settled(request):
        return None
    if request.kind == Kind.UPDATE:
        return _refused_change(request, dossier)
    other = dossier.move_behind(request)
    if other is not None:
        return Notice(
            "both-stand",
            _("Booking %(number)d was approved in its place, but this one was not cancelled.")
            % {"number": other.pk},
            warns=True,
            details=_failure(request),
            words=request.rejection_reason,
            other=other,
            after=_both_stand(),
        )
    refused = _("The operator refused the cancellation requested by %(who)s.")
    failed = _("The cancellation requested by %(who)s could not be asked for.")
    text = refused if request.status == Status.REJECTED else failed
    return Notice(
        "refused",
        text % {"who": who_asked(request)},
        warns=True,
        details=_failure(request),
        words=request.rejection_reason,
        after=_("The booking stands."),
    )


def _refused_change(request: BookingRequest, dossier: Dossier) -> Notice:
    refused = _("The operator refused the change requested by %(who)s:")
    failed = _("The change requested by %(who)s could not be asked for:")
    text = refused if request.status == Status.REJECTED else failed
    return Notice(
        "refused",
        text % {"who": who_asked(request)},
        warns=True,
        differences=differences_asked(request, zone=dossier.booking.zone),
        details=_failure(request),
        words=request.rejection_reason,
        after=_("The booking stays as it was."),
    )


def _failure(request: BookingRequest) -> tuple[str, ...]:
    """Return why a request was never asked for, or that the operator gave no reason."""
    if request.status == Status.FAILED:
        return tuple(filter(None, [str(request.get_failure_display())]))
    return () if request.rejection_reason else (_("The operator gave no reason."),)


def _both_stand() -> str:
    return _("Both bookings stand. Cancel the one that is not needed, or call the operator.")


# Moves


def _ended_move(dossier: Dossier, *, now: datetime) -> Notice | None:
    """Return on the old booking's page that the latest move came to nothing."""
    booking = dossier.booking
    event = dossier.last_event(What.MOVE_ASKED, What.MOVE_ENDED)
    if event is None or event.what != What.MOVE_ENDED:
        return None
    later = dossier.latest is not None and when_settled(dossier.latest) > event.at
    if not booking.holds_a_place or booking.open_change or booking.is_past(now) or later:
        return None
    by_operator = event.actor == Actor.OPERATOR
    return Notice(
        "move-ended",
        _("The move did not work."),
        warns=True,
        details=() if by_operator or not event.note else (event.note,),
        words=event.note if by_operator else "",
        other=dossier.moves[-1].booking if dossier.moves else None,
        after=_("This booking stays as it was."),
    )


def _moved_away(dossier: Dossier) -> Notice | None:
    """Return on the old booking's page that another one has taken its place."""
    other = moved_to(dossier)
    if other is None:
        return None
    return Notice("moved", _("Moved to booking %(number)d.") % {"number": other.pk}, other=other)


def moved_to(dossier: Dossier) -> Booking | None:
    """Return the booking that has taken the place of this one, which is cancelled."""
    cancellation = dossier.cancellation
    if dossier.booking.status != Booking.Status.CANCELLED or cancellation is None:
        return None
    return dossier.move_behind(cancellation) if cancellation.status == Status.APPROVED else None


def _replacing(dossier: Dossier, *, now: datetime) -> Notice | None:
    """Return on the new booking's page what becomes of the one that it replaces."""
    booking, old = dossier.booking, dossier.replaced
    if old is None:
        return None
    words = {"number": old.pk, "status": old.get_status_display()}
    if booking.status == Booking.Status.REQUESTED:
        text = _("Replaces booking %(number)d, which is cancelled once this one is approved.")
        if booking.open_change or old.open_change != OpenChange.MOVE:
            text = _("Was to replace booking %(number)d, which stays as it is.")
        return Notice("replaces", text % words, other=old)
    cancellation = dossier.cancellation_of_replaced()
    if cancellation is None:
        text = (
            _("Was to replace booking %(number)d, which stays as it was.")
            if old.holds_a_place
            else _("Was to replace booking %(number)d (%(status)s).")
        )
        return Notice("replaces", text % words, other=old)
    if not cancellation.is_refused or not old.holds_a_place or old.is_past(now):
        return Notice("replaces", _now_replaced(old, cancellation) % words, other=old)
    if old.open_change or not booking.holds_a_place:
        return Notice("replaces", _("Replaces booking %(number)d.") % words, other=old)
    return Notice(
        "both-stand",
        _("Replaces booking %(number)d, but that one was not cancelled.") % words,
        warns=True,
        details=_failure(cancellation),
        words=cancellation.rejection_reason,
        other=old,
        after=_both_stand(),
    )


def _now_replaced(old: Booking, cancellation: BookingRequest) -> str:
    if old.status == Booking.Status.CANCELLED:
        return _("Replaces booking %(number)d, which is cancelled.")
    if not cancellation.is_settled:
        return _("Replaces booking %(number)d. The cancellation of that one is on the way.")
    return _("Replaces booking %(number)d (%(status)s).")
