"""That machines which start together migrate once."""

import psycopg
import pytest
from django.db import connection

from mirror import migration_lock
from tests.deploy.own_database import empty_database, start

pytestmark = pytest.mark.postgresql


@pytest.mark.django_db
def test_of_machines_that_start_together_one_migrates():
    with empty_database("starting_together") as url:
        machines = [start("manage.py", "migrate", "--no-input", database=url) for _ in range(3)]
        said = [machine.communicate(timeout=300)[0] for machine in machines]

        assert [machine.returncode for machine in machines] == [0, 0, 0], said
        assert sum("No migrations to apply" in text for text in said) == 2
        with psycopg.connect(url) as database:
            applied = database.execute(
                "SELECT count(*), count(DISTINCT (app, name)) FROM django_migrations"
            ).fetchone()
            invalid = database.execute(
                "SELECT count(*) FROM pg_index WHERE NOT indisvalid"
            ).fetchone()
        assert applied is not None
        assert applied[0] == applied[1] > 20
        assert invalid == (0,)


@pytest.mark.django_db
def test_who_waits_too_long_says_so_and_changes_nothing():
    with (
        migration_lock.one_at_a_time(connection),
        pytest.raises(migration_lock.MigratingElsewhere, match="Nothing was changed"),
        migration_lock.one_at_a_time(connection, patience_seconds=0.0),
    ):
        pass
