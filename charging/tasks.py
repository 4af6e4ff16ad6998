"""Jobs about what was charged."""

from celery import shared_task

from charging import budget_watch


@shared_task
def watch_budgets() -> int:
    return budget_watch.watch_budgets()
