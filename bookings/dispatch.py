"""Hands work to the workers once the transaction is in the database."""

import logging
from typing import Any

from celery import current_app
from django.db import transaction
from kombu.exceptions import OperationalError

logger = logging.getLogger(__name__)


def enqueue_on_commit(task_name: str, *args: Any) -> None:
    """Send a task by name after commit.

    A broker that is away costs time, not work: a sweep finds the row.
    """

    def send() -> None:
        try:
            current_app.send_task(task_name, args=args)
        except (OperationalError, OSError):
            logger.warning("The broker is away; a sweep will do the work of %s.", task_name)

    transaction.on_commit(send, robust=True)
