"""Sends the mails that are planned: `notifications.recipients` decides who is told what.

A mail is a row before it is a mail. The row is written in the transaction in which the thing that
it tells happens, so nobody is told of what did not happen and nothing that happened goes untold; a
worker sends it afterwards.

Mails are taken by the batch, and each by itself is noted before and after it goes.

How often a mail goes out: once, as long as the worker lives and the server says that it took it.
SMTP cannot be part of a transaction, so a worker that dies before it has noted the server's
“250 OK”, or a server whose OK does not come, leaves it open whether the mail went. The row says so
(`doubts`, written before the mail is handed over), and the mail goes out again, rather than perhaps
never, but seldom and not more than MOST_DOUBTS times in all. The repetition carries the same
Message-ID, by which most mail servers and programs recognise and drop it, and the same calendar
UID, so that it adds no second entry.

What one person is told of one booking goes out in the order in which it happened, and not at all
once it is no longer true.
"""

import logging
import math
import random
import threading
import uuid
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager, nullcontext, suppress
from datetime import datetime, timedelta

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.mail import get_connection
from django.core.mail.backends.base import BaseEmailBackend
from django.core.validators import validate_email
from django.db import DatabaseError, transaction
from django.db.models import F, Prefetch, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from bookings.models import Booking, BookingEvent, BookingRequest
from bookings.state.booking import note_trouble, tell_change
from mirror.work import reconnect_if_broken, take_due, wake_on_commit
from notifications.compose import compose
from notifications.kinds import MAILS
from notifications.models import Notification
from notifications.queue import SEND, first_ready, queued
from notifications.smtp import Unconfirmed, is_refused_for_good, problem_of
from telemetry.measures import MAILS as MAILS_COUNTED

logger = logging.getLogger(__name__)

State = Notification.State

# Mails that are claimed together and sent one after the other.
BATCH = 40
# Longer than it takes until a batch is sent by a server that answers, and longer than it takes to
# hand over a single mail to one that uses EMAIL_TIMEOUT for each of its answers. For the answer to
# the whole of it the claim is prolonged. Where it runs out, others take what has not been begun.
LEASE_SECONDS = 180
# So many senders of a process may wait for their server at once; other work has the other threads.
_senders = threading.BoundedSemaphore(2)
FIRST_PAUSE_SECONDS = 15
LONGEST_PAUSE_SECONDS = 15 * 60
GIVE_UP_AFTER = timedelta(hours=24)
# How long to wait after an unknown outcome, the first, the second time. After the third there is
# no other attempt.
DOUBT_PAUSES = (timedelta(minutes=30), timedelta(hours=2))
MOST_DOUBTS = len(DOUBT_PAUSES) + 1
# So that a mail whose workers were away for a day is not given up at the first hiccup.
FEWEST_ATTEMPTS = 10

# Why a mail was dropped, or perhaps sent.
NO_LONGER_TRUE = gettext_noop("It was out of date by the time it could be sent.")
NOT_CONFIRMED = gettext_noop("The mail server did not confirm that it took the e-mail.")


class NoServer(Exception):
    """The mail server cannot be reached or refuses the log-in, so that no mail goes out."""


def deliver_due(*, limit: int = 200, seconds: float = math.inf, now: datetime | None = None) -> int:
    """Send the mails that are due over one SMTP connection; return how many went out.

    They are claimed by the batch, so any number of senders may run at once. A mail that cannot be
    sent is put off and the next one tried; a mail server that cannot be reached or refuses the
    log-in ends the round, since the others would meet the same. So do the `seconds` that it may
    take, and a worker is woken to go on; that is done with each full batch too, for servers that
    take their time. Nothing happens while as many senders of this process as may are at it.
    """
    tried = sent = 0
    with _sender() as connection:
        if connection is None:
            return 0
        due = take_due(
            SEND,
            due=queued,
            find=first_ready,
            read=_read,
            batch=min(BATCH, limit),
            lease_seconds=LEASE_SECONDS,
            seconds=seconds,
            now=now,
        )
        with closing(due):
            for notification in due:
                sent += _send(notification, connection=connection, now=now) == State.SENT
                tried += 1
                if tried >= limit:
                    break
    return sent


