"""What the workers run: load nothing, decide nothing, call one function."""

from celery import shared_task

from ampeco.factory import get_client
from bookings import notifications, polling, refresh, submission


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
    """Read confirmed bookings that the portal knows too little about."""
    refresh.refresh_due(client=get_client())


@shared_task
def refresh_booking(booking_id: int) -> None:
    """Read one confirmed booking right away."""
    refresh.refresh_one(booking_id, client=get_client())


@shared_task
def send_notification(notification_id: int) -> None:
    """Send one mail right away."""
    notifications.send_notification(notification_id)


@shared_task
def sweep_notifications() -> None:
    """Send the mails that are due."""
    notifications.send_due()
