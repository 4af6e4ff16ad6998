"""What the workers do for the log-in."""

from celery import shared_task

from accounts.sessions import forget_sessions_that_ended


@shared_task
def forget_sessions() -> None:
    forget_sessions_that_ended()
