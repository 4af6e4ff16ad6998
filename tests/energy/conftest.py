"""An Ampcontrol that is asked while somebody looks."""

import pytest

from ampcontrol import connection
from tests.energy.mirroring.small_ampcontrol import SmallAmpcontrol


@pytest.fixture
def ampcontrol(settings):
    """One that can be asked, and has measured nothing."""
    settings.AMPCONTROL_BASE_URL = "http://ampcontrol.test"
    settings.AMPCONTROL_API_TOKEN = "a-token"
    ampcontrol = SmallAmpcontrol()
    connection.set_client(ampcontrol)
    yield ampcontrol
    connection.set_client(None)
