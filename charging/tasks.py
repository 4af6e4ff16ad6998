"""Jobs about what was charged."""

import logging

from celery import shared_task
from django.utils import timezone

from ampeco.connection import get_client
from charging import budget_watch
from charging.mirroring import run
from mirror.runs import RunUnderWay

logger = logging.getLogger(__name__)


@shared_task
def watch_budgets() -> int:
    return budget_watch.watch_budgets()


@shared_task
def sync_charging() -> None:
    """Read what was charged and paid, if that is due, nobody is at it, and calls would be sent."""
    client = get_client()
    if client.held_back_for() > 0 or not run.is_due(timezone.now()):
        return
    try:
        run.sync_sessions(client=client, not_within=run.BEAT / 2)
    except RunUnderWay:
        logger.info("A synchronisation of sessions is under way already.")
