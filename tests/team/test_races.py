"""Two admins who take each other's role away at the same moment: one of them stays."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import connection, connections

from drivers.models import FleetMembership, TeamRole
from drivers.team import LastAdmin, NotAllowed, admins_of, change_role
from tests.factories import MembershipFactory

pytestmark = [pytest.mark.postgresql, pytest.mark.django_db(transaction=True)]


@pytest.fixture(autouse=True)
def _needs_postgresql():
    if connection.vendor != "postgresql":
        pytest.skip("needs PostgreSQL")


def demote(target: FleetMembership, by: FleetMembership, start: Barrier) -> str:
    """Do it in a thread of one's own, once the other one is there; return what came of it."""
    start.wait()
    try:
        change_role(fleet=target.fleet, pk=target.pk, role=TeamRole.MANAGER, by=by.user)
    except (LastAdmin, NotAllowed) as refusal:
        return type(refusal).__name__
    finally:
        connections.close_all()
    return "changed"


@pytest.mark.parametrize("_attempt", range(5))
def test_of_two_admins_who_demote_each_other_one_stays(fleet, _attempt):
    one, two = (MembershipFactory(fleet=fleet, admin=True) for _ in range(2))
    start = Barrier(2)
    with ThreadPoolExecutor(2) as others:
        said = sorted(others.map(demote, [one, two], [two, one], [start, start]))

    assert said == ["NotAllowed", "changed"]
    assert admins_of(fleet).count() == 1
