"""That indexes earn their keep: none says what another says, and migrations leave the declared."""

from collections.abc import Iterator

import pytest
from django.apps import apps
from django.conf import settings
from django.db import connection, models
from django.db.migrations.loader import MigrationLoader

from bookings.models import Booking

OURS = [
    model
    for config in apps.get_app_configs()
    if (settings.BASE_DIR / config.name).is_dir()
    for model in config.get_models()
]
OF_INDEXES = [
    ("bookings", "0010_add_smaller_indexes"),
    ("bookings", "0011_drop_indexes_that_nobody_uses"),
]


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
    loader = MigrationLoader(connection)
    # Each with all that was there before it. To undo what has come since would take far longer, and
    # these touch nothing but indexes.
    steps = [
        (loader.get_migration(*key), loader.project_state(key, at_end=False)) for key in OF_INDEXES
    ]
    try:
        for migration, state in reversed(steps):
            with connection.schema_editor(atomic=migration.atomic) as editor:
                migration.unapply(state.clone(), editor)
        before = names()
    finally:
        for migration, state in steps:
            with connection.schema_editor(atomic=migration.atomic) as editor:
                migration.apply(state.clone(), editor)

    assert {"booking_by_reference", "booking_by_status"} <= before - now
    for column in ("fleet", "driver", "location"):
        assert any(name.startswith(f"bookings_booking_{column}_id_") for name in before - now)
    assert now - before >= {"booking_by_week_and_key", "booking_of_driver"}
    assert names() == now
