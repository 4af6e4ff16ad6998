"""People say when vehicles leave while Ampcontrol fails; at the end it must hold what they said."""

import random
import threading
from collections import Counter
from datetime import timedelta

from django.conf import settings
from django.db import DatabaseError, connection
from django.utils import timezone

from accounts.models import User
from ampcontrol.client import AmpcontrolClient
from energy.departures.actions import (
    DepartureRefused,
    Plan,
    cancel_departure,
    set_departure,
)
from energy.models import Departure, PassedOn
from energy.selectors.departures import next_departures
from energy.selectors.walls import vehicles_by_remote_id
from upstream.errors import UpstreamError
from vehicles.models import Vehicle

EVERY_SECONDS = 1.0
CANCELLED = 0.2
QUARTER = timedelta(minutes=15)


class Departures(threading.Thread):
    """Sets and cancels departures of linked vehicles, as a manager does, and counts what it did."""

    def __init__(self, chance: random.Random, *, email: str) -> None:
        super().__init__(name="chaos, departures", daemon=True)
        self._chance = chance
        self._user = User.objects.get(email=email)
        self._vehicles = list(Vehicle.objects.filter(pk__in=vehicles_by_remote_id().values()))
        self._ended = threading.Event()
        self.said: Counter[str] = Counter()

    def run(self) -> None:
        try:
            while not self._ended.wait(EVERY_SECONDS):
                self._say()
        finally:
            connection.close()

    def stop(self) -> None:
        self._ended.set()
        self.join()

    def _say(self) -> None:
        vehicle = self._chance.choice(self._vehicles)
        try:
            coming = next_departures([vehicle]).get(vehicle.pk)
            if coming is not None and self._chance.random() < CANCELLED:
                cancel_departure(coming, seen_version=coming.version, user=self._user)
                self.said["cancelled"] += 1
                return
            hour = timezone.now().replace(minute=0, second=0, microsecond=0)
            leaves_at = hour + self._chance.randrange(8, 80) * QUARTER
            plan = Plan(leaves_at, target_percent=self._chance.randrange(50, 100))
            set_departure(vehicle, plan, user=self._user)
            self.said["set"] += 1
        except DepartureRefused:
            self.said["refused"] += 1
        except DatabaseError:
            self.said["failed with the database"] += 1
            connection.close()


def onlooker() -> AmpcontrolClient:
    """Return a client of one's own, so that who looks takes nothing of the portal's allowance."""
    return AmpcontrolClient(
        base_url=settings.AMPCONTROL_BASE_URL, token=settings.AMPCONTROL_API_TOKEN
    )


def untold(client: AmpcontrolClient) -> list[str]:
    """Return the vehicles whose next departure by us is not what Ampcontrol holds.

    What somebody else set there is left alone, and is nobody's difference.
    """
    links = vehicles_by_remote_id()
    coming = next_departures([Vehicle(pk=pk) for pk in links.values()])
    passed_on = {row.remote_id: row for row in PassedOn.objects.all()}
    try:
        theirs = {each.id: each for each in client.vehicles()}
    except UpstreamError as error:
        return [f"Ampcontrol: its vehicles cannot be read: {error}"]
    found = []
    for remote_id, pk in links.items():
        row = coming.get(pk)
        if row is None or row.source == Departure.Source.ROUTE:
            continue
        told = passed_on.get(remote_id)
        if told is not None and told.problem == PassedOn.Problem.ANOTHERS:
            continue
        if remote_id not in theirs:
            found.append(f"Ampcontrol: it does not know vehicle {pk}.")
        elif theirs[remote_id].departs_at != row.leaves_at:
            found.append(
                f"Ampcontrol: vehicle {pk} leaves at {theirs[remote_id].departs_at} there, "
                f"by us at {row.leaves_at}."
            )
    return found
