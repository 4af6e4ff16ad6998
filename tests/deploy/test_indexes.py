"""That indexes earn their keep: none says what another says, and migrations leave the declared."""

from collections.abc import Iterator

import pytest
from django.apps import apps
from django.conf import settings
from django.db import connection, models
from django.db.migrations.executor import MigrationExecutor

from bookings.models import Booking

OURS = [
    model
    for config in apps.get_app_configs()
    if (settings.BASE_DIR / config.name).is_dir()
    for model in config.get_models()
]
BEFORE = [("bookings", "0009_keep_reports_from_chargers")]


def plain_indexes(model: type[models.Model]) -> Iterator[tuple[str, ...]]:
    """Yield the columns of the indexes that a unique one or another may replace."""
    for field in model._meta.local_concrete_fields:
        if field.db_index and not field.unique:
            yield (field.name,)
    for index in model._meta.indexes:
        if index.condition is None and index.fields:
            yield tuple(index.fields)


def whole_indexes(model: type[models.Model]) -> Iterator[tuple[str, ...]]:
    """Yield the columns of the indexes that have every row."""
    yield from plain_indexes(model)
    for field in model._meta.local_concrete_fields:
        if field.unique:
            yield (field.name,)
    for constraint in model._meta.constraints:
        if isinstance(constraint, models.UniqueConstraint) and constraint.condition is None:
            yield tuple(constraint.fields)


@pytest.mark.parametrize("model", OURS, ids=lambda model: model._meta.label)
def test_no_index_is_the_beginning_of_another(model):
    whole = list(whole_indexes(model))
    spare = [
        index
        for index in plain_indexes(model)
        if any(other != index and other[: len(index)] == index for other in whole)
    ]

    assert spare == []
    assert len(whole) == len(set(whole))


def names() -> set[str]:
    with connection.cursor() as cursor:
        found = connection.introspection.get_constraints(cursor, Booking._meta.db_table)
    return {name for name, one in found.items() if one["index"]}


@pytest.mark.django_db(transaction=True)
def test_what_was_dropped_comes_back_when_it_is_undone():
    now = names()
    try:
        MigrationExecutor(connection).migrate(BEFORE)
        before = names()
    finally:
        # Going back took with it what other rooms have built on bookings since.
        executor = MigrationExecutor(connection)
        executor.migrate(executor.loader.graph.leaf_nodes())

    assert {"booking_by_reference", "booking_by_status"} <= before - now
    for column in ("fleet", "driver", "location"):
        assert any(name.startswith(f"bookings_booking_{column}_id_") for name in before - now)
    assert now - before >= {"booking_by_week_and_key", "booking_of_driver"}
    assert names() == now
    executor = MigrationExecutor(connection)
    assert executor.migration_plan(executor.loader.graph.leaf_nodes()) == []
