"""Who becomes admin when fleets get admins, and that it can be undone."""

import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

BEFORE = ("drivers", "0003_add_fleet_admins")
AFTER = ("drivers", "0004_make_first_managers_admins")


def migrate(*targets):
    return MigrationExecutor(connection).migrate(targets).apps


@pytest.fixture
def old_apps(transactional_db):
    yield migrate(BEFORE)
    migrate(*MigrationExecutor(connection).loader.graph.leaf_nodes())


def test_the_longest_standing_manager_becomes_admin(old_apps):
    fleets = old_apps.get_model("drivers", "Fleet").objects
    members = old_apps.get_model("drivers", "FleetMembership").objects
    users = old_apps.get_model("accounts", "User").objects

    def member(number: int, email: str, role: str = "manager", **fields) -> int:
        fleet, _ = fleets.get_or_create(ampeco_partner_id=number, defaults={"name": str(number)})
        active = not email.startswith("off")
        user = users.create(email=email, is_active=active)
        return members.create(fleet=fleet, user=user, role=role, **fields).pk

    member(1, "viewer@one.example", "viewer")
    member(1, "off@one.example")
    first = member(1, "first@one.example")
    member(1, "second@one.example")
    member(2, "viewer@two.example", "viewer")
    off_alone = member(3, "off@three.example")
    member(4, "first@four.example")
    there = member(4, "admin@four.example", is_admin=True)

    migrate(AFTER)

    admins = set(members.filter(is_admin=True).values_list("pk", flat=True))
    assert admins == {first, off_alone, there}
