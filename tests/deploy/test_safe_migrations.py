"""That the version before can serve while migrations run and after, and that they can be undone.

Judged by their operations, without a database. What is added to a table that is there already must
be something that the version before may leave out, what it uses must stay, and nothing may lock a
large table for as long as it takes to read it. To take away a column: first a version that no
longer uses it (and has it nullable or with a default in the database), then one that drops it,
named in ALLOWED.
"""

from collections.abc import Iterator

import pytest
from django.apps import apps
from django.conf import settings
from django.db import migrations, models
from django.db.migrations.loader import MigrationLoader
from django.db.models import NOT_PROVIDED

from mirror.migration_operations import (
    AddIndexWhileServing,
    DropForeignKeyIndexWhileServing,
    RemoveIndexWhileServing,
)

WHILE_SERVING = (AddIndexWhileServing, DropForeignKeyIndexWhileServing, RemoveIndexWhileServing)
OURS = {
    config.label for config in apps.get_app_configs() if (settings.BASE_DIR / config.name).is_dir()
}
# Migration and what it does: why that is safe all the same.
ALLOWED: dict[tuple[str, str, str], str] = {
    (
        "vehicles",
        "0002_remember_bays",
        "Create constraint vehicle_plate_once_a_fleet on model vehicle",
    ): "The table comes with the same release, and nobody has a vehicle yet.",
    (
        "waiting",
        "0002_know_forms_again",
        "Add field submission_key to wish",
    ): "The table comes with the same release, and nobody waits yet.",
}


def judge(
    migration: migrations.Migration, before: dict[tuple[str, str], models.Field]
) -> Iterator[str]:
    """Yield what is wrong with a migration; `before` are the fields as they were, by model."""
    made: set[str] = set()
    for operation in migration.operations:
        name = getattr(operation, "model_name", "").lower()
        if not operation.reversible:
            yield f"{operation.describe()}: cannot be undone"
        match operation:
            case migrations.CreateModel():
                made.add(operation.name.lower())
            case migrations.DeleteModel() | migrations.RenameModel() | migrations.AlterModelTable():
                yield f"{operation.describe()}: the version before uses that table"
            case migrations.RemoveField() | migrations.RenameField() if name not in made:
                yield f"{operation.describe()}: the version before uses that column"
            case migrations.AddField() if name not in made:
                yield from judge_new_field(operation)
            case migrations.AlterField() if name not in made:
                yield from judge_change(operation, before.get((name, operation.name)))
            case _ if isinstance(operation, WHILE_SERVING):
                if migration.atomic:
                    yield f"{operation.describe()}: PostgreSQL needs atomic = False for it"
            case migrations.AddIndex() if name not in made:
                yield f"{operation.describe()}: keeps people from writing; AddIndexWhileServing"
            case migrations.RemoveIndex() if name not in made:
                yield f"{operation.describe()}: waits for all who read; RemoveIndexWhileServing"
            case migrations.AddConstraint() if name not in made:
                yield f"{operation.describe()}: reads the whole table while nobody can write"
            case migrations.SeparateDatabaseAndState() | migrations.RunSQL():
                yield f"{operation.describe()}: what it does cannot be judged here"


def judge_new_field(operation: migrations.AddField) -> Iterator[str]:
    """Yield what is wrong with a column that an existing table gets."""
    field = operation.field
    if isinstance(field, models.ManyToManyField):
        return
    if not field.null and field.db_default is NOT_PROVIDED:
        yield f"{operation.describe()}: the version before cannot write rows; null or db_default"
    if field.unique or field.db_index:
        yield f"{operation.describe()}: its index keeps people from writing; AddIndexWhileServing"


def judge_change(operation: migrations.AlterField, before: models.Field | None) -> Iterator[str]:
    """Yield what is wrong with the change of a column."""
    after = operation.field
    if before is None:
        yield f"{operation.describe()}: of what?"
        return
    if type(before) is not type(after):
        yield f"{operation.describe()}: another type"
    if before.null and not after.null:
        yield f"{operation.describe()}: the version before may write NULL"
    if (after.max_length or 0) < (before.max_length or 0):
        yield f"{operation.describe()}: what is there may be longer"
    if after.remote_field and before.db_index and not after.db_index:
        yield f"{operation.describe()}: makes the foreign key anew; DropForeignKeyIndexWhileServing"
    if (after.unique or after.db_index) and not (before.unique or before.db_index):
        yield f"{operation.describe()}: its index keeps people from writing; AddIndexWhileServing"


