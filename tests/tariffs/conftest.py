"""The simulated operator's tariffs, mirrored."""

import pytest

from tariffs.mirroring import sync_tariffs
from tests.operator_fixture import *  # noqa: F403


@pytest.fixture
def mirrored(db, operator, ampeco_client, wire):
    """The tariffs as they are mirrored; what that took is forgotten."""
    run = sync_tariffs(client=ampeco_client)
    assert run.state == "finished"
    wire.sent.clear()
    return run
