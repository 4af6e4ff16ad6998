"""An Ampcontrol to read, a clock to move, and the mirror that is run."""

from datetime import timedelta

import pytest
import time_machine
from django.utils.timezone import now

from energy.mirroring import run as running
from energy.mirroring.due import due_jobs
from energy.mirroring.run import sync_energy
from tests.energy.mirroring.small_ampcontrol import SmallAmpcontrol


@pytest.fixture
def ampcontrol(db) -> SmallAmpcontrol:
    return SmallAmpcontrol()


@pytest.fixture
def clock():
    """Return a function that moves the clock, which stands still otherwise."""
    with time_machine.travel(now().replace(microsecond=0), tick=False) as traveller:

        def move(**by: float) -> None:
            traveller.shift(timedelta(**by))

        yield move


@pytest.fixture
def read(ampcontrol, monkeypatch):
    """Return a function that reads all that is due, however much that is for one minute."""
    monkeypatch.setattr(running, "MOST_A_MINUTE", 10_000)

    def read():
        run = sync_energy(client=ampcontrol)
        while run is not None and run.state == run.State.FINISHED and due_jobs(now()):
            run = sync_energy(client=ampcontrol)
        return run

    return read
