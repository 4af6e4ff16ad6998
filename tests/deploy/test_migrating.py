"""That machines which start together migrate once."""

import os

import psycopg
import pytest
from django.db import connection

from mirror import migration_lock
from tests.deploy.own_database import new_database, start
from tools.services.template import NAME

pytestmark = pytest.mark.postgresql


@pytest.mark.django_db
def test_of_machines_that_start_together_one_migrates():
    # Where there is a template, all but the last migrations are done already.
    template = os.environ.get(NAME, "template1")
    with new_database("starting_together", template=template) as url:
        machines = [
            start(
                *("manage.py", "migrate", "--no-input"),
                database=url,
                DJANGO_SETTINGS_MODULE="tests.deploy.another_room.settings",
                EXPECTED_MACHINES="3",
                PGAPPNAME=f"machine {number}",
            )
            for number in range(3)
        ]
        said = [machine.communicate(timeout=300)[0] for machine in machines]

        assert [machine.returncode for machine in machines] == [0, 0, 0], said
        assert sum("No migrations to apply" in text for text in said) == 2
        with psycopg.connect(url) as database:
            applied = database.execute(
                "SELECT count(*), count(DISTINCT (app, name)) FROM django_migrations"
            ).fetchone()
            new = database.execute(
                "SELECT indisvalid FROM pg_index WHERE indexrelid = 'desk_by_number'::regclass"
            ).fetchone()
            invalid = database.execute(
                "SELECT count(*) FROM pg_index WHERE NOT indisvalid"
            ).fetchone()
        assert applied is not None
        assert applied[0] == applied[1] > 20
        assert new == (True,)
        assert invalid == (0,)


@pytest.mark.django_db
def test_who_waits_too_long_says_so_and_changes_nothing():
    with (
        migration_lock.one_at_a_time(connection),
        pytest.raises(migration_lock.MigratingElsewhere, match="Nothing was changed"),
        migration_lock.one_at_a_time(connection, patience_seconds=0.0),
    ):
        pass
