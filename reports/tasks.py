"""What the workers do about reports."""

from celery import shared_task

from reports.mails.planning import plan_due
from reports.summing.due import sum_due


@shared_task
def sum_months() -> None:
    """Sum the months that have changed. Any number may run: each month is held by one."""
    sum_due()


@shared_task
def plan_reports() -> None:
    """Write the monthly mails that are due. Any number may run: each recipient gets one."""
    plan_due()
