"""What the workers do about the waiting list."""

from celery import shared_task

from waiting import looking


@shared_task
def look_for_freed() -> None:
    looking.look_for_freed()


@shared_task
def look_at_site(location_id: int) -> None:
    looking.look_at_site(location_id, freed=True)
