"""What the workers run: load nothing, decide nothing, call one function."""

import logging
from datetime import timedelta

from celery import shared_task
from django.conf import settings
from django.utils import timezone

from ampeco.connection import get_client, look_again
from bookings.state.moves import REFRESH, SUBMIT
from mirror.models import SyncRun
from mirror.runs import RunUnderWay, is_due_again
from mirror.work import note_awake
from sync import full_walk, losses, polling, refresh, sessions, submission

logger = logging.getLogger(__name__)

# How long a worker sends requests before others get their turn, so that much that is asked for at
# once keeps no poll waiting.
ROUND_SECONDS = 1.0


@shared_task
def submit_requests() -> None:
    """Send the queued requests that are due, since something has just become so.

    While calls are held back they say so: somebody has just asked, and looks at the page.
    """
    note_awake(SUBMIT)
    submission.submit_due(client=get_client(), seconds=ROUND_SECONDS, though_held_back=True)


@shared_task
def sweep_queued() -> None:
    """Send the queued requests that are due, and find out whether a silent operator answers again.

    It comes every few seconds, whether or not there is anything to ask.
    """
    client = get_client()
    submission.submit_due(client=client, seconds=ROUND_SECONDS)
    look_again(client)


@shared_task
def poll_requests() -> None:
    polling.poll_due(client=get_client())


@shared_task
def refresh_bookings() -> None:
    refresh.refresh_due(client=get_client())


@shared_task
def sync_bookings() -> None:
    """Walk through all that the operator holds, if no other process does or has just done so."""
    client = get_client()
    if client.held_back_for() > 0:
        return
    every = timedelta(minutes=settings.BOOKING_SYNC_MINUTES)
    if not is_due_again(SyncRun.Kind.BOOKINGS, every=every, now=timezone.now()):
        return
    try:
        full_walk.sync_bookings(client=client, not_within=every / 2)
    except RunUnderWay:
        logger.info("A synchronisation of bookings is under way already.")


@shared_task
def refresh_sessions() -> None:
    note_awake(sessions.READ_SESSIONS)
    sessions.refresh_sessions(client=get_client())


@shared_task
def refresh_now() -> None:
    """Read the bookings that are due, since some were approved without their charger or number."""
    note_awake(REFRESH)
    refresh.refresh_due(client=get_client())


@shared_task
def notice_losses() -> None:
    losses.notice_losses()
