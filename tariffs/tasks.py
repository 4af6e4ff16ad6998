"""What the workers do for prices."""

import logging
from datetime import timedelta

from celery import shared_task
from django.conf import settings
from django.utils import timezone

from ampeco.connection import get_client
from mirror.runs import RunUnderWay
from mirror.work import note_awake
from tariffs import mirroring
from tariffs.answers import TASK, ask_due

logger = logging.getLogger(__name__)


@shared_task
def sync_tariffs() -> None:
    """Mirror the tariffs, if they have not just been read; of two at once one does."""
    client = get_client()
    if client.held_back_for() > 0 or not mirroring.is_due(timezone.now()):
        return
    pause = timedelta(minutes=settings.TARIFF_SYNC_MINUTES) / 2
    try:
        mirroring.sync_tariffs(client=client, not_within=pause)
    except RunUnderWay:
        logger.info("A synchronisation of tariffs is under way already.")


@shared_task
def ask_for_tariffs() -> None:
    """Ask the operator which tariffs apply to drivers, where somebody wants to know."""
    note_awake(TASK)
    if get_client().held_back_for() > 0:
        return
    ask_due()
