"""A small operator, mirrored, that plans work on its chargers."""

from datetime import datetime, timedelta

import pytest

from maintenance.mirroring.downtime import sync_downtime
from sandbox.world.records import Downtime
from tests.factories import next_noon
from tests.small_operator import *  # noqa: F403
from tests.small_operator import operator_world  # noqa: F401

HOUR = timedelta(hours=1)


@pytest.fixture
def plan(operator):
    """Let the operator plan downtime at its first charger around next noon, or as it is said."""

    def plan(start: datetime | None = None, end: datetime | None = None, **fields) -> Downtime:
        start = start or next_noon() - HOUR
        values = {
            "charge_point_id": 201,
            "evse_id": 301,
            "started_at": start,
            "ended_at": end or start + 3 * HOUR,
            "entry_mode": "manual",
            "type": "exempt",
            "notice_id": 1,
        }
        return operator.add_downtime(**(values | fields))

    return plan


@pytest.fixture
def sync(mirrored, ampeco_client):
    return lambda: sync_downtime(client=ampeco_client)
