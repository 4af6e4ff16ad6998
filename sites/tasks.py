"""What the workers do for the sites."""

import logging

from celery import shared_task

from ampeco.factory import get_client
from sites import sync
from sites.runs import RunUnderWay

logger = logging.getLogger(__name__)


@shared_task
def sync_sites(full: bool = False) -> None:
    """Mirror the sites; nothing happens while another process is at it."""
    try:
        sync.sync_sites(client=get_client(), full=full)
    except RunUnderWay:
        logger.info("A synchronisation of sites is under way already.")
