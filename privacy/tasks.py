"""What the workers do for privacy."""

import logging
from dataclasses import asdict

from celery import shared_task

from privacy.retention import clear_old_data as clear

logger = logging.getLogger(__name__)


@shared_task
def clear_old_data() -> None:
    if cleared := clear():
        logger.info("Cleared of what is old: %s", asdict(cleared))