def send_again(keys: Iterable[int], *, now: datetime | None = None) -> int:
    """Let mails that were given up, or perhaps sent, be tried anew; return how many.

    They keep their Message-ID.
    """
    ended = Notification.objects.filter(
        pk__in=list(keys), state__in=[State.GIVEN_UP, State.PERHAPS_SENT]
    )
    again = ended.update(
        state=State.QUEUED,
        attempts=0,
        doubts=0,
        next_attempt_at=now or timezone.now(),
        problem="",
        lease_owner=None,
        lease_until=None,
    )
    if again:
        wake_on_commit(SEND)
    return again


# One mail


def _send(
    notification: Notification, *, connection: BaseEmailBackend, now: datetime | None
) -> State:
    """Send a claimed mail, unless it is not to be sent; return its state, as far as known.

    Raises NoServer once the row is put off.
    """
    at = now or timezone.now()
    is_obsolete = MAILS[Notification.Kind(notification.kind)].is_obsolete(notification, now=at)
    if notification.doubts >= MOST_DOUBTS or (notification.doubts and is_obsolete):
        return _record(notification, State.PERHAPS_SENT, problem=_(NOT_CONFIRMED))
    if is_obsolete:
        return _record(notification, State.DROPPED, problem=_(NO_LONGER_TRUE))
    try:
        validate_email(notification.recipient_email)
    except ValidationError:
        problem = _("E-mail cannot be sent to this address.")
        return _record(notification, State.GIVEN_UP, problem=problem)
    try:
        message = compose(notification)
    except (ValueError, TypeError, LookupError):
        logger.exception("Notification %s could not be written.", notification.pk)
        return _put_off(notification, problem=_("The e-mail could not be written."), now=now)
    try:
        connection.open()
    except OSError as error:  # SMTPException is one
        _put_off(notification, problem=problem_of(error), now=now)
        raise NoServer from error
    if not _note_hand_over(notification, now=at):
        return State.QUEUED
    try:
        connection.send_messages([message])
    except Unconfirmed:
        _close(connection)
        return _note_doubt(notification, now=now)
    except (OSError, ValueError) as error:
        # The state of the session is not known any more; the next mail gets a fresh one.
        _close(connection)
        if is_refused_for_good(error):
            return _record(notification, State.GIVEN_UP, problem=problem_of(error))
        return _put_off(notification, problem=problem_of(error), now=now)
    sent_at = now or timezone.now()
    return _record(notification, State.SENT, subject=message.subject[:255], sent_at=sent_at)


def _read(keys: list[int], owner: uuid.UUID) -> dict[int, Notification]:
    """Return claimed mails with all that is written in them, in the order given; few queries."""
    # Joined to all of it in one query, PostgreSQL plans for longer (0.1 s) than the mails take.
    bookings = Booking.objects.select_related(
        "fleet", "driver", "location", "evse__charge_point", "vehicle", "created_by"
    ).prefetch_related("evse__connectors", "driver__id_tags")
    replaced = Booking.objects.select_related("location", "evse__charge_point")
    requests = BookingRequest.objects.select_related(
        "driver", "previous_driver", "location", "evse__charge_point", "created_by"
    ).prefetch_related("evse__connectors")
    rows = (
        Notification.objects.filter(lease_owner=owner, state=State.QUEUED)
        .select_related("event", "recipient_user", "recipient_driver")
        .prefetch_related(
            Prefetch("booking", bookings),
            Prefetch("booking__replaces", replaced),
            Prefetch("request", requests),
        )
        .in_bulk(keys)
    )
    return {key: rows[key] for key in keys if key in rows}


def _note_hand_over(notification: Notification, *, now: datetime) -> bool:
    """Write on a row that from here on its mail has perhaps gone; return whether it is still ours.

    Whatever is recorded of a known outcome takes that back.
    """
    seconds = LEASE_SECONDS + settings.EMAIL_ANSWER_SECONDS
    return bool(
        _ours(notification).update(
            doubts=notification.doubts + 1, lease_until=now + timedelta(seconds=seconds)
        )
    )


def _ours(notification: Notification) -> QuerySet[Notification]:
    return Notification.objects.filter(
        pk=notification.pk, lease_owner=notification.lease_owner, state=State.QUEUED
    )


def _note_doubt(notification: Notification, *, now: datetime | None) -> State:
    """Record that a mail has perhaps gone: it is sent again later, a few times at most."""
    notification.doubts += 1
    problem = _(NOT_CONFIRMED)
    if notification.doubts >= MOST_DOUBTS:
        return _record(notification, State.PERHAPS_SENT, problem=problem)
    again = (now or timezone.now()) + DOUBT_PAUSES[notification.doubts - 1]
    return _record(notification, State.QUEUED, problem=problem, next_attempt_at=again)


