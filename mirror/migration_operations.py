# ruff: noqa: ARG002 - Django calls these methods by position.
"""Operations for migrations that run while the portal serves.

On PostgreSQL indexes are built and dropped concurrently, so that nobody is kept from writing; such
a migration must not be atomic. What was interrupted is begun anew: an index that was being built
is left behind invalid, and dropped before the next attempt.
"""

from typing import Any

from django.apps.registry import Apps
from django.contrib.postgres.operations import CreateExtension
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.operations.fields import FieldOperation
from django.db.migrations.state import ProjectState


class UseExtension(CreateExtension):
    """Lets the database of PostgreSQL have an extension, which stays when this is undone.

    Others may have begun to use it since, or have had it before. Who owns the database may do it
    where PostgreSQL trusts the extension.
    """

    def database_backwards(
        self,
        app_label: str,
        schema_editor: BaseDatabaseSchemaEditor,
        from_state: ProjectState,
        to_state: ProjectState,
    ) -> None:
        pass

    def describe(self) -> str:
        return f"Use the extension {self.name}"


class AddIndexWhileServing(migrations.AddIndex):
    """Adds an index."""

    atomic = False

    def database_forwards(
        self,
        app_label: str,
        schema_editor: BaseDatabaseSchemaEditor,
        from_state: ProjectState,
        to_state: ProjectState,
    ) -> None:
        model = _model(self, to_state.apps, app_label, schema_editor)
        if model is not None:
            _build(model, self.index, schema_editor)

    def database_backwards(
        self,
        app_label: str,
        schema_editor: BaseDatabaseSchemaEditor,
        from_state: ProjectState,
        to_state: ProjectState,
    ) -> None:
        model = _model(self, from_state.apps, app_label, schema_editor)
        if model is not None:
            _drop(self.index.name, schema_editor)


class RemoveIndexWhileServing(migrations.RemoveIndex):
    """Drops an index that a model declared."""

    atomic = False

    def database_forwards(
        self,
        app_label: str,
        schema_editor: BaseDatabaseSchemaEditor,
        from_state: ProjectState,
        to_state: ProjectState,
    ) -> None:
        model = _model(self, from_state.apps, app_label, schema_editor)
        if model is not None:
            _drop(self.name, schema_editor)

    def database_backwards(
        self,
        app_label: str,
        schema_editor: BaseDatabaseSchemaEditor,
        from_state: ProjectState,
        to_state: ProjectState,
    ) -> None:
        model = _model(self, to_state.apps, app_label, schema_editor)
        if model is not None:
            state = to_state.models[app_label, self.model_name_lower]
            _build(model, state.get_index_by_name(self.name), schema_editor)


class DropForeignKeyIndexWhileServing(FieldOperation):
    """Drops the index that Django gave a foreign key; the field says `db_index=False` from now on.

    Django's own way makes the foreign key anew, and reads the whole table for it.
    """

    atomic = False

    def state_forwards(self, app_label: str, state: ProjectState) -> None:
        field = state.models[app_label, self.model_name_lower].fields[self.name].clone()
        field.db_index = False
        state.alter_field(app_label, self.model_name_lower, self.name, field, True)

    def database_forwards(
        self,
        app_label: str,
        schema_editor: BaseDatabaseSchemaEditor,
        from_state: ProjectState,
        to_state: ProjectState,
    ) -> None:
        model = _model(self, from_state.apps, app_label, schema_editor)
        if model is not None:
            _drop(self._index(model, schema_editor).name, schema_editor)

    def database_backwards(
        self,
        app_label: str,
        schema_editor: BaseDatabaseSchemaEditor,
        from_state: ProjectState,
        to_state: ProjectState,
    ) -> None:
        model = _model(self, to_state.apps, app_label, schema_editor)
        if model is not None:
            _build(model, self._index(model, schema_editor), schema_editor)

    def describe(self) -> str:
        return f"Drop the index of {self.name} of {self.model_name}"

    def _index(self, model: Any, schema_editor: BaseDatabaseSchemaEditor) -> models.Index:
        index = models.Index(fields=[self.name])
        column = model._meta.get_field(self.name).column
        # As Django names it, which may be longer than the name of a declared one.
        index.name = schema_editor._create_index_name(  # type: ignore[attr-defined]
            model._meta.db_table, [column]
        )
        return index


def _build(model: Any, index: models.Index, schema_editor: BaseDatabaseSchemaEditor) -> None:
    if schema_editor.connection.vendor == "postgresql":
        _drop(index.name, schema_editor)
        schema_editor.execute(index.create_sql(model, schema_editor, concurrently=True))
    else:
        schema_editor.add_index(model, index)


def _drop(name: str, schema_editor: BaseDatabaseSchemaEditor) -> None:
    concurrently = "CONCURRENTLY " if schema_editor.connection.vendor == "postgresql" else ""
    schema_editor.execute(f"DROP INDEX {concurrently}IF EXISTS {schema_editor.quote_name(name)}")


def _model(
    operation: Any, apps: Apps, app_label: str, schema_editor: BaseDatabaseSchemaEditor
) -> Any:
    model = apps.get_model(app_label, operation.model_name)
    alias = schema_editor.connection.alias
    return model if operation.allow_migrate_model(alias, model) else None
