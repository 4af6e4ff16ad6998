"""What the workers do about what other platforms tell."""

from celery import shared_task

from hooks import readings
from hooks.hints import Target, note_taken


@shared_task
def read_again(target: str, about: int | str) -> None:
    """Read again what a notification is about."""
    note_taken(Target(target), about)
    readings.read(Target(target), about)
