"""Steps of migrations that Django has no name for."""

from __future__ import annotations

from typing import Any

from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.operations import AlterField
from django.db.migrations.state import ProjectState


class CompareByteByByte(AlterField):
    """A text column becomes an IdentifierField: it keeps its values, its indexes and its constraints.

    SQLite compares so already, and Django would write the whole table anew there for nothing.
    """

    def database_forwards(
        self, app_label: str, schema_editor: BaseDatabaseSchemaEditor, from_state: ProjectState, to_state: ProjectState
    ) -> None:
        connection = schema_editor.connection
        if connection.vendor != "mysql":
            return
        model = to_state.apps.get_model(app_label, self.model_name)
        if not self.allow_migrate_model(connection.alias, model):
            return
        field: Any = model._meta.get_field(self.name)
        wanted = field.db_parameters(connection=connection)
        collate = f" COLLATE {wanted['collation']}" if wanted.get("collation") else ""
        null = "NULL" if field.null else "NOT NULL"
        schema_editor.execute(
            f"ALTER TABLE {schema_editor.quote_name(model._meta.db_table)} "
            f"MODIFY {schema_editor.quote_name(field.column)} {wanted['type']}{collate} {null}"
        )

    def describe(self) -> str:
        return f"Compare {self.model_name}.{self.name} byte by byte"
