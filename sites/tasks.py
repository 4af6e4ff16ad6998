"""What the workers do for the sites."""

import logging
from datetime import timedelta

from celery import shared_task
from django.conf import settings
from django.utils import timezone

from ampeco.connection import get_client
from mirror import runs
from sites.mirroring import full_walk

logger = logging.getLogger(__name__)


@shared_task
def sync_sites(full: bool = False) -> None:
    """Mirror the sites: all if wanted or due, else the changes, if they have not just been read.

    Nothing happens while another process is at it, or while no call would be sent.
    """
    client = get_client()
    if client.held_back_for() > 0:
        return
    now = timezone.now()
    pause = None if full else runs.FULL_RETRY
    full = full or runs.is_full_due(now)
    if not full:
        if not runs.is_delta_due(now):
            return
        pause = timedelta(minutes=settings.SYNC_DELTA_MINUTES) / 2
    try:
        full_walk.sync_sites(client=client, full=full, not_within=pause)
    except runs.RunUnderWay:
        logger.info("A synchronisation of sites is under way already.")
