"""What the workers do for maintenance."""

import logging
from datetime import timedelta

from celery import shared_task
from django.utils import timezone

from ampeco.connection import get_client, has_calls_to_spare
from maintenance.asking import SEND
from maintenance.mirroring import catalogue, downtime, health
from maintenance.retention import forget_old
from maintenance.sending import send_changes
from mirror.runs import RunUnderWay, is_due_again
from mirror.work import note_awake
from sync.downtime import notice_downtime
from upstream.errors import UpstreamError

logger = logging.getLogger(__name__)

DOWNTIME_EVERY = timedelta(minutes=5)


@shared_task
def read_health() -> None:
    """Read how chargers have been doing, those that are due, while there are calls to spare.

    Any number of beats and workers may run it: each charge point is claimed.
    """
    client = get_client()
    if client.held_back_for() > 0:
        return
    try:
        catalogue.read_catalogue(client=client)
    except UpstreamError as error:
        logger.info("Error codes and firmware could not be read: %s", error)
    health.read_health(client=client)


@shared_task
def forget_old_logs() -> None:
    """Forget what was read of chargers long ago."""
    forget_old(now=timezone.now())


@shared_task
def sync_downtime() -> None:
    """Mirror planned downtime, if that was not just done, and mark the bookings under it.

    Nothing is read while another process is at it, or while there are no calls to spare.
    """
    due = is_due_again(downtime.KIND, every=DOWNTIME_EVERY, now=timezone.now())
    if due and has_calls_to_spare():
        try:
            downtime.sync_downtime(client=get_client(), not_within=DOWNTIME_EVERY / 2)
        except RunUnderWay:
            logger.info("A synchronisation of downtime is under way already.")
    notice_downtime()


@shared_task
def send_downtime_changes() -> None:
    """Send what staff asked about downtime; any number of workers may."""
    note_awake(SEND)
    send_changes(client=get_client())
