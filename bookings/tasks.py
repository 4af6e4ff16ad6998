"""What the workers run: load nothing, decide nothing, call one function."""

import logging

from celery import shared_task

from ampeco.factory import get_client
from bookings import notifications, polling, refresh, reminders, sessions, submission, sync
from sites.runs import RunUnderWay

logger = logging.getLogger(__name__)


@shared_task
def submit_request(request_id: int) -> None:
    """Send one queued request."""
    submission.submit(request_id, client=get_client())


@shared_task
def sweep_queued() -> None:
    """Send the queued requests that are due."""
    submission.submit_due(client=get_client())


@shared_task
def poll_requests() -> None:
    """Poll the undecided requests that are due."""
    polling.poll_due(client=get_client())


@shared_task
def refresh_bookings() -> None:
    """Read the bookings that are due."""
    refresh.refresh_due(client=get_client())


@shared_task
def sync_bookings() -> None:
    """Walk through all that the operator holds; nothing happens while another process does."""
    try:
        sync.sync_bookings(client=get_client())
    except RunUnderWay:
        logger.info("A synchronisation of bookings is under way already.")


@shared_task
def refresh_sessions() -> None:
    """Read the charging sessions that are due."""
    sessions.refresh_sessions(client=get_client())


@shared_task
def refresh_booking(booking_id: int) -> None:
    """Read one booking right away."""
    refresh.refresh_one(booking_id, client=get_client())


@shared_task
def send_notification(notification_id: int) -> None:
    """Send one mail right away."""
    notifications.send_notification(notification_id)


@shared_task
def sweep_notifications() -> None:
    """Send the mails that are due."""
    notifications.send_due()


@shared_task
def plan_reminders() -> None:
    """Write the reminders that are due."""
    reminders.plan_due_reminders()
