"""An index for a table of either form, for migrations of ours.

PostgreSQL builds no index of a partitioned table CONCURRENTLY. It builds those of the parts so,
one after the other, and takes them together for one index of the whole.
"""

from typing import Any

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import connection, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import ProjectState

from sms.partitions.catalog import is_partitioned, parts
from sms.partitions.making import execute
from sms.partitions.tables import TABLES


class AddIndex(AddIndexConcurrently):
    """Add an index while everybody reads and writes; its migration says `atomic = False`.

    On SQLite it is added as any other.
    """

    def database_forwards(
        self,
        app_label: str,
        schema_editor: BaseDatabaseSchemaEditor,
        from_state: ProjectState,
        to_state: ProjectState,
    ) -> None:
        """Build it."""
        self._ensure_not_in_transaction(schema_editor)
        model = to_state.apps.get_model(app_label, self.model_name)
        if _is_partitioned(model):
            _add_to_parts(model, str(self.index.create_sql(model, schema_editor)), self.index.name)
        else:
            schema_editor.add_index(model, self.index, **_concurrently())

    def database_backwards(
        self,
        app_label: str,
        schema_editor: BaseDatabaseSchemaEditor,
        from_state: ProjectState,
        to_state: ProjectState,
    ) -> None:
        """Remove it, which takes the lock of a moment where the table is partitioned."""
        self._ensure_not_in_transaction(schema_editor)
        model = from_state.apps.get_model(app_label, self.model_name)
        options = {} if _is_partitioned(model) else _concurrently()
        schema_editor.remove_index(model, self.index, **options)


def _concurrently() -> dict[str, Any]:
    return {"concurrently": True} if connection.vendor == "postgresql" else {}


def _is_partitioned(model: type[models.Model]) -> bool:
    names = {table.name for table in TABLES}
    return model._meta.db_table in names and is_partitioned()


def _add_to_parts(model: type[models.Model], statement: str, name: str) -> None:
    """Build an index part by part. What a try before this one left behind is built anew."""
    whole = model._meta.db_table
    [table] = (table for table in TABLES if table.name == whole)
    on = f' ON "{whole}" '
    execute(f'DROP INDEX IF EXISTS "{name}"', statement.replace(on, f' ON ONLY "{whole}" ', 1))
    for part in parts(table):
        own = name + part.name.removeprefix(whole)
        build = statement.replace("INDEX", "INDEX CONCURRENTLY", 1)
        execute(
            f'DROP INDEX IF EXISTS "{own}"',
            build.replace(f'"{name}"', f'"{own}"', 1).replace(on, f' ON "{part.name}" ', 1),
            f'ALTER INDEX "{name}" ATTACH PARTITION "{own}"',
        )
