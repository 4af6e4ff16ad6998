"""What the workers do for the drivers."""

from celery import shared_task

from ampeco.connection import get_client
from drivers.sync import sync_due_fleets


@shared_task
def sync_drivers() -> None:
    sync_due_fleets(client=get_client())
