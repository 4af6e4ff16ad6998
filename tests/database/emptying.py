"""Empties PostgreSQL's database after a test that commits, in far less time than Django takes.

Django truncates all tables, whether they have rows or not, and writes all content types and
permissions anew. Here rows are deleted, where there may be any, and content types and permissions
stay. Where a test has changed those, or has left much, Django does it all, as it does on SQLite.
"""

from django.contrib.auth.models import Permission
from django.contrib.contenttypes.models import ContentType
from django.db import connection
from django.test import TransactionTestCase

KEPT = (ContentType, Permission)
# A table takes no place before its first row, nor after TRUNCATE. No row of the audit trail can be
# deleted: a trigger sees to that.
WITH_ROWS = """
SELECT relname, pg_relation_size(oid), EXISTS (
    SELECT FROM pg_trigger WHERE tgrelid = pg_class.oid AND NOT tgisinternal
)
FROM pg_class
WHERE relname = ANY(%s) AND relnamespace = 'public'::regnamespace AND pg_relation_size(oid) > 0
"""
# More bytes than this are faster truncated than looked through.
MUCH = 1_000_000

_empty_thoroughly = TransactionTestCase._fixture_teardown


def install() -> None:
    """Let all tests that commit end this way; call it when nothing has changed KEPT yet."""
    if connection.vendor != "postgresql":
        return
    at_first = rows_of_kept()

    def empty(case: TransactionTestCase) -> None:
        statements = deletions()
        if statements is None or rows_of_kept() != at_first:
            _empty_thoroughly(case)
            at_first[:] = rows_of_kept()
        elif statements:
            connection.ops.execute_sql_flush(statements)

    TransactionTestCase._fixture_teardown = empty


def rows_of_kept() -> list[tuple]:
    return [row for model in KEPT for row in model.objects.order_by("pk").values_list()]


def deletions() -> list[str] | None:
    """Return the statements that delete all rows; None if there is too much to delete.

    They wait for whoever still writes, as TRUNCATE does: else those rows would come afterwards.
    """
    names = set(connection.introspection.django_table_names())
    names -= {model._meta.db_table for model in KEPT}
    with connection.cursor() as cursor:
        cursor.execute(WITH_ROWS, [sorted(names)])
        found = cursor.fetchall()
    if sum(size for _name, size, _guarded in found) > MUCH:
        return None
    deleted, truncated = [], []
    for name, _size, guarded in found:
        (truncated if guarded else deleted).append(connection.ops.quote_name(name))
    statements = [f"TRUNCATE {name}" for name in truncated]
    if deleted:
        statements.append(f"LOCK TABLE {', '.join(deleted)} IN SHARE ROW EXCLUSIVE MODE")
        statements.append(";".join(f"DELETE FROM {name}" for name in deleted))
    return statements
