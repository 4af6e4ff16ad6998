"""A make-believe Ampcontrol, and clients of it: one that may write, one that may not."""

import pytest
import stamina

from ampcontrol.client import AmpcontrolClient
from ampcontrol.switches import Switch
from tests.ampcontrol.stand_in import ORIGIN, TOKEN, Platform
from tests.telemetry.conftest import _counted_from_zero, counted  # noqa: F401


@pytest.fixture(autouse=True)
def _without_waiting():
    with stamina.set_testing(True, attempts=4, cap=True):
        yield


@pytest.fixture
def platform() -> Platform:
    return Platform()


@pytest.fixture
def client(platform):
    """A client with all writes switched on."""
    client = AmpcontrolClient(
        base_url=ORIGIN, token=TOKEN, writes=frozenset(Switch), transport=platform
    )
    yield client
    client.close()


@pytest.fixture
def reader(platform):
    """A client that may not write."""
    client = AmpcontrolClient(base_url=ORIGIN, token=TOKEN, transport=platform)
    yield client
    client.close()