def _put_off(notification: Notification, *, problem: str, now: datetime | None) -> State:
    at = now or timezone.now()
    attempts = notification.attempts + 1
    if at - notification.created_at >= GIVE_UP_AFTER and attempts >= FEWEST_ATTEMPTS:
        return _record(notification, State.GIVEN_UP, problem=problem)
    again = at + timedelta(seconds=pause_seconds(attempts))
    return _record(notification, State.QUEUED, problem=problem, next_attempt_at=again)


def pause_seconds(attempts: int) -> float:
    least = min(LONGEST_PAUSE_SECONDS / 1.25, FIRST_PAUSE_SECONDS * 2.0 ** min(attempts - 1, 10))
    return least * random.uniform(1, 1.25)  # noqa: S311


def _record(
    notification: Notification, state: State, *, problem: str = "", **changes: object
) -> State:
    """Record what became of a mail and give the row back, as long as our claim lies on it.

    Where the database was restarted while the mail server took its time, the connection is broken,
    which is no reason to send the mail again: it is recorded over a new one.
    """
    # The ids by which a mail's log lines are found; no address is one of them.
    fields = {
        "notification_id": notification.pk,
        "booking_id": notification.booking_id,
        "booking_request_id": notification.request_id,
        "kind": str(notification.kind),
    }
    changes |= {"state": state, "problem": problem, "doubts": notification.doubts}
    changes |= {"lease_owner": None, "lease_until": None}
    if state != State.DROPPED:
        changes["attempts"] = F("attempts") + 1
    ours = _ours(notification)
    given_up = state == State.GIVEN_UP
    try:
        with transaction.atomic() if given_up else nullcontext():
            recorded = ours.update(**changes)
            if given_up and recorded:
                _tell_the_fleet(notification)
    except DatabaseError:
        if state != State.SENT:
            raise
        text = "That notification %s was sent is recorded over a new connection."
        logger.warning(text, notification.pk, extra=fields)
        reconnect_if_broken()
        recorded = ours.update(**changes)
    if notification.booking is not None:
        tell_change(notification.booking)
    if state == State.SENT and not recorded:
        logger.warning("Notification %s was sent after its claim had run out.", notification.pk)
    match state:
        case State.SENT:
            logger.info("Notification %s was sent.", notification.pk, extra=fields)
        case State.DROPPED:
            text = "Notification %s is no longer true and is not sent."
            logger.info(text, notification.pk, extra=fields)
        case State.PERHAPS_SENT:
            text = "Notification %s was perhaps sent: %s"
            logger.error(text, notification.pk, problem, extra=fields)
        case State.GIVEN_UP:
            text = "Notification %s is given up: %s"
            logger.error(text, notification.pk, problem, extra=fields)
        case State.QUEUED:
            text = "Notification %s was not sent: %s"
            logger.warning(text, notification.pk, problem, extra=fields)
    outcome = "put-off" if state == State.QUEUED else str(state)
    MAILS_COUNTED.add(kind=notification.kind, outcome=outcome)
    return state


def _tell_the_fleet(notification: Notification) -> None:
    """Put a booking that is not over under “Needs attention”, once for each person not reached."""
    booking = notification.booking
    if booking is None:
        return
    user, driver = notification.recipient_user, notification.recipient_driver
    undelivered = BookingEvent.What.UNDELIVERED
    told = booking.events.filter(what=undelivered, user=user, driver=driver)
    if not booking.is_past() and not told.exists():
        note_trouble(booking, what=undelivered, user=user, driver=driver)


@contextmanager
def _sender() -> Iterator[BaseEmailBackend | None]:
    """Yield the way to the mail server; over SMTP one that knows when the outcome is unknown.

    None while as many senders of this process as may are at it. NoServer ends the block.
    """
    if not _senders.acquire(blocking=False):
        yield None
        return
    by_smtp = settings.EMAIL_BACKEND == "django.core.mail.backends.smtp.EmailBackend"
    try:
        connection = get_connection("notifications.smtp.EmailBackend" if by_smtp else None)
        try:
            yield connection
        except NoServer:
            pass
        finally:
            _close(connection)
    finally:
        _senders.release()


def _close(connection: BaseEmailBackend) -> None:
    # What cannot be closed any more is closed already.
    with suppress(OSError):
        connection.close()