def all_migrations() -> list[tuple[migrations.Migration, dict[tuple[str, str], models.Field]]]:
    """Return our migrations in an order in which they may run, each with the fields before it."""
    loader = MigrationLoader(None, ignore_no_migrations=True)
    found = []
    done: set[tuple[str, str]] = set()
    for leaf in loader.graph.leaf_nodes():
        for key in loader.graph.forwards_plan(leaf):
            if key in done or key[0] not in OURS:
                continue
            done.add(key)
            state = loader.project_state(key, at_end=False)
            before = {
                (model.name_lower, field_name): field
                for (label, _), model in state.models.items()
                if label == key[0]
                for field_name, field in model.fields.items()
            }
            found.append((loader.graph.nodes[key], before))
    return found


def test_every_migration_is_safe_while_the_version_before_serves():
    wrong = [
        f"{migration.app_label}/{migration.name}: {complaint}"
        for migration, before in all_migrations()
        for complaint in judge(migration, before)
        if (migration.app_label, migration.name, complaint.partition(":")[0]) not in ALLOWED
    ]

    assert wrong == []


TEXT = models.CharField(max_length=10)


def to_fleet(**options) -> models.ForeignKey:
    return models.ForeignKey("drivers.Fleet", models.PROTECT, **options)


@pytest.mark.parametrize(
    ("operation", "complaint"),
    [
        (migrations.RemoveField("booking", "note"), "uses that column"),
        (migrations.RenameField("booking", "note", "remark"), "uses that column"),
        (migrations.DeleteModel("Booking"), "uses that table"),
        (migrations.AddField("booking", "x", TEXT), "cannot write rows"),
        (
            # Django drops this default again once the column is filled.
            migrations.AddField("booking", "x", models.CharField(max_length=10, default="")),
            "cannot write rows",
        ),
        (migrations.AddField("booking", "x", models.SlugField(null=True)), "its index"),
        (migrations.AlterField("booking", "note", TEXT), "may write NULL"),
        (migrations.AlterField("booking", "note", models.TextField(null=True)), "another type"),
        (
            migrations.AlterField("booking", "note", models.CharField(max_length=5, null=True)),
            "may be longer",
        ),
        (
            migrations.AddIndex("booking", models.Index(fields=["note"], name="i")),
            "keeps people from writing",
        ),
        (
            AddIndexWhileServing("booking", models.Index(fields=["note"], name="i")),
            "atomic = False",
        ),
        (migrations.RemoveIndex("booking", "i"), "waits for all who read"),
        (RemoveIndexWhileServing("booking", "i"), "atomic = False"),
        (DropForeignKeyIndexWhileServing("booking", "fleet"), "atomic = False"),
        (
            migrations.AlterField("booking", "fleet", to_fleet(db_index=False)),
            "makes the foreign key anew",
        ),
        (
            migrations.AddConstraint("booking", models.UniqueConstraint(fields=["note"], name="u")),
            "reads the whole table",
        ),
        (migrations.RunPython(lambda apps, editor: None), "cannot be undone"),
    ],
)
def test_what_is_not_safe_is_told(operation, complaint):
    migration = migrations.Migration("0009_anything", "bookings")
    migration.operations = [operation]
    before = {
        ("booking", "note"): models.CharField(max_length=10, null=True),
        ("booking", "fleet"): to_fleet(),
    }

    told = list(judge(migration, before))

    assert complaint in told[0]


def test_what_is_safe_is_let_through():
    migration = migrations.Migration("0009_anything", "bookings")
    migration.atomic = False
    index = models.Index(fields=["x"], name="i")
    migration.operations = [
        migrations.AddField("booking", "x", models.IntegerField(null=True)),
        migrations.AddField("booking", "y", models.IntegerField(db_default=0)),
        AddIndexWhileServing("booking", index),
        RemoveIndexWhileServing("booking", "i"),
        DropForeignKeyIndexWhileServing("booking", "fleet"),
        migrations.CreateModel("Thing", [("id", models.BigAutoField(primary_key=True))]),
        migrations.AddField("thing", "z", models.SlugField()),
        migrations.AlterField("booking", "note", models.CharField(max_length=20, null=True)),
        migrations.RunPython(lambda apps, editor: None, migrations.RunPython.noop),
    ]
    before = {("booking", "note"): models.CharField(max_length=10, null=True)}

    assert list(judge(migration, before)) == []
