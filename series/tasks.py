"""What the workers run: load nothing, decide nothing, call one function."""

from celery import shared_task

from ampeco.connection import get_client
from series.due import ask_for_due


@shared_task
def ask_for_dates() -> None:
    """Ask for the dates of series whose time has come, unless the operator holds calls back."""
    if get_client().held_back_for() > 0:
        return
    ask_for_due()
