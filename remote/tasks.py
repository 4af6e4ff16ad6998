"""What the workers run: load nothing, decide nothing, call one function."""

from celery import shared_task

from ampeco.connection import get_client
from mirror.work import note_awake
from remote.actions import SEND
from remote.sending import send_due

# How long a worker tells chargers what to do before others get their turn.
ROUND_SECONDS = 10.0


@shared_task
def send_actions() -> None:
    """Tell chargers what is due, since somebody has just asked for it."""
    note_awake(SEND)
    send_due(client=get_client(), seconds=ROUND_SECONDS)


@shared_task
def sweep_actions() -> None:
    """Do the same for what nobody said, and drop what is too late."""
    send_due(client=get_client(), seconds=ROUND_SECONDS)
