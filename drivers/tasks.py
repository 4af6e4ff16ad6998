"""What the workers do for the drivers."""

from celery import shared_task

from ampeco.factory import get_client
from drivers.sync import sync_all_fleets


@shared_task
def sync_drivers() -> None:
    """Mirror the drivers of all fleets."""
    for _fleet, _run in sync_all_fleets(client=get_client()):
        pass
