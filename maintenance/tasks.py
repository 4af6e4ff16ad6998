"""What the workers do for maintenance."""

import logging

from celery import shared_task
from django.utils import timezone

from ampeco.connection import get_client
from maintenance.mirroring import catalogue, health
from maintenance.retention import forget_old
from upstream.errors import UpstreamError

logger = logging.getLogger(__name__)


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
    forget_old(now=timezone.now())
