"""What the workers do about departures."""

from celery import shared_task

from ampcontrol.connection import get_client, is_on
from energy.departures import passing, routes, telling, weekly
from energy.departures.actions import PASS_ON
from energy.departures.telling import TELL
from mirror.work import note_awake


@shared_task
def make_departures() -> None:
    """Make the departures of the weekly rules and of Ampcontrol's routes."""
    if is_on():
        weekly.make_weekly_departures()
        routes.take_routes()


@shared_task
def pass_on() -> None:
    note_awake(PASS_ON)
    if is_on():
        passing.pass_on_departures(client=get_client())
        routes.send_routes(client=get_client())


@shared_task
def tell() -> None:
    note_awake(TELL)
    if is_on():
        telling.send_tellings(client=get_client())
