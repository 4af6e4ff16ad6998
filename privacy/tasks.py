"""What the workers do for privacy."""

import logging
from dataclasses import asdict

from celery import shared_task

from calendars.feeds import seal_addresses
from privacy.retention import clear_old_data as clear

logger = logging.getLogger(__name__)


@shared_task
def clear_old_data() -> None:
    seal_addresses()
    if cleared := clear():
        logger.info("Cleared of what is old: %s", asdict(cleared))
