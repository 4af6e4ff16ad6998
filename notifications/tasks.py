"""What the workers do about mails."""

from celery import shared_task

from mirror.work import note_awake
from notifications import delivery, reminders
from notifications.queue import SEND


@shared_task
def send_mails() -> None:
    """Send what is due, since something has just become so."""
    note_awake(SEND)
    delivery.deliver_due()


@shared_task
def sweep_notifications() -> None:
    delivery.deliver_due()


@shared_task
def plan_reminders() -> None:
    reminders.plan_due_reminders()
