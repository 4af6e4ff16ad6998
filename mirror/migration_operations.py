# ruff: noqa: ARG002 - Django calls these methods by position.
"""Operations for migrations that run while the portal serves."""

from typing import Any

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import ProjectState


class AddIndexWhileServing(migrations.AddIndex):
    """Adds an index without keeping anybody from writing, where the database can do that.

    On PostgreSQL the index is built concurrently, so the migration must not be atomic. One that
    was interrupted leaves an invalid index behind, which is dropped before the next attempt.
    """

    atomic = False

    def database_forwards(
        self,
        app_label: str,
        schema_editor: BaseDatabaseSchemaEditor,
        from_state: ProjectState,
        to_state: ProjectState,
    ) -> None:
        model = self._model(to_state.apps, app_label, schema_editor)
        if model is None:
            return
        if schema_editor.connection.vendor == "postgresql":
            name = schema_editor.quote_name(self.index.name)
            schema_editor.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {name}")
            schema_editor.execute(self.index.create_sql(model, schema_editor, concurrently=True))
        else:
            schema_editor.add_index(model, self.index)

    def database_backwards(
        self,
        app_label: str,
        schema_editor: BaseDatabaseSchemaEditor,
        from_state: ProjectState,
        to_state: ProjectState,
    ) -> None:
        model = self._model(from_state.apps, app_label, schema_editor)
        if model is None:
            return
        if schema_editor.connection.vendor == "postgresql":
            name = schema_editor.quote_name(self.index.name)
            schema_editor.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {name}")
        else:
            schema_editor.remove_index(model, self.index)

    def _model(self, apps: Apps, app_label: str, schema_editor: BaseDatabaseSchemaEditor) -> Any:
        model = apps.get_model(app_label, self.model_name)
        return model if self.allow_migrate_model(schema_editor.connection.alias, model) else None
