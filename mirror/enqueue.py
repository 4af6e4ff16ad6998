"""Hands work to the workers once the transaction is in the database."""

import logging
import time
from typing import Any

from celery import current_app
from django.db import transaction
from kombu.exceptions import OperationalError

logger = logging.getLogger(__name__)

# For so long after a failure the broker is not tried again, since a page that asks for many things
# would wait for each. A sweep comes as often and does what was not said.
PAUSE_SECONDS = 5.0


class _Broker:
    """What this process knows of the broker: until when it is taken for away."""

    away_until = 0.0


def enqueue_on_commit(task_name: str, *args: Any) -> None:
    """Send a task by name after commit.

    A broker that is away costs time, not work: a sweep finds the row.
    """

    def send() -> None:
        if time.monotonic() < _Broker.away_until:
            return
        try:
            current_app.send_task(task_name, args=args)
        except (OperationalError, OSError):
            _Broker.away_until = time.monotonic() + PAUSE_SECONDS
            logger.warning("The broker is away; a sweep will do the work of %s.", task_name)

    transaction.on_commit(send, robust=True)
