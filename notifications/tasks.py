"""What the workers do about mails."""

from celery import shared_task

from mirror.work import note_awake
from notifications import delivery, reminders
from notifications.queue import SEND

# How long a sender goes on, so that many mails keep no poll waiting.
ROUND_SECONDS = 2.0


@shared_task
def send_mails() -> None:
    """Send what is due, since something has just become so."""
    note_awake(SEND)
    delivery.deliver_due(seconds=ROUND_SECONDS)


@shared_task
def sweep_notifications() -> None:
    delivery.deliver_due(seconds=ROUND_SECONDS)


@shared_task
def plan_reminders() -> None:
    reminders.plan_due_reminders()
