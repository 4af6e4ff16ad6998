"""What drivers charge whom nobody knew when it was read is read again: it does not change again."""

from datetime import timedelta

import pytest
from django.utils.timezone import now

from charging.models import Session
from drivers.models import Driver, Fleet, FleetDriver
from drivers.sync import sync_fleet_drivers
from mirror.admin import counts_text
from mirror.runs import CLOCK_SKEW
from sandbox.world.cast import ANA, JULES
from tests.charging.mirroring.conftest import mirrored_session

DAY, HOUR = timedelta(days=1), timedelta(hours=1)


@pytest.fixture(autouse=True)
def both_fleets(mirrored, fleet, other_fleet, ampeco_client) -> None:
    """Two fleets and their drivers have been there for long."""
    sync_fleet_drivers(other_fleet, client=ampeco_client)
    Fleet.objects.update(created_at=now() - 100 * DAY)
    FleetDriver.objects.update(added_at=now() - 90 * DAY)


def test_of_who_accepted_the_invite_shortly_before(charged, sync, fleet, ampeco_client):
    Driver.objects.filter(ampeco_user_id=ANA.id).delete()
    pk = charged(now() - 3 * HOUR)
    assert sync().counts["sessions"]["skipped"] == 1
    sync_fleet_drivers(fleet, client=ampeco_client)
    sync()
    session = mirrored_session(pk)
    assert session.fleet == fleet
    # Its payments are read again as well.
    assert session.transactions.exists()


def test_of_who_came_back(charged, sync, fleet, ampeco_client):
    left = FleetDriver.objects.filter(fleet=fleet, driver__ampeco_user_id=ANA.id)
    left.update(left_at=now() - 30 * DAY)
    charged(now() - 5 * DAY)
    pk = charged(now() - 3 * HOUR)
    assert sync().counts["sessions"]["skipped"] == 2
    sync_fleet_drivers(fleet, client=ampeco_client)
    sync()
    assert [one.ampeco_id for one in Session.objects.all()] == [str(pk)]


def test_of_a_fleet_that_is_active_again(charged, sync, fleet):
    Fleet.objects.filter(pk=fleet.pk).update(is_active=False)
    pk = charged(now() - 3 * HOUR)
    charged(now() - 3 * HOUR, user_id=JULES.id, evse_id=302)
    run = sync()
    assert run.counts["sessions"]["skipped"] == 1
    assert "inactive" not in counts_text(run.counts)
    Fleet.objects.filter(pk=fleet.pk).update(is_active=True)
    sync()
    assert mirrored_session(pk).fleet == fleet
    assert now() - sync().updated_after < HOUR


def test_only_once(charged, sync, fleet, ampeco_client):
    """The run after reads no more than what has changed since."""
    Driver.objects.filter(ampeco_user_id=ANA.id).delete()
    sync()
    sync_fleet_drivers(fleet, client=ampeco_client)
    run = sync()
    assert now() - run.updated_after > DAY
    came = FleetDriver.objects.filter(driver__ampeco_user_id=ANA.id)
    came.update(added_at=run.started_at - CLOCK_SKEW)
    assert now() - sync().updated_after < HOUR
