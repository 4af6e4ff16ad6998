"""A pytest plugin for runs on PostgreSQL and Redis: leaves out what those cannot change.

Most such tests use neither database, cache nor broker; all run with the embedded ones anyway.
"""

import pytest

# Below tests/. A test in here that does use the database runs all the same.
THE_SAME_EVERYWHERE = (
    "bookings/test_calendar_lines.py",
    "bookings/test_clock_changes.py",
    "bookings/test_wall_clock.py",
    "config/test_deploy.py",
    "front/",
    "sandbox/",
    "sites/test_intervals.py",
    "telemetry/test_errors.py",
    "test_env.py",
)
# Which database they use makes no difference to what they are about, or tests/fuzz tries it there.
WHATEVER_THE_DATABASE = (
    "accounts/test_second_factor.py",
    "tools.benchmarks/",
    "bookings/test_calendar_programs.py",
    "bookings/test_views_change.py::test_nothing_that_is_typed_breaks_the_form",
    "bookings/test_views_new.py::test_nothing_that_is_typed_breaks_the_form",
    "deploy/test_sqlite_writers.py",
    "test_access.py",
    "test_translations.py",
)
DATABASE = {"db", "transactional_db", "django_db_setup", "live_server"}
SERVICES = {"django_db", "postgresql", "redis"}


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Deselect what is the same everywhere."""
    left_out = [item for item in items if is_the_same_everywhere(item)]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        gone = set(left_out)
        items[:] = [item for item in items if item not in gone]


def is_the_same_everywhere(item: pytest.Item) -> bool:
    """Return whether a test has nothing to do with the services."""
    place = item.nodeid.removeprefix("tests/")
    uses = DATABASE & set(getattr(item, "fixturenames", ()))
    marked = SERVICES & {mark.name for mark in item.iter_markers()}
    if place.startswith(WHATEVER_THE_DATABASE):
        return not marked & {"postgresql", "redis"}
    return place.startswith(THE_SAME_EVERYWHERE) and not uses and not marked
