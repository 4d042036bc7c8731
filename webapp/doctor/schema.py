"""The schema as it is, beside the schema as the migrations make it: what is missing, changed or switched off."""

from collections.abc import Iterator, Mapping
from typing import Any

import peewee

from webapp.backups.proof import instead
from webapp.db import db, execute, is_sqlite, rows
from webapp.doctor.finding import Finding, fault, ok, warning
from webapp.migrations import migrate, state

SHOWN = 6
SCRATCH = "carnet_doctor"

SQLITE = """
    SELECT type || ' ' || name, coalesce(sql, '') FROM sqlite_master
    WHERE name NOT LIKE 'sqlite%' AND name NOT LIKE '\\_litestream%' ESCAPE '\\'
"""

POSTGRESQL = """
    SELECT 'table ' || c.relname, 'table' FROM pg_class c
    WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind IN ('r', 'p')
    UNION ALL
    SELECT 'column ' || c.relname || '.' || a.attname,
           format_type(a.atttypid, a.atttypmod) || ' ' || a.attnotnull || ' ' || a.attidentity::text || ' '
           || coalesce((SELECT pg_get_expr(d.adbin, d.adrelid) FROM pg_attrdef d
                        WHERE d.adrelid = a.attrelid AND d.adnum = a.attnum), '')
    FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind IN ('r', 'p')
    UNION ALL
    SELECT 'constraint ' || c.relname || '.' || o.conname, pg_get_constraintdef(o.oid) || ' ' || o.convalidated
    FROM pg_constraint o JOIN pg_class c ON c.oid = o.conrelid
    WHERE c.relnamespace = current_schema()::regnamespace
    UNION ALL
    SELECT 'index ' || c.relname, pg_get_indexdef(i.indexrelid) || ' ' || i.indisvalid
    FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
    WHERE c.relnamespace = current_schema()::regnamespace
    UNION ALL
    SELECT 'trigger ' || c.relname || '.' || t.tgname, pg_get_triggerdef(t.oid) || ' ' || t.tgenabled::text
    FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
    WHERE c.relnamespace = current_schema()::regnamespace AND NOT t.tgisinternal
    UNION ALL
    SELECT 'function ' || p.proname, p.prosrc FROM pg_proc p WHERE p.pronamespace = current_schema()::regnamespace
"""

Parts = dict[str, str]


class _Enough(Exception):
    """What was made to be looked at is taken back."""


def schema_version(_: Mapping[str, Any]) -> Iterator[Finding]:
    found = state(db.obj)
    if found.is_empty:
        yield warning("schema-version", "The database is empty. A start of Carnet makes its tables.")
    elif found.fault:
        yield fault("schema-version", found.fault)
    else:
        yield ok("schema-version", f"It is {found.found}, this program's.")


def schema(_: Mapping[str, Any]) -> Iterator[Finding]:
    if not state(db.obj).is_current:
        return
    found, wanted = _parts(), _wanted()
    gone = [part for part in wanted if part not in found]
    changed = [part for part in wanted if part in found and found[part] != wanted[part]]
    strange = [part for part in found if part not in wanted]
    if gone or changed:
        told = [f"{what}: {_some(names)}" for what, names in (("missing", gone), ("changed", changed)) if names]
        yield fault("schema", f"What keeps the books safe is not as it was made ({'; '.join(told)}). Run check-ledger,"
                    " then make a backup and restore it into a new database, or ask for help.")  # fmt: skip
    elif strange:
        yield warning("schema", f"There is something that Carnet did not make: {_some(strange)}.")
    else:
        yield ok("schema", f"All {len(wanted)} tables, indexes, triggers and rules are as they were made.")


def _parts() -> Parts:
    if is_sqlite():
        return {str(name): str(text) for name, text in rows(SQLITE)}
    here = rows("SELECT current_schema()")[0][0]
    return {str(name): _alike(str(text).replace(f"{here}.", "")) for name, text in rows(POSTGRESQL)}


def _alike(text: str) -> str:
    """Without parentheses: a schema that was dumped and restored has fewer of them around the same conditions."""
    return text.translate({ord("("): None, ord(")"): None})


def _wanted() -> Parts:
    """The parts of a schema made anew, where nobody sees it."""
    if is_sqlite():
        scratch = peewee.SqliteDatabase(":memory:")
        with instead(scratch), scratch.connection_context():
            migrate(scratch)
            return _parts()
    made: Parts = {}
    try:
        with db.atomic():
            execute(f"CREATE SCHEMA {SCRATCH}")
            execute(f"SET LOCAL search_path TO {SCRATCH}")
            migrate(db.obj)
            made = _parts()
            raise _Enough
    except _Enough:
        return made


def _some(names: list[str]) -> str:
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(sorted(names)[:SHOWN]) + more


LOOKS = (schema_version, schema)
