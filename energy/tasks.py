"""What the workers do for smart charging."""

import logging

from celery import shared_task

from ampcontrol import connection
from ampeco.connection import get_client
from energy.mirroring.run import sync_energy as sync
from energy.own_lines import reading
from mirror.runs import RunUnderWay

logger = logging.getLogger(__name__)


@shared_task
def sync_energy() -> None:
    """Read what of Ampcontrol is due, where there is one and it may be called.

    Any number of beats and workers may run it: each thing is read once.
    """
    if not connection.is_on():
        return
    client = connection.get_client()
    if client.held_back_for() > 0:
        return
    try:
        sync(client=client)
    except RunUnderWay:
        logger.info("A synchronisation with Ampcontrol is under way already.")


@shared_task
def read_own_lines() -> None:
    """Read circuits and electricity rates of AMPECO, if that was not done within a day.

    Of two at once one reads.
    """
    client = get_client()
    if client.held_back_for() > 0:
        return
    reading.read_own_lines(client)
