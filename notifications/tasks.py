"""What the workers do about mails."""

from celery import shared_task

from notifications import delivery, reminders


@shared_task
def send_notification(notification_id: int) -> None:
    delivery.send_notification(notification_id)


@shared_task
def sweep_notifications() -> None:
    delivery.deliver_due()


@shared_task
def plan_reminders() -> None:
    reminders.plan_due_reminders()
