"""A small operator, mirrored; tables of bookings at its site."""

from datetime import timedelta

import pytest

from batches.models import Batch
from batches.services import RowWish, create_draft
from tests.factories import DriverFactory, VehicleFactory, next_noon
from tests.small_operator import *  # noqa: F403
from tests.small_operator import operator_world  # noqa: F401

HOUR = timedelta(hours=1)


@pytest.fixture
def site(evse):
    return evse.charge_point.location


@pytest.fixture
def other_driver(fleet, mirrored):
    return DriverFactory(fleet=fleet, private_access=[fleet.ampeco_partner_id])


@pytest.fixture
def wish(driver, evse, site):
    """A row: an hour at the site's first charger, `after` some hours, unless said otherwise."""

    def wish(*, after=0, **changes) -> RowWish:
        start = next_noon() + after * HOUR
        values = {"driver": driver, "location": site, "evse": evse, "start_at": start}
        values |= {"end_at": start + HOUR} | changes
        return RowWish(**values)

    return wish


@pytest.fixture
def draft(fleet, manager):
    def draft(*rows: RowWish, **changes) -> Batch:
        values = {"fleet": fleet, "user": manager, "source": Batch.Source.VEHICLES, "rows": rows}
        return create_draft(**(values | changes))

    return draft


@pytest.fixture
def van(fleet):
    """A van with the plugs of the place."""

    def van(**changes):
        values = {"fleet": fleet, "plugs": ["ccs1", "j1772"], "ampeco_type": ""}
        return VehicleFactory(**(values | changes))

    return van
